"""How many people are at a place where they are only counted, though some are about to come back as others.

Who is nobody, and is sent away by a server that stops, comes back as somebody else. It is counted until it is
forgotten, and so that nobody is counted twice, one of those who have come since then is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ..core.people.place import Info

#: Said of users; of others nothing is.
KNOWN: Final[Mapping[str, Any]] = {"known": True}

#: Said of who is sent away: since when, in seconds since 1970.
AWAITED_SINCE: Final = "awaited since"

#: Said of who has come while others were awaited, and has left: it still stands for one of these.
LEFT: Final[Mapping[str, Any]] = {"left": True}


def has_awaited(said: Collection[tuple[Info, float]]) -> bool:
    """Whether the number is another than that of all; parameters as of :func:`count`."""
    return any(_awaited_since(info) is not None or info == LEFT for info, _ in said)


def count(said: Collection[tuple[Info, float]]) -> int:
    """How many people are here.

    Those who have come since others are awaited may have been sent away themselves meanwhile, or have left.

    :param said: what is said of each, and when that was, in seconds since 1970.
    """
    awaited = [since for info, _ in said if (since := _awaited_since(info)) is not None]
    since = min(awaited, default=inf)
    came = sum(1 for info, at in said if at >= since and info != KNOWN)
    left = sum(1 for info, _ in said if info == LEFT)
    return len(said) - left - min(len(awaited), came)


def _awaited_since(info: Info) -> float | None:
    """Since when somebody is awaited; ``None`` where that is not said, or nonsense: anybody may have written it."""
    since = info.get(AWAITED_SINCE)
    return since if isinstance(since, (int, float)) else None
