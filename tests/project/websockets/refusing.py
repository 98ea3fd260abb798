"""Handlers that say no, in every way they can, and handlers of events of any name."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy

from tornado_websockets import Socket
from tornado_websockets.core.counters import counters
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.exceptions import Refused
from tornado_websockets.modules import Module
from tornado_websockets.websocket import WebSocket

refusing = WebSocket("/refusing")


@refusing.on
async def settle() -> None:
    """Answer in turn."""


@refusing.on
async def count_refused() -> int:
    return counters.messages_refused


@refusing.on
def refuse(data: Data) -> None:
    raise Refused(**data)


@refusing.on
async def arefuse(data: Data) -> None:
    raise Refused(**data)


@refusing.on
async def refuse_lazily() -> None:
    raise Refused("not_now", gettext_lazy("Later."))


@refusing.on
async def refuse_unsayably() -> None:
    raise Refused("unsayable", what={1, 2})


@refusing.on
def deny() -> None:
    raise PermissionDenied("a secret of ours")


@refusing.on
async def adeny() -> None:
    raise PermissionDenied("a secret of ours")


@refusing.on
def invalidate(data: Data) -> None:
    errors: dict[str, Any] = {
        "message": "Too late.",
        "list": ["Too late.", "Too long."],
        "fields": {"text": ["Too long."], "__all__": ["Too late."]},
        "many": {f"field-{number}": "Wrong." for number in range(30)},
    }
    raise ValidationError(errors[data["how"]])


@refusing.on
def garble() -> None:
    raise ValidationError("%(count)s are too many", params={"number": 3})


class Reluctant:
    """Its ``open`` refuses."""

    ws = WebSocket("/reluctant")

    @ws.on
    async def open(self) -> None:
        raise Refused("closed_today", "Come back tomorrow.", day="Sunday")

    @ws.on
    async def settle(self) -> None:
        """Answer in turn."""


def _refuse_to_authorize(socket: Socket) -> bool:
    raise Refused("no_ticket", "There is no ticket.")


async def _deny_to_authorize(socket: Socket) -> bool:
    raise PermissionDenied("not on the list")


WebSocket("/refusing-guard", authorize=_refuse_to_authorize)
WebSocket("/denying-guard", authorize=_deny_to_authorize)


named = WebSocket("/named")
named.on(settle)


@named.on_event("chat:message")
async def anything(data: Data, event: str) -> Data:
    return {"event": event, "data": data}


@named.on_event("x" * 128)
def long(event: str) -> int:
    return len(event)


@named.on_event("*")
async def rest(event: str, data: Data) -> Data:
    return {"rest": event, "data": data}


part = Module("part")


@part.on_event("a b")
async def part_of_any_name(event: str) -> str:
    return event


@part.on
def plain(event: str) -> str:
    return event


talkative = Module("talkative")


@talkative.on_event("*")
async def rest_of_module(event: str) -> Data:
    return {"module": event}


named.bind(part)
named.bind(talkative)


guarded = WebSocket("/guarded-events/<slug:room>")
guarded.on(settle)


@guarded.on_event("say", allow=lambda room, data: room == data.get("room"))
async def say(data: Data) -> Data:
    return data


async def _is_let_in(socket: Socket, event: str) -> bool:
    if event == "ask":
        raise Refused("ask_politely")
    return False


@guarded.on_event("ask", allow=_is_let_in)
def ask() -> str:
    return "asked"


@guarded.on_event("never", allow=_is_let_in)
def never() -> str:
    return "asked"


@guarded.on_event("now and then", rate="2/h")
async def now_and_then() -> str:
    return "now"


@guarded.on_event("fail", allow=lambda data: data["missing"])
def fail() -> None:
    """Is never called."""
