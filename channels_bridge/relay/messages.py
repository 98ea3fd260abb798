"""What travels through the channel layer, and what of it is believed.

A topic is called ``path`` there: all topics of messages are paths. Texts travel ready for the wire, as ASCII: no
receiver then depends on what a layer's serialiser makes of data. Whoever can write to the layer can send anything, so
each field is looked at before any client gets something of it.
"""

import reprlib
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.core.registry import MAX_PATH

#: Type of the messages between our own processes.
RELAY = "websocket.relay"

#: Type of those whose texts are not for all clients of a path: earlier versions, which would tell all, drop it.
NARROW = "websocket.relay.narrow"

#: Type of the notes of our own processes to each other.
NOTES = "websocket.relay.notes"

#: Type of the messages that other programs may send.
EVENT = "websocket.event"

#: Characters of a text, as many as may wait for one client by default, and of the name of a sender; ours have 50.
MAX_TEXT = 8 * 1024 * 1024
MAX_SENDER = 128

#: Texts of one message; we send 200.
MAX_TEXTS = 1_000

#: The highest number of a text: every language has it as an integer.
MAX_NUMBER = 2**53

_short = reprlib.Repr()
_short.maxlevel = 2
_short.maxstring = _short.maxother = _short.maxlong = 64

M = TypeVar("M", "Batch", "Event", "Notes")


class InvalidMessage(ValueError):
    """A message of the layer is not as it should be. The text is written when it is asked for.

    :ivar field: the one that is wrong.
    """

    def __init__(self, field: str, expected: str, got: object) -> None:
        super().__init__(field, expected, got)
        self.field = field

    def __str__(self) -> str:
        _, expected, got = self.args
        return f"expected {expected} as {self.field!r}, got {glimpse(got)}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive texts of one sender for one path; the first has the number ``first``, counted from 1.

    Without texts it only says which number comes next, so that receivers know what they missed.
    ``keys`` has one for each text: that of the texts it supersedes, or ``None``. ``began`` is when the one with the
    number 1 was sent, in seconds since 1970 by the sender's clock; older versions do not say it. ``audiences`` has one
    for each text, where not all clients of the path hear them. ``places`` has one for each text, where some of them are
    events of a history: sender, number and audience there, or ``None``.
    """

    sender: str
    path: str
    first: int
    texts: list[str]
    keys: list[str | None]
    began: float | None = None
    audiences: list[Audience] | None = None
    places: list[tuple[str, int, str] | None] | None = None

    def to_message(self) -> dict[str, Any]:
        message = {"type": RELAY, **{name: getattr(self, name) for name in _BATCH_FIELDS}}
        if self.places is not None:
            message["places"] = self.places
        if self.audiences is not None:
            message |= {"type": NARROW, "audiences": [audience.to_text() for audience in self.audiences]}
        return message

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Batch":
        """Raises :class:`InvalidMessage` for what no process of ours sends, of this version or an older one."""
        values: dict[str, Any] = {name: message.get(name) for name in _BATCH_FIELDS}
        batch = cls(**values, audiences=_read_audiences(message), places=message.get("places"))
        _expect_name("sender", batch.sender, MAX_SENDER)
        _expect_name("path", batch.path, MAX_PATH)
        if type(batch.first) is not int or not 1 <= batch.first <= MAX_NUMBER:
            raise InvalidMessage("first", f"a number from 1 to {MAX_NUMBER}", batch.first)
        if not isinstance(batch.texts, list) or len(batch.texts) > MAX_TEXTS:
            raise InvalidMessage("texts", f"a list of at most {MAX_TEXTS} texts", batch.texts)
        if not isinstance(batch.keys, list) or len(batch.keys) != len(batch.texts):
            raise InvalidMessage("keys", f"a list of {len(batch.texts)} keys", batch.keys)
        if type(batch.began) is not float and batch.began is not None:
            raise InvalidMessage("began", "seconds as a float, or nothing", batch.began)
        if batch.audiences is not None and len(batch.audiences) != len(batch.texts):
            raise InvalidMessage("audiences", f"a list of {len(batch.texts)} audiences", batch.audiences)
        if batch.places is not None:
            _expect_places(batch.places, len(batch.texts))
        for text, key in zip(batch.texts, batch.keys, strict=True):
            if not is_frame(text):
                raise InvalidMessage("texts", "frames with an event, in ASCII", text)
            if key is not None and not (isinstance(key, str) and len(key) <= len(text)):  # it is the event's name
                raise InvalidMessage("keys", "names of events, or None", key)
        return batch


_BATCH_FIELDS = tuple(field.name for field in fields(Batch) if field.name not in ("audiences", "places"))


@dataclass(frozen=True, slots=True)
class Notes:
    """What a process tells the others, each note with a name that says what it is about, and a text."""

    sender: str
    events: list[str]
    texts: list[str]

    def to_message(self) -> dict[str, Any]:
        return {"type": NOTES, **asdict(self)}

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Notes":
        """Raises :class:`InvalidMessage`; what the texts say is for those to judge who take them."""
        notes = _read(cls, message)
        _expect_name("sender", notes.sender, MAX_SENDER)
        if not isinstance(notes.texts, list) or len(notes.texts) > MAX_TEXTS:
            raise InvalidMessage("texts", f"a list of at most {MAX_TEXTS} texts", notes.texts)
        if not isinstance(notes.events, list) or len(notes.events) != len(notes.texts):
            raise InvalidMessage("events", f"a list of {len(notes.texts)} names", notes.events)
        for event, text in zip(notes.events, notes.texts, strict=True):
            _expect_name("events", event, MAX_SENDER)
            if not isinstance(text, str) or len(text) > MAX_TEXT:
                raise InvalidMessage("texts", f"strings of at most {MAX_TEXT} characters", text)
        return notes


@dataclass(frozen=True, slots=True)
class Event:
    """What another program sends to the clients of a path: ``data`` may be missing."""

    path: str
    event: str
    data: dict[str, Any] | str | None = None

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Event":
        """Raises :class:`InvalidMessage`; what is in ``data`` is the encoder's to judge."""
        event = _read(cls, message)
        _expect_name("path", event.path, MAX_PATH)
        _expect_name("event", event.event, MAX_TEXT)
        if not isinstance(event.data, dict | str | None):
            raise InvalidMessage("data", "a dict, a string, or nothing", event.data)
        return event


