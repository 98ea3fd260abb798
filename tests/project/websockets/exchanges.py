"""What the table of exchanges says to the frames of one client, and to those of several."""

import datetime as dt
import decimal
import uuid
from typing import Any

from django.utils.translation import gettext_lazy

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.modules import Module
from tornado_websockets.websocket import WebSocket

from .notes import note

wire = WebSocket("/wire")


@wire.on
def echo(socket: Socket, data: Data) -> None:
    socket.emit("echo", data)


@wire.on
async def aecho(socket: Socket, data: Data) -> None:
    socket.emit("echo", data)


@wire.on
def give(data: Data) -> Any:
    return data.get("back")


@wire.on
async def agive(data: Data) -> Any:
    return data.get("back")


@wire.on
def echo_and_give(socket: Socket, data: Data) -> Data:
    socket.emit("echo", data)
    return {"given": True}


@wire.on
def fail() -> None:
    raise ValueError("a secret")


@wire.on
async def afail() -> None:
    raise ValueError("a secret")


@wire.on
def give_a_set() -> object:
    return {1, 2}


@wire.on
def types(socket: Socket) -> None:
    moment = dt.datetime(2020, 2, 29, 12, 30, 15, 123456, tzinfo=dt.UTC)
    socket.emit(
        "types",
        {
            "datetime": moment,
            "date": moment.date(),
            "time": dt.time(12, 30, 15),
            "timedelta": dt.timedelta(days=1, seconds=2),
            "decimal": decimal.Decimal("1.10"),
            "uuid": uuid.UUID(int=1),
            "lazy": gettext_lazy("lazy"),
            "inside": [{"uuid": uuid.UUID(int=2)}],
        },
    )


@wire.on
def script(socket: Socket) -> None:
    socket.emit("</script>", {"</script>": "</script><!-- é ☃ \N{GRINNING FACE} \u2028"})


@wire.on
def unsayable(socket: Socket) -> Data:
    """Try to emit what JSON cannot hold, and tell what came of it."""
    itself: dict[str, Any] = {}
    itself["itself"] = itself
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"deeper": deep}
    values: dict[str, Data] = {
        "nan": {"x": float("nan")},
        "infinity": {"x": float("inf")},
        "set": {"x": {1}},
        "object": {"x": object()},
        "bytes": {"x": b"x"},
        "itself": itself,
        "deep": deep,
    }
    return {name: _outcome(socket, value) for name, value in values.items()}


def _outcome(socket: Socket, value: Data) -> str:
    try:
        socket.emit("unsayable", value)
    except (TypeError, ValueError) as error:
        return type(error).__name__
    return "sent"


class Typed:
    """Counts the calls of its handlers with anything else than an object as data."""

    ws = WebSocket("/typed")
    count = 0

    @ws.on
    def echo(self, data: object) -> None:
        Typed.count += not (isinstance(data, dict) and all(isinstance(name, str) for name in data))

    @ws.on
    async def aecho(self, data: object) -> None:
        Typed.count += not (isinstance(data, dict) and all(isinstance(name, str) for name in data))

    @ws.on
    async def wrong(self) -> int:
        return Typed.count


class Lifetime(Module):
    """Notes the events that only a connection sets off."""

    def initialize(self) -> None:
        self.on(self.open)
        self.on(self.close)

    def open(self, key: str) -> None:
        note(key, f"open {self.name}")

    def close(self, key: str) -> None:
        note(key, f"close {self.name}")


forged = WebSocket("/forged/<slug:key>")
forged.bind(Lifetime("x"))


everyone = WebSocket("/everyone/<slug:exchange>")


@everyone.on
def open(socket: Socket) -> None:  # noqa: A001 the name of the event
    socket.state["name"] = sum(other.path == socket.path for other in everyone.handlers)
    socket.emit("hello", {"you": socket.state["name"]})


@everyone.on
def whisper(socket: Socket, data: Data) -> None:
    socket.emit("whispered", data)


@everyone.on
def say(socket: Socket, data: Data) -> None:
    everyone.emit("said", {"by": socket.state["name"], **data})


@everyone.on
async def asay(socket: Socket, data: Data) -> None:
    everyone.emit("said", {"by": socket.state["name"], **data})


@everyone.on
def tell_others(socket: Socket, data: Data) -> None:
    socket.broadcast("told", data)


@everyone.on
async def atell_others(socket: Socket, data: Data) -> None:
    await socket.broadcast("told", data)


@everyone.on
def shout(socket: Socket) -> None:
    socket.emit("mine", "a string")
    everyone.emit("shouted", "a string")
    socket.broadcast("for others", "a string")


@everyone.on
def nothing(socket: Socket) -> None:
    socket.emit("mine")
    everyone.emit("nothing")
    socket.broadcast("for others")


@everyone.on
def mixed(socket: Socket) -> None:
    for number in range(10):
        everyone.emit("all", {"n": number})
        socket.emit("one", {"n": number})
        socket.broadcast("rest", {"n": number})


@everyone.on
async def amixed(socket: Socket) -> None:
    for number in range(10):
        await everyone.emit("all", {"n": number})
        socket.emit("one", {"n": number})
        await socket.broadcast("rest", {"n": number})


@everyone.on
def warn(socket: Socket) -> None:
    socket.emit_warning("careful")
    socket.emit_warning("careful", "code")
