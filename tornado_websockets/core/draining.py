"""How clients are told that their server stops: a few at a time, each with word of when to come back."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from math import ceil
from typing import Final

from .delivery.member import Member
from .protocol.closing import Close

#: Handshakes a second that are asked of the other processes.
PER_SECOND: Final = 1_000

#: Seconds that telling everybody may take.
LONGEST_DRAIN: Final = 5.0

#: Seconds over which a client that was told spreads its return: least, most.
SHORTEST_RETRY: Final = 1.0
LONGEST_RETRY: Final = 10.0

#: Seconds between two groups of clients that are told.
_STEP: Final = 0.02


def drain_seconds(clients: int, configured: float | None) -> float:
    """How long it takes to tell so many clients.

    :param configured: seconds, of which :data:`LONGEST_DRAIN` count; ``None`` for as long as needed.
    """
    return min(LONGEST_DRAIN, clients / PER_SECOND if configured is None else configured)


def farewell(clients: int, seconds: float, code: int) -> Close:
    """What so many clients are told within ``seconds``: to spread their return over what makes a bearable rate of it.

    The reason is ``retry=<ms>``.
    """
    retry = min(LONGEST_RETRY, max(SHORTEST_RETRY, clients / PER_SECOND - seconds))
    return Close(code, f"retry={round(1000 * retry)}")


async def tell(members: Sequence[Member], close: Close, seconds: float, now: asyncio.Event) -> None:
    """Close the connections of ``members`` in order, evenly over ``seconds``.

    :param now: once it is set, all that are left are told at once.
    """
    clock = asyncio.get_running_loop().time
    start, told = clock(), 0
    while told < len(members):
        elapsed = clock() - start
        due = len(members) if now.is_set() or elapsed >= seconds else ceil(len(members) * elapsed / seconds)
        for member in members[told:due]:
            member.end(close)
        told = due
        if told < len(members):
            await pause(min(_STEP, seconds), now)


async def pause(seconds: float, now: asyncio.Event) -> None:
    """Let time pass, at most until ``now`` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(now.wait(), seconds)
