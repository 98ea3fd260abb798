"""Text on the wire <-> frames, and why a text is refused."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined]
from typing import Any, Final, NamedTuple

from . import outline
from .ids import MAX_ID, Id, find_id, id_of
from .limits import Limits
from .parsing import OutOfRange, Unsendable, parse

Data = dict[str, Any]

#: What the names of the protocol's own events begin with; no application may use one.
CONTROL: Final = "tws."

#: A client's answer to a question.
ANSWER: Final = f"{CONTROL}reply"


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
    MISSING_ID = "missing_id"
    CANCELLED = "cancelled"


class Frame(NamedTuple):
    """What a client sent. ``id`` is there when it wants a reply.

    ``data`` of an :data:`ANSWER` are what it consists of: ``data``, which may be anything, or ``error``.
    """

    event: str
    data: Data
    id: Id | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a frame was not handled.

    :ivar id: the refused frame's, where it had a usable one.
    :ivar details: what else is said of it.
    """

    code: str
    message: str
    id: Id | None = None
    details: Data | None = None


def decode(text: str | bytes, limits: Limits) -> Frame | Refusal:
    """Read one message of a client. Never raises: whatever is wrong with it comes back as a :class:`Refusal`."""
    try:
        if (len(text) if text.isascii() else _size(text)) > limits.max_message_bytes:
            return _too_large(text, limits)
        if not isinstance(text, str):
            return Refusal(Code.BINARY, "Expected a text message, got a binary one.")
        count = text.count("[") + text.count("{")
        brackets = outline.brackets(text) if count > limits.max_depth or count > limits.max_containers else b""
        if brackets and outline.containers(brackets) > limits.max_containers:
            return _too_many(text, limits)
        value, is_sendable = parse(text), True
    except RecursionError:
        return _too_deep(limits, find_id(text))
    except Unsendable as error:
        value, is_sendable = error.value, False
    except ValueError as error:  # bad syntax, half a surrogate pair that is not escaped, an integer of 4,301 digits
        return _invalid(find_id(text, is_json=isinstance(error, (OutOfRange, UnicodeError))))
    if brackets and outline.depth(brackets) > limits.max_depth:
        return _too_deep(limits, id_of(value))
    return _frame(value) if is_sendable else _invalid(id_of(value))


def refuse(text: str | bytes, limits: Limits) -> Refusal:
    """What is answered to a message that comes above the rate: it is not decoded. Never raises."""
    try:
        if _size(text) > limits.max_message_bytes:
            return _too_large(text, limits)
    except ValueError:  # half a surrogate pair, which no server lets through
        pass
    return Refusal(Code.RATE_LIMITED, "Too many messages a second.", find_id(text))


def _size(text: str | bytes) -> int:
    return len(text.encode() if isinstance(text, str) and not text.isascii() else text)


def _invalid(id_: Id | None) -> Refusal:
    return Refusal(Code.INVALID_JSON, "Expected valid JSON.", id_)


def _too_large(text: str | bytes, limits: Limits) -> Refusal:
    return Refusal(Code.TOO_LARGE, f"A message may have {limits.max_message_bytes} bytes.", find_id(text))


def _too_many(text: str, limits: Limits) -> Refusal:
    message = f"A message may have {limits.max_containers} arrays and objects."
    return Refusal(Code.TOO_DEEP, message, find_id(text))


def _too_deep(limits: Limits, id_: Id | None) -> Refusal:
    return Refusal(Code.TOO_DEEP, f"A message may nest {limits.max_depth} arrays and objects.", id_)


def _frame(value: object) -> Frame | Refusal:
    if not isinstance(value, dict):
        return Refusal(Code.INVALID_JSON, "Expected a JSON object.")
    event, data, id_ = value.get("event"), value.get("data"), value.get("id")
    if id_ is not None and type(id_) is not int and type(id_) is not str:  # of which bool is neither
        return Refusal(Code.INVALID_DATA, "Expected a string or an integer as 'id'.")
    if type(id_) is str and len(id_) > MAX_ID:
        return Refusal(Code.INVALID_DATA, f"Expected at most {MAX_ID:,} characters as 'id'.")
    if not isinstance(event, str) or not event:
        return Refusal(Code.MISSING_EVENT, "Expected the name of an event as 'event'.", id_)
    if event == ANSWER:
        return Frame(event, {name: value[name] for name in ("data", "error") if name in value}, id_)
    if data is None or data == "" or data == []:
        data = {}
    if not isinstance(data, dict):
        return Refusal(Code.INVALID_DATA, "Expected an object as 'data'.", id_)
    return Frame(event, data, id_)


