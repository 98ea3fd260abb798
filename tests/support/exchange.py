"""Rows of the table of exchanges: what clients say, and what every client hears, in order."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

Frame = dict[str, Any]


class Wording:
    """Equal to every text but the empty one: how a refusal is worded is promised to nobody."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and other != ""

    def __repr__(self) -> str:
        return "..."


@dataclass(frozen=True, slots=True)
class Exchange:
    """One row.

    :ivar path: that each client connects to, before the first says something.
    :ivar says: (number of the client, its message), one after the other was handled.
    :ivar hears: for each client, what it gets: frames, or texts where every character counts.
    :ivar logs: the records with tracebacks that the server writes.
    """

    name: str
    path: str
    says: tuple[tuple[int, str | bytes], ...]
    hears: tuple[tuple[Frame | str, ...], ...]
    logs: tuple[str, ...] = ()


def text(frame: object) -> str:
    return json.dumps(frame)


def event(name: str, data: object = None) -> Frame:
    return {"event": name, "data": {} if data is None else data}


def warning(code: str) -> Frame:
    return {"event": "warning", "data": {"code": code, "message": Wording()}}


def reply(id: str | int, data: object) -> Frame:
    return {"event": "reply", "id": id, "data": data}


def error(id: str | int, code: str) -> Frame:
    return {"event": "reply", "id": id, "error": {"code": code, "message": Wording()}}


def nested(levels: int, **more: object) -> str:
    """An echo in which ``levels`` objects and arrays nest, the frame and its data included."""
    inner = "[" * (levels - 2) + "]" * (levels - 2)
    return text({"event": "echo", "data": {"x": "here"}, **more}).replace('"here"', inner)


def sized(size: int, letter: str = "x") -> str:
    """An echo of ``size`` bytes."""
    frame = json.dumps({"event": "echo", "data": {"x": ""}}, ensure_ascii=False)
    count, rest = divmod(size - len(frame), len(letter.encode()))
    return frame.replace('""', f'"{"y" * rest}{letter * count}"')


def values(*values: Any) -> tuple[Any, ...]:
    """What a type checker would call a strange company."""
    return values


def alone(name: str, message: object, *hears: Frame | str, logs: tuple[str, ...] = ()) -> Exchange:
    """One client says one thing."""
    said = message if isinstance(message, (str, bytes)) else text(message)
    return Exchange(name, "/wire", ((0, said),), (hears,), logs)


def refused(name: str, message: object, code: str, logs: tuple[str, ...] = ()) -> Exchange:
    """One client says what it may not, and is served again at once."""
    said = message if isinstance(message, (str, bytes)) else text(message)
    alive = text(event("echo", {"still": "alive"}))
    return Exchange(name, "/wire", ((0, said), (0, alive)), ((warning(code), event("echo", {"still": "alive"})),), logs)


def form(handler: str, returned: object, data: object = None, hears: tuple[Frame, ...] = ()) -> Exchange:
    """One client asks a handler of a certain form what it was given."""
    said = text({"event": handler, "data": data, "id": 1})
    return Exchange(f"form: {handler}", "/forms/a-name/42", ((0, said),), ((*hears, reply(1, returned)),))


def among(name: str, said: Frame, *hears: tuple[Frame, ...]) -> Exchange:
    """The second of three clients says one thing."""
    return Exchange(name, f"/everyone/{slugify(name)}", ((1, text(said)),), hears)
