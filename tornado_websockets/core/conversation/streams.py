"""Replies in parts: which of a client's are under way, and each from its first part to its end."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Protocol

from ..counters import counters
from ..handlers.calling import Caller, refusal_of, tell_handled
from ..handlers.signatures import Handler, Parts
from ..protocol.frames import Code, Encoder, Frame, Refusal
from ..protocol.ids import Id
from ..tasks import is_own_cancellation, keep
from ..watching import Outcome, on_handled
from .steps import AHEAD, AsyncSteps, LeasedSteps, Steps, TenantOutlet, ThreadSteps
from .threads import threads

_CANCELLED: Final = "The reply was cancelled."
_TOO_SLOW: Final = "Others wait for the thread of this reply, whose parts were taken too slowly."


class Client(Caller, Protocol):
    """Whom a reply is for."""

    @property
    def is_hidden(self) -> bool:
        """Whether its WebSocket shows others what goes on: its replies in parts are no part of that."""

    @property
    def encoder(self) -> Encoder:
        """Writes what is sent to it."""

    @property
    def backlog(self) -> int | None:
        """Characters that wait for its line; ``None`` while that takes what is sent."""

    def send_part(self, text: str) -> None:
        """Send a text, after all that was sent before; nothing is sent once the connection is closed."""

    def put_part(self, text: str) -> None:
        """The same, from any thread; it may wait until something else is sent, or until :meth:`push_parts`."""

    def push_parts(self) -> None:
        """Send what was put."""

    async def keep_pace(self) -> float:
        """Return when its line has taken what was sent, and it is its turn to cause more.

        :returns: seconds for which the line was waited for; zero where it had taken all by itself.
        """

    def refuse(self, refusal: Refusal, event: str | None = None) -> None:
        """Answer with a refusal."""


class Streams:
    """The replies in parts of one client that are under way. On its event loop's thread only.

    :param most: at a time.
    :ivar line: the client: those to whom parts go, always the same list.
    """

    def __init__(self, client: Client, most: int) -> None:
        self.line: list[Any] = [client]
        self._client = client
        self._most = most
        self._running: dict[Id, Stream] = {}
        # Of frames that wait behind a handler, and are not wanted any more.
        self._cancelled: set[Id] = set()

    def __len__(self) -> int:
        return len(self._running)

    def refusal_of(self, frame: Frame) -> Refusal | None:
        """Why a frame is not answered in parts, if it is not."""
        if frame.id is None:
            message = f"The event {frame.event[:64]!r} is answered in parts: expected an 'id' to tell them by."
            return Refusal(Code.MISSING_ID, message)
        if frame.id in self._cancelled:
            return Refusal(Code.CANCELLED, _CANCELLED, frame.id)
        if frame.id in self._running:
            return self.refusal_of_id(frame)
        if len(self._running) >= self._most:
            return Refusal(Code.RATE_LIMITED, f"There may be {self._most} replies in parts at a time.", frame.id)
        return None

    def refusal_of_id(self, frame: Frame) -> Refusal | None:
        """Why a frame cannot be answered at all, if its ``id`` is that of a reply that is under way."""
        if frame.id is None or frame.id not in self._running:
            return None
        return Refusal(Code.INVALID_DATA, "Another reply with this 'id' is under way.", frame.id)

    def begin(self, frame: Frame, handler: Handler, parts: Parts) -> None:
        """Send what ``parts`` yield, in a task of its own; :meth:`refusal_of` has nothing against it."""
        assert frame.id is not None  # noqa: S101 as was seen to
        self._running[frame.id] = stream = Stream(self._client, frame, self)
        stream.begin(self._steps(frame.id, handler, parts, stream))

    def cancel(self, id: Id, *, is_early: bool = False) -> bool:
        """End the reply with this id; whether there is one.

        :param is_early: what came before the order may not be handled yet. Where there is no such reply, the order
            holds for what comes up to its own turn, when it is to be given again.
        """
        stream = self._running.get(id)
        if stream is not None:
            stream.cancel()
        elif is_early:
            self._cancelled.add(id)
        else:
            self._cancelled.discard(id)
        return stream is not None

    def cancel_all(self) -> None:
        """The client hears nothing more."""
        for stream in list(self._running.values()):
            stream.cancel()

    async def ended(self) -> None:
        """Return when none is under way any more."""
        while self._running:
            await asyncio.wait([stream.task for stream in self._running.values()])

    def forget(self, id: Id) -> None:
        """The reply with this id has ended."""
        del self._running[id]

    def _steps(self, id: Id, handler: Handler, parts: Parts, outlet: TenantOutlet) -> Steps:
        client = self._client

        def write(value: object) -> str:
            return client.encoder.part(id, handler.dump(value))

        if isinstance(parts, AsyncGenerator):
            return AsyncSteps(parts, handler, write, outlet, client.run)
        if client.leases_threads:
            return LeasedSteps(parts, write, outlet, threads)
        return ThreadSteps(parts, write, outlet, client.run)  # of a test, which has its own thread


class Stream:
    """One reply in parts. It runs in a task of its own, and in the context of whoever begins it.

    :param frame: that is answered.
    :param streams: among which it is.
    :ivar task: in which it runs.
    :ivar owner: the client.
    """

    task: asyncio.Task[None]

    def __init__(self, client: Client, frame: Frame, streams: Streams) -> None:
        self._client = self.owner = client
        self._frame = frame
        self._streams = streams
        self._stalled = 0.0  # seconds, without those of the wait that has begun then
        self._stalled_since: float | None = None
        self._end = Refusal(Code.CANCELLED, _CANCELLED, frame.id)  # what the client is told where it is cancelled
        self._has_begun = self._is_closing = self._is_cancelled = False
        self._interruption: BaseException | None = None

    def begin(self, steps: Steps) -> None:
        """Send what these send to it, to the end. Called once."""
        self.task = keep(asyncio.get_running_loop().create_task(self._run(steps)))

    def send(self, text: str) -> None:
        """See :class:`~.steps.Outlet`."""
        self._client.send_part(text)

    def put(self, text: str) -> None:
        """See :class:`~.steps.Outlet`."""
        self._client.put_part(text)

    def flush(self) -> None:
        """See :class:`~.steps.Outlet`."""
        self._client.push_parts()

    @property
    def is_open(self) -> bool:
        """See :class:`~.steps.Outlet`: not while the line has something to take, or nobody hears it any more."""
        return not self._is_cancelled and not self._client.closed and self._client.backlog is None

    @property
    def stalled(self) -> float:
        """See :class:`~.threads.Tenant`."""
        if self._is_cancelled or self._is_closing:
            return 0
        since = None if self._client.backlog is None else self._stalled_since
        return self._stalled + (0 if since is None else monotonic() - since)

    def give_way(self) -> None:
        """See :class:`~.threads.Tenant`."""
        with suppress(RuntimeError):  # its loop has ended, and it as well
            self.task.get_loop().call_soon_threadsafe(self._give_way)

    def _give_way(self) -> None:
        if not self._is_cancelled:
            self._end = Refusal(Code.RATE_LIMITED, _TOO_SLOW, self._frame.id)
            self.cancel()

    def cancel(self) -> None:
        """End it: interrupt what an async generator awaits, and close it."""
        if self._is_cancelled or self._is_closing:
            return
        self._is_cancelled = True
        # A task that is cancelled before its first step runs nothing; in its own turn it finds out by itself.
        if self._has_begun and asyncio.current_task() is not self.task:
            self.task.cancel()

    async def _run(self, steps: Steps) -> None:
        client, frame = self._client, self._frame
        self._has_begun = True
        started = monotonic()
        counted = 0 if client.is_hidden else 1
        counters.handlers_running += counted
        try:
            end = await self._bring_to_end(self._send_parts(steps))
            self._is_closing = True
            refusal, outcome = await self._bring_to_end(steps.close()) or end or (None, Outcome.HANDLED)
        finally:
            counters.handlers_running -= counted
            counters.handler_seconds += counted * (monotonic() - started)
            assert frame.id is not None  # noqa: S101 else it is not answered in parts
            self._streams.forget(frame.id)
        self._answer(refusal)
        if on_handled and counted:
            tell_handled(client, frame, started, Outcome.CANCELLED if self._is_cancelled else outcome)
        if self._interruption is not None:
            raise self._interruption

    async def _send_parts(self, steps: Steps) -> None:
        most = 1  # doubled while the line takes what it gets
        while not self._is_unwanted and await steps.advance(most):
            self._stalled_since = monotonic()
            stalled = await self._client.keep_pace()
            self._stalled_since = None
            self._stalled += stalled
            most = 1 if stalled else min(2 * most, AHEAD.parts)

    @property
    def _is_unwanted(self) -> bool:
        if self._client.closed:
            self._is_cancelled = True
        return self._is_cancelled

    async def _bring_to_end(self, work: Awaitable[None]) -> tuple[Refusal, Outcome] | None:
        """Await ``work``; see :func:`refusal_of` for an error in it. One that cancels our task is none."""
        try:
            await work
        except BaseException as error:
            if isinstance(error, (GeneratorExit, KeyboardInterrupt)):
                raise
            if not is_own_cancellation(error):
                return refusal_of(error, self._frame, self._client)
            if not self._is_cancelled:  # by the loop, which ends
                self._is_cancelled, self._interruption = True, error
        if self._is_cancelled:
            self.task.uncancel()  # so that what the generator awaits while it is closed may be timed
        return None

    def _answer(self, refusal: Refusal | None) -> None:
        client, frame = self._client, self._frame
        if self._is_cancelled:
            client.send_part(client.encoder.refusal(self._end))
        elif refusal is not None:
            client.refuse(refusal, frame.event)
        else:
            client.reply(frame, None)
