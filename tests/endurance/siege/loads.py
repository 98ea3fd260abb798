"""Frames that attackers send, made before it begins."""

import json

from tests.support.peer import CONTINUATION, PING, PONG, TEXT, frame

#: Numbers begin anew after so many.
CIRCLE = 1_000


def event(name: str, data: object = None, **more: object) -> bytes:
    """A frame with an event."""
    return frame(json.dumps({"event": name, **({} if data is None else {"data": data}), **more}).encode())


def numbered(name: str, size: int = 0, count: int = CIRCLE) -> bytes:
    """So many of them, whose data count, and have ``size`` bytes more."""
    return b"".join(event(name, {"n": number, "of": count, "x": "x" * size}) for number in range(count))


def filled(piece: bytes, size: int) -> bytes:
    """A piece as often as it fits into so many bytes."""
    return piece * (size // len(piece))


def fragments(payload: bytes, count: int) -> bytes:
    """One message without end: fragments with that payload, of which none is the last."""
    return frame(payload, TEXT, is_last=False) + frame(payload, CONTINUATION, is_last=False) * count


PINGS = frame(b"", PING)
PONGS = frame(b"", PONG)
EMPTY = frame(b"")
BRACES = frame(b"{}")


def padded(data: str, size: int = 999_000) -> bytes:
    """An event with that in its data, padded to so many bytes."""
    text = f'{{"event": "swallow", "data": {{"x": {data}, "pad": ""}}}}'
    return frame(text.replace('""', f'"{"y" * (size - len(text))}"').encode())


def repeated(item: str, count: int) -> str:
    """A JSON array of them."""
    return f"[{','.join([item] * count)}]"


def unfinished(announced: int, size: int) -> bytes:
    """The first bytes of a frame that is longer."""
    whole = frame(b"x" * announced)
    return whole[:size]