def glimpse(value: object) -> str:
    """What is shown of a value in the log, escaped."""
    return _short.repr(value)[:64]


def is_frame(text: object) -> bool:
    """Whether ``text`` is a frame as our encoder writes it, by what can be seen from its ends.

    It is not parsed: a megabyte of small objects would stop the event loop for 50 ms and more. ASCII that is no JSON
    harms no connection; what is not ASCII cannot be written.
    """
    return (
        isinstance(text, str)
        and len(text) <= MAX_TEXT
        and text.startswith('{"event":"')
        and text.endswith("}")
        and text.isascii()
    )


def _read_audiences(message: dict[str, Any]) -> list[Audience] | None:
    """Whom the texts are for: who they are not for shall not hear them, whatever else the message says."""
    if message.get("type") == RELAY:
        return None
    texts = message.get("audiences")
    if not isinstance(texts, list) or len(texts) > MAX_TEXTS:
        raise InvalidMessage("audiences", f"a list of at most {MAX_TEXTS} audiences", texts)
    try:
        return [Audience.from_text(text) for text in texts]
    except ValueError as error:
        raise InvalidMessage("audiences", "audiences", texts) from error


def _read(cls: type[M], message: dict[str, Any]) -> M:
    values: dict[str, Any] = {field.name: message.get(field.name) for field in fields(cls)}
    return cls(**values)


def _expect_places(value: object, count: int) -> None:
    if not isinstance(value, list) or len(value) != count or not all(map(_is_place, value)):
        raise InvalidMessage("places", f"a list of {count} senders, numbers and audiences", value)


def _is_place(value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        return False
    sender, number, audience = value
    return (
        isinstance(sender, str)
        and 1 <= len(sender) <= MAX_SENDER
        and type(number) is int
        and 1 <= number <= MAX_NUMBER
        and isinstance(audience, str)
    )


def _expect_name(field: str, value: object, longest: int) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise InvalidMessage(field, f"a string of 1 to {longest} characters", value)
