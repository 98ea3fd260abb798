"""A chat with two progress bars, and a third one of its own, in the manner of django-tornado-websockets."""

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from tornado_websockets import Socket
from tornado_websockets.modules import ProgressBar
from tornado_websockets.modules.progress_bar import ProgressBar as OldProgressBar
from tornado_websockets.websocket import WebSocket

STEPS = 5
PATIENCE = 10.0  # seconds for which the work waits for somebody who watches it

ws = WebSocket("/my_chat")
foo = ProgressBar("foo", min=0, max=STEPS)
bar = ProgressBar("bar", indeterminate=True)
ws.bind(foo)
ws.bind(bar)
jobs = OldProgressBar("/jobs", min=0, max=STEPS)
seen = threading.Semaphore(0)


class MyChat:
    """Its methods are the handlers."""

    def __init__(self) -> None:
        ws.context = self
        for handler in (self.hello, self.say, self.echo, self.shout, self.work, self.saw):
            ws.on(handler)

    def hello(self, socket: Socket, data: dict[str, Any]) -> None:
        socket.emit("welcome", f"Hello {data['name']}")

    def say(self, data: dict[str, Any]) -> None:
        ws.emit("said", data)

    def echo(self, socket: Socket, data: dict[str, Any]) -> None:
        socket.emit("echoed", {"data": data})

    def shout(self, socket: Socket, data: dict[str, Any]) -> None:
        socket.emit("message", data)

    def work(self, data: dict[str, Any]) -> None:
        """Do all steps; if it is ``watched``, each only when somebody saw the one before."""
        foo.reset()
        for step in range(1, STEPS + 1):
            foo.tick(label=f"Step {step}")
            bar.tick(label=f"<i>Step {step}</i>")
            if data.get("watched") and not seen.acquire(timeout=PATIENCE):
                return

    async def saw(self) -> None:
        seen.release()


my_chat = MyChat()


@jobs.on
def start() -> None:
    jobs.reset()
    for step in range(1, STEPS + 1):
        jobs.tick(label=f"Job {step}")


numbers = WebSocket("/numbers", history=1_000)


@numbers.on
async def count(data: dict[str, Any]) -> None:
    await numbers.apublish("number", data)


def by_lifetime(socket: Any) -> Any:
    """The token is a name and a number of seconds, after which it has ended: ``ann:0.5``."""
    if socket.token is None:
        return None
    name, _, seconds = socket.token.partition(":")
    if name != "ann":
        return None
    socket.expires_at = datetime.now(UTC) + timedelta(seconds=float(seconds))
    return SimpleNamespace(pk=name, name=name, is_authenticated=True, is_active=True)


tokens = WebSocket("/tokens", authenticate=[by_lifetime], subprotocols=("v2.chat",))


@tokens.on
async def who(socket: Any) -> dict[str, Any]:
    return {"user": getattr(socket.user, "name", None), "subprotocol": socket.subprotocol}
