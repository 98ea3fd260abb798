"""What innocent clients notice of an attack, and what it costs the server.

Attackers, their audience and the innocent each have a process of their own, without Python's development mode; so has
the server, which takes several times as long with it for what these tests are about. Attackers give way to all others,
since two processors have to do for everybody: what is measured is the server, not who else is at work.
"""

import asyncio
import contextlib
import json
import pickle
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.endurance.measures import MEBIBYTE, family, forget_peak, peak, queued
from tests.endurance.scale import IS_LONG, within
from tests.support.asgi import Server
from tests.support.log import DEADLINE
from tests.support.process import PLAIN_PYTHON, ROOT, environment

from .parties import Party, Report

#: Bytes that one attacker may cost.
ROOM = 16 * MEBIBYTE

#: Seconds that a reply, and a handshake, may take for anyone else.
REPLY, HANDSHAKE = 0.25, 0.5

#: Seconds that an attack lasts, and for which the server is looked at when it is over.
SECONDS, REST = (6.0, 3.0) if IS_LONG else (1.5, 0.75)

#: Seconds of peace before an attack, which tell how much of the delays is noise.
_CALM = 0.5

_NICENESS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went.

    :ivar memory: bytes by which the server grew, at most.
    :ivar room: bytes by which it may.
    :ivar calm: the slowest reply and the slowest handshake before it began, in seconds.
    :ivar reply: the slowest from then on.
    :ivar handshake: the slowest from then on.
    :ivar bounds: seconds that a reply, and a handshake, may take.
    :ivar queued: seconds that the server waited for a processor, and that the innocent did, the longest time.
    :ivar faults: whatever else must not happen to the innocent.
    """

    memory: int
    room: int
    calm: tuple[float, float]
    reply: float
    handshake: float
    bounds: tuple[float, float]
    queued: tuple[float, float]
    faults: list[str]
    attackers: list[Report] = field(repr=False)
    audience: list[Report] = field(repr=False)

    def __str__(self) -> str:
        times = [self.reply, self.handshake, *self.calm, self.queued[1]]
        reply, handshake, *calm, late = (f"{1_000 * seconds:,.0f} ms" for seconds in times)
        sent, read = (sum(getattr(each, what) for each in self.attackers) / 1e6 for what in ("sent", "received"))
        closed = [each.closed for each in (*self.attackers, *self.audience) if each.closed]
        return (
            f"memory + {self.memory / MEBIBYTE:.0f} MiB of {self.room / MEBIBYTE:.0f}, "
            f"slowest reply {reply}, handshake {handshake}; before {calm[0]}, {calm[1]}; "
            f"no processor for the server {self.queued[0]:.1f} s in all, for the witness {late}; "
            f"{sent:.2f} MB sent, {read:.2f} MB read" + (f", closed {closed}" if closed else "")
        )

    @property
    def excess(self) -> str:
        """What was too much, and whatever else was wrong; empty when all is well."""
        found = list(self.faults)
        if self.memory > self.room:
            found.append(f"memory + {self.memory / MEBIBYTE:.0f} MiB, of {self.room / MEBIBYTE:.0f}")
        for what, took, bound in zip(("reply", "handshake"), (self.reply, self.handshake), self.bounds, strict=True):
            if took > within(bound):
                found.append(f"a {what} took {took:.2f} s, of {within(bound):.2f}")
        return "; ".join(found)


async def besiege(
    server: Server,
    attackers: Sequence[Party],
    audience: Sequence[Party] = (),
    *,
    seconds: float = SECONDS,
    room: int = ROOM,
    asks: str = "/abuse/other",
    visits: str = "/abuse/other",
    answer: float = REPLY,
    patience: float = HANDSHAKE,
) -> Outcome:
    """Let them attack for so long, and see how others are served then, and while the server has its rest.

    :param room: bytes that each attacker may cost.
    :param asks: where the innocent client asks.
    :param visits: where others come and go.
    :param answer: seconds that a reply may take.
    :param patience: seconds that each of their handshakes may take.
    """
    async with (
        _army(server, audience, 0) as listening,
        _army(server, attackers, _NICENESS) as attacking,
        _program("witness", str(server.port), asks, visits) as witness,
    ):
        await asyncio.sleep(_CALM)
        pids = family(server.pid)
        before, waited, began = sum(map(forget_peak, pids)), sum(map(queued, pids)), time.monotonic()
        for program in (listening, attacking):
            program.tell()
        await asyncio.sleep(seconds)
        for program in (listening, attacking):
            program.tell()
        await asyncio.sleep(REST)
        seen = await witness.ask()
        memory, waited = sum(map(peak, pids)) - before, sum(map(queued, pids)) - waited
        reports = [[Report(**each) for each in await program.ask()] for program in (attacking, listening)]
    replies, handshakes = [_slowest(seen[what], began) for what in ("replies", "handshakes")]
    return Outcome(
        memory=memory,
        room=room * sum(party.count for party in attackers),
        calm=(replies[0], handshakes[0]),
        reply=replies[1],
        handshake=handshakes[1],
        bounds=(answer, patience),
        queued=(waited, seen["late"]),
        faults=_faults(seen),
        attackers=reports[0],
        audience=reports[1],
    )


def _slowest(delays: list[tuple[float, float]], began: float) -> tuple[float, float]:
    """Of those that ended before it began, and of the others."""
    before = [took for at, took in delays if at + took < began]
    after = [took for at, took in delays if at + took >= began]
    return max(before, default=0.0), max(after, default=0.0)


def _faults(seen: dict[str, Any]) -> list[str]:
    faults = []
    if seen["is_lost"]:
        faults.append("an innocent client was closed")
    if seen["disorder"]:
        faults.append(f"{seen['disorder']} replies came out of turn")
    if seen["refused"]:
        faults.append(f"{seen['refused']} handshakes were refused")
    return faults


class _Program:
    """One of the processes, which is told by bytes on its standard input what to do next."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._input = process.stdin
        self._output = process.stdout

    async def start(self, orders: bytes) -> None:
        self._input.write(orders)
        await self._input.drain()
        answer = await self._line()
        assert answer == b"ready\n", answer

    async def end(self) -> None:
        self._input.close()  # which it takes as being told to go on
        async with asyncio.timeout(DEADLINE):
            await self._process.wait()

    def tell(self) -> None:
        self._input.write(b".")

    async def ask(self) -> Any:
        """What it has to tell at last."""
        self.tell()
        return json.loads(await self._line())

    async def _line(self) -> bytes:
        async with asyncio.timeout(2 * DEADLINE):
            return await self._output.readline()


@contextlib.asynccontextmanager
async def _program(module: str, *arguments: str, orders: bytes = b"") -> AsyncIterator[_Program]:
    """Start it, and wait until it is ready."""
    process = await asyncio.create_subprocess_exec(
        *(*PLAIN_PYTHON, "-m", f"{__package__}.{module}", *arguments),
        cwd=ROOT,
        env=environment({"PYTHONDEVMODE": ""}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    program = _Program(process)
    try:
        await program.start(orders)
        yield program
    finally:
        await program.end()


@contextlib.asynccontextmanager
async def _army(server: Server, parties: Sequence[Party], niceness: int) -> AsyncIterator[_Program]:
    orders = pickle.dumps((server.port, list(parties), niceness))
    async with _program("army", orders=len(orders).to_bytes(8, "big") + orders) as program:
        yield program
