"""A chat with two progress bars, in the manner of django-tornado-websockets."""

import threading
from typing import Any

from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket

STEPS = 5
STEP = 0.15  # seconds that a step of the work takes

ws = WebSocket("/my_chat")
foo = ProgressBar("foo", min=0, max=STEPS)
bar = ProgressBar("bar", indeterminate=True)
ws.bind(foo)
ws.bind(bar)
never = threading.Event()


class MyChat:
    """Its methods are the handlers."""

    def __init__(self) -> None:
        ws.context = self
        for handler in (self.hello, self.say, self.work):
            ws.on(handler)

    def hello(self, socket: Any, data: dict[str, Any]) -> None:
        socket.emit("welcome", f"Hello {data['name']}")

    def say(self, data: dict[str, Any]) -> None:
        ws.emit("said", data)

    def work(self) -> None:
        foo.reset()
        for step in range(1, STEPS + 1):
            never.wait(STEP)
            foo.tick(label=f"Step {step}")
            bar.tick(label=f"<i>Step {step}</i>")


my_chat = MyChat()
