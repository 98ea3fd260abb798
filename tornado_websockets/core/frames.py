"""Text on the wire <-> frames, and why a text is refused."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import Any, NamedTuple, NoReturn, TypeGuard

Data = dict[str, Any]
Id = str | int


class Code(StrEnum):
    """Why a frame was refused; the ``code`` of a ``warning`` and of a reply's ``error``."""

    INVALID_JSON = "invalid_json"
    MISSING_EVENT = "missing_event"
    UNKNOWN_EVENT = "unknown_event"
    RESERVED_EVENT = "reserved_event"
    INVALID_DATA = "invalid_data"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    BINARY = "binary"
    RATE_LIMITED = "rate_limited"
    FORBIDDEN = "forbidden"
    HANDLER_ERROR = "handler_error"


class Frame(NamedTuple):
    """What a client sent. ``id`` is there when it wants a reply."""

    event: str
    data: Data
    id: Id | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a frame was not handled. ``id`` is the refused frame's, where it had a usable one."""

    code: Code
    message: str
    id: Id | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of us.

    ``max_bytes`` of UTF-8 in one of its messages, in which ``max_depth`` arrays and objects may nest (the message
    itself counts); ``max_outbox_bytes`` that wait to be sent to it; ``outbox_timeout`` seconds without it taking any;
    and, where these are not ``None``, messages a second and connections at a time, in all and from its address.
    """

    max_bytes: int = 1_000_000
    max_depth: int = 64
    max_outbox_bytes: int = 8 * 1024 * 1024
    outbox_timeout: float = 10.0
    max_messages_per_second: float | None = None
    max_connections: int | None = None
    max_connections_per_address: int | None = None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_WHITESPACE = " \t\n\r"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def decode(text: str | bytes, limits: Limits) -> Frame | Refusal:
    """Read one message of a client. Never raises: whatever is wrong with it comes back as a :class:`Refusal`."""
    try:
        if _size(text) > limits.max_bytes:
            return Refusal(Code.TOO_LARGE, f"A message may have {limits.max_bytes} bytes.", _id_in(text))
        if not isinstance(text, str):
            return Refusal(Code.BINARY, "Expected a text message, got a binary one.")
        text = text.strip(_WHITESPACE)
        value, end = _DECODER.raw_decode(text)  # what decode() does, without its two regular expressions
        if end != len(text):
            return Refusal(Code.INVALID_JSON, "Expected valid JSON.")
        if "\\" in text and _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        return _too_deep(limits)
    except ValueError:  # bad syntax, NaN, a number too large to read, half a surrogate pair
        return Refusal(Code.INVALID_JSON, "Expected valid JSON.")
    if _may_nest(text, limits.max_depth) and _depth(value, limits.max_depth) > limits.max_depth:
        return _too_deep(limits, _id_of(value))
    if not isinstance(value, dict):
        return Refusal(Code.INVALID_JSON, "Expected a JSON object.")
    return _frame(value)


def _id_in(text: str | bytes) -> Id | None:
    """The usable id of a frame that is too large, so that whoever waits for a reply gets one.

    Servers close the connection a little above the limit, so this costs no more than a frame of the limit's size.
    """
    try:
        return _id_of(_DECODER.decode(text)) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _id_of(value: object) -> Id | None:
    id_ = value.get("id") if isinstance(value, dict) else None
    return id_ if _is_id(id_) else None


def _may_nest(text: str, depth: int) -> bool:
    """Whether ``text`` is long enough, and has enough brackets, to nest more than ``depth`` levels."""
    return len(text) > depth and text.count("[") + text.count("{") > depth


def _size(text: str | bytes) -> int:
    if isinstance(text, bytes) or text.isascii():
        return len(text)
    return len(text.encode())


def _too_deep(limits: Limits, id_: Id | None = None) -> Refusal:
    return Refusal(Code.TOO_DEEP, f"A message may nest {limits.max_depth} arrays and objects.", id_)


def _depth(value: object, limit: int) -> int:
    """Levels of arrays and objects in ``value``, itself included; stops counting above ``limit``."""
    level: list[Any] = [value]
    for depth in range(limit + 1):
        level = [item for item in level if isinstance(item, (dict, list))]
        if not level:
            return depth
        level = list(chain.from_iterable(item.values() if isinstance(item, dict) else item for item in level))
    return limit + 1


def _is_id(value: object) -> TypeGuard[Id]:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _frame(value: Data) -> Frame | Refusal:
    event, data, id_ = value.get("event"), value.get("data"), value.get("id")
    if id_ is not None and not _is_id(id_):
        return Refusal(Code.INVALID_DATA, "Expected a string or an integer as 'id'.")
    if not isinstance(event, str) or not event:
        return Refusal(Code.MISSING_EVENT, "Expected the name of an event as 'event'.", id_)
    if data is None or data == "" or data == []:
        data = {}
    if not isinstance(data, dict):
        return Refusal(Code.INVALID_DATA, "Expected an object as 'data'.", id_)
    return Frame(event, data, id_)


def _dumps(default: Callable[[Any], Any] | None) -> Callable[[Any], str]:
    """``json.JSONEncoder.encode``, without the C encoder that it makes anew for each text: half of the work."""
    encoder = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=default)
    if c_make_encoder is None:  # a Python without it
        return encoder.encode
    encode = c_make_encoder(None, encoder.default, encode_basestring_ascii, None, ":", ",", False, False, False)
    return lambda value: "".join(encode(value, 0))


class Encoder:
    """Writes what goes out: ASCII, valid JSON for a browser, harmless inside a ``<script>``.

    :param default: turns a value that JSON does not know into one it knows, or raises ``TypeError``.
    """

    def __init__(self, default: Callable[[Any], Any] | None = None) -> None:
        self._dumps = _dumps(default)

    def event(self, event: str, data: object) -> str:
        """A server's frame.

        :param event: its name, a ``str``.
        :param data: a ``dict``; a ``str`` is sent as ``{"message": data}``, ``None`` as ``{}``.
        :raises TypeError: either is something else, or ``data`` hold what JSON cannot.
        :raises ValueError: ``data`` hold NaN, an infinity or themselves, or nest too deeply.
        """
        if not isinstance(event, str):
            raise TypeError(f"Expected the name of the event as a str, got {event!r}.")
        if isinstance(data, str):
            data = {"message": data}
        elif data is None:
            data = {}
        elif not isinstance(data, dict):
            raise TypeError(f"Expected the data of {event!r} as a dict or a str, got {data!r}.")
        return self._encode({"event": event, "data": data})

    def reply(self, id: Id, data: object) -> str:
        """The answer to a frame that had an ``id``; ``None`` is sent as ``{}``."""
        return self._encode({"event": "reply", "id": id, "data": {} if data is None else data})

    def refusal(self, refusal: Refusal) -> str:
        """A refusal: the reply to a frame with an ``id``, else a ``warning``."""
        error = {"code": refusal.code, "message": refusal.message}
        if refusal.id is None:
            return self.event("warning", error)
        return self._encode({"event": "reply", "id": refusal.id, "error": error})

    def _encode(self, value: Data) -> str:
        try:
            return self._dumps(value).replace("</", "<\\/")
        except RecursionError as error:
            raise ValueError("The data nest too deeply to be sent, or hold themselves.") from error
