"""What is said in turn where its length and its kind are the question: applications repeat no message either."""

from random import Random
from typing import Final

from .dialects import Data

_NAMES: Final = ("Ada", "Grace", "Edsger", "Barbara", "Donald", "Radia", "Niklaus", "Frances", "Ken", "Hedy")
_THINGS: Final = ("kettle", "lantern", "hammock", "compass", "umbrella", "teapot", "ladder", "atlas")

#: Rows of a table that make 4 KiB of JSON.
_ROWS: Final = 42

_draw: Final = Random(1)  # noqa: S311 the same for everybody, each time


def _row() -> Data:
    return {
        "id": _draw.randrange(100_000),
        "name": f"{_draw.choice(_NAMES)}'s {_draw.choice(_THINGS)}",
        "price": _draw.randrange(100_000) / 100,
        "changed": f"2026-{_draw.randrange(1, 13):02}-{_draw.randrange(1, 29):02}T{_draw.randrange(24):02}:00:00Z",
        "is_new": _draw.random() < 0.5,
    }


#: Chat, whose frames have 60 bytes.
SHORT: Final[list[Data]] = [{"text": f"number {number}, are you still there"} for number in range(10, 26)]

#: Rows of a table, 4 KiB of them in each.
RECORDS: Final[list[Data]] = [{"rows": [_row() for _ in range(_ROWS)]} for _ in range(16)]
