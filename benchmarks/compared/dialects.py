"""What each peer's clients say and hear."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: A name and its data.
Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Dialect:
    """How an event is written.

    ``path`` to connect to; ``encode`` and ``decode`` for messages, ``decode`` giving ``None`` for what is no event;
    each of ``greetings`` is sent after one message has come, and one comes after the last; ``answers`` are given to
    messages by themselves.
    """

    path: str
    encode: Callable[[str, dict[str, Any]], str]
    decode: Callable[[str], Event | None]
    greetings: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)


def _named(event: str, data: str) -> Dialect:
    """Objects with a key for the event's name, and one for its data."""

    def decode(text: str) -> Event:
        frame = json.loads(text)
        return frame[event], frame.get(data) or {}

    return Dialect("/ws/chat", lambda name, values: json.dumps({event: name, data: values}), decode)


def _flat(path: str) -> Dialect:
    """Objects of the data, with a key more for the event's name."""

    def decode(text: str) -> Event:
        data = json.loads(text)
        return data.pop("type"), data

    return Dialect(path, lambda name, values: json.dumps({"type": name, **values}), decode)


def _decode_socketio(text: str) -> Event | None:
    if not text.startswith("42"):
        return None
    name, *values = json.loads(text[2:])
    return name, values[0] if values else {}


EVENTS = _named("event", "data")
ACTIONS = _named("action", "payload")
TYPES = _flat("/ws/chat")
TYPES_WITH_SLASH = _flat("/ws/chat/")

#: Socket.IO 5 over Engine.IO 4, whose server asks "2" and wants to hear "3".
SOCKETIO = Dialect(
    "/socket.io/?EIO=4&transport=websocket",
    lambda name, values: "42" + json.dumps([name, values]),
    _decode_socketio,
    greetings=("40",),
    answers={"2": "3"},
)