def _dumps(default: Callable[[Any], Any] | None) -> Callable[[Any, int], Iterable[str]]:
    """``json.JSONEncoder.iterencode``, without the C encoder that it makes anew for each text: half of the work.

    The second argument of what is returned is 0.
    """
    encoder = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=default)
    if c_make_encoder is None:  # a Python without it
        return lambda value, _: encoder.iterencode(value)
    encode: Callable[[Any, int], Iterable[str]] = c_make_encoder(
        None, encoder.default, encode_basestring_ascii, None, ":", ",", False, False, False
    )
    return encode


class Encoder:
    """Writes what goes out: ASCII, valid JSON for a browser, harmless inside a ``<script>``.

    :param default: turns a value that JSON does not know into one it knows, or raises ``TypeError``.
    :param path: of the WebSocket, for error messages.
    :param texts: types besides ``str`` that are taken for one, such as lazy strings.
    :param taken: names of events that are sent by something else here.
    """

    def __init__(
        self,
        default: Callable[[Any], Any] | None = None,
        texts: tuple[type, ...] = (),
        path: str = "",
        taken: frozenset[str] = frozenset(),
    ) -> None:
        self._taken = taken
        self._dumps = _dumps(default)
        self._where = f" on {path!r}" if path else ""
        self._texts = (str, *texts)

    def event(self, event: str, data: object) -> str:
        """A server's frame.

        :param event: its name, a ``str``.
        :param data: a ``dict``; a ``str`` is sent as ``{"message": data}``, and ``None`` as ``{}``.
        :raises TypeError: either is something else, or ``data`` hold what JSON cannot.
        :raises ValueError: ``data`` hold NaN, an infinity or themselves, or nest too deeply; or ``event`` begins with
            ``tws.``, or is taken.
        """
        if not isinstance(event, str):
            raise TypeError(f"Expected the name of the event as a str, got {event!r}.")
        if event.startswith(CONTROL):
            raise ValueError(f"The event {event!r} has a name of the protocol's own: those begin with {CONTROL!r}.")
        if event in self._taken:
            raise ValueError(f"The event {event!r}{self._where} is sent by presence alone: give yours another name.")
        if isinstance(data, self._texts):
            data = {"message": str(data)}
        elif data is None:
            data = {}
        elif not isinstance(data, dict):
            raise TypeError(f"Expected the data of {event!r}{self._where} as a dict or a str, got {data!r}.")
        try:
            return self._encode({"event": event, "data": data})
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"The data of {event!r}{self._where} cannot be sent: {error}") from error

    def emitted(self, event: str, data: object) -> str:
        """:meth:`event` as ``emit`` has always sent it: an empty text or list is ``{}``."""
        is_nothing = isinstance(data, (list, *self._texts)) and not data
        return self.event(event, None if is_nothing else data)

    def control(self, event: str, data: Data) -> str:
        """An event of the protocol itself, whose name begins with ``tws.``; errors as :meth:`event` for its data."""
        return self._encode({"event": event, "data": data})

    def reply(self, id: Id, data: object) -> str:
        """The answer to a frame that had an ``id``; ``None`` is sent as ``{}``."""
        return self._encode({"event": "reply", "id": id, "data": {} if data is None else data})

    def part(self, id: Id, value: object) -> str:
        """One part of the answer to a frame; errors as of :meth:`event` for data that cannot be sent."""
        return self._encode({"event": "reply", "id": id, "part": value})

    def question(self, event: str, data: object, id: Id) -> str:
        """An event that the client is to answer; parameters and errors as of :meth:`event`."""
        return f'{Encoder.event(self, event, data)[:-1]},"id":{self._encode(id)}}}'

    def value(self, value: object) -> str:
        """A value alone, for a frame of which the rest is written already; errors as of :meth:`event` for data."""
        return self._encode(value)

    def refusal(self, refusal: Refusal) -> str:
        """A refusal: the reply to a frame with an ``id``, else a ``warning``.

        :raises TypeError, ValueError: its details cannot be sent; see :meth:`event`.
        """
        error: Data = {"code": refusal.code, "message": refusal.message}
        if refusal.details:
            error.update(refusal.details)
        if refusal.id is None:
            return self.event("warning", error)
        return self._encode({"event": "reply", "id": refusal.id, "error": error})

    def _encode(self, value: object) -> str:
        try:
            return "".join(self._dumps(value, 0)).replace("</", "<\\/")
        except RecursionError as error:
            raise ValueError("The data nest too deeply to be sent, or hold themselves.") from error
