"""Runs of a progress bar: work that has a beginning and an end, and may be cancelled."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from time import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypedDict

from django.core.exceptions import SynchronousOnlyOperation

from ..core.delivery.shard import is_loop_running
from ..exceptions import Cancelled, StoreError
from ..jobs.clerk import Worker, clerk
from ..jobs.keeping import FAILED, OUTCOME
from ..jobs.register import claim
from ..jobs.run import Address, Run, runs
from ..jobs.terminal import Drawing, terminal
from ..people.sharing import is_shared, shared_store
from .progress import Number, Progress, is_held_up

if TYPE_CHECKING:
    from types import TracebackType

#: Lines of its log that newcomers are told.
MOST_LINES: Final = 100

#: How a run may have ended; a third way is ``FAILED``.
DONE: Final = "done"
CANCELLED: Final = "cancelled"

#: The runs whose ``with`` blocks this is in.
_blocks: ContextVar[frozenset[Run]] = ContextVar("tornado_websockets.runs", default=frozenset())


class Bounds(NamedTuple):
    """Where a bar begins and ends."""

    min: Number
    max: Number
    indeterminate: bool

    @classmethod
    def up_to(cls, total: Number | None) -> Self:
        """From 0 to ``total``, where that is known; ``ValueError`` where it is less."""
        if total is not None and total < 0:
            raise ValueError(f"Expected max to be at least 0, got {total!r}.")
        return cls(0, total or 0, total is None)


#: A bar's own bounds, while it has others; and these.
Lent = tuple[Bounds, Bounds] | None


class Stage(TypedDict):
    """A part of a run, as clients are told of it: the first has the index 1; nobody may know ``of`` how many it is."""

    name: str
    index: int
    of: int | None


class Running(Progress):
    """Progress of a job that is done in runs, one at a time.

    :ivar name: of the job.
    :ivar stages: how many stages a run has, where that is known.
    :ivar is_cancellable: whether clients may cancel its runs.
    """

    position_name = "current"
    name: str
    current: Number

    def __init__(self, bounds: Bounds, *, stages: int | None, is_cancellable: bool) -> None:
        super().__init__(bounds.min, bounds.max, indeterminate=bounds.indeterminate)
        self.stages = stages
        self.current = bounds.min
        self.is_cancellable = is_cancellable
        self._run: Run | None = None
        self._outcome: str | None = None
        self._has_run = False
        self._stage: Stage | None = None
        self._log: deque[str] = deque(maxlen=MOST_LINES)
        self._lent: Lent = None
        self._drawing: Drawing | None = None

    def tick(self, label: str | None = None) -> None:
        """One step further.

        :param label: what is going on, for the clients to show.
        :raises Cancelled: its run is to end.
        """
        self._check_run()
        self._tell_of_life()
        if self._shown is None:
            self._queue_init()
        super().tick(label)
        self._draw()

    def reset(self) -> None:
        """Back to ``min``, and outside of a run to a bar that has had none; the next :meth:`tick` tells the clients."""
        if self._run is None:
            if self._lent is not None:
                self._shown = None  # clients know other bounds
            self._give_back()
            self._has_run, self._outcome, self._stage = False, None, None
            self._log.clear()
        super().reset()

    def check(self) -> None:
        """Raise ``Cancelled`` if the run is to end; for steps that take long, and have nothing to tell."""
        self._check_run()

    def _check_run(self) -> None:
        if self._run is not None:
            self._run.check()

    def __enter__(self) -> Self:
        """Begin a run.

        :raises AlreadyRunning: another one of the job is alive, as far as the store tells; a killed one seems so for
            half a minute.
        :raises TypeError: the path has parameters: ``with bar.at(...)``.
        :raises SynchronousOnlyOperation: the store would block an event loop.
        """
        _blocks.set(_blocks.get() | {self._begin(None)})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if (run := self._leave_block()) is not None:
            self._end(run, error)

    async def __aenter__(self) -> Self:
        """Begin a run in async code; errors as of the plain one."""
        run = self._prepare()
        try:
            if is_shared():
                await asyncio.to_thread(self._claim, run)
            self._set_off(run, None)
        except BaseException:
            self._abandon(run)
            raise
        _blocks.set(_blocks.get() | {run})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if (run := self._leave_block()) is not None:
            self._end(run, error)
            if is_shared():
                await asyncio.to_thread(run.is_over.wait, clerk.pace.settling)

    def _run_of_this_block(self) -> Run | None:
        """Its run, if this is within its ``with`` block."""
        return self._run if self._run in _blocks.get() else None

    def _leave_block(self) -> Run | None:
        if self._run is not None:
            _blocks.set(_blocks.get() - {self._run})
        return self._run

    def _begin(self, total: Number | None, *, is_loop: bool = False) -> Run:
        if is_shared() and is_loop_running() and shared_store().store.waits:
            raise SynchronousOnlyOperation("A run is claimed in the store: in async code, write async with bar: ...")
        run = self._prepare()
        try:
            if is_shared() and not is_held_up():
                self._claim(run)
            self._set_off(run, total, is_loop=is_loop)
        except BaseException:
            self._abandon(run)
            raise
        return run

    def _prepare(self) -> Run:
        run = Run(self._own_address(), is_cancellable=self.is_cancellable)
        runs.begin(run)
        return run

    def _abandon(self, run: Run) -> None:
        """It could not begin."""
        run.is_abandoned = True
        if self._run is run:
            self._run = None
            clerk.end(run, self._account())
        runs.end(run)

    @staticmethod
    def _claim(run: Run) -> None:
        with suppress(StoreError):  # it is logged; the job is done all the same
            claim(run, clerk.pace.lifetime, clerk.pace.noticing)

    def _set_off(self, run: Run, total: Number | None, *, is_loop: bool = False) -> None:
        self._give_back()
        self._run, self._outcome, self._has_run = run, None, True
        self._stage, self._label = None, None
        self._log = deque(maxlen=MOST_LINES)
        self.current = self._shown = self.min
        stream = terminal()
        self._drawing = None if stream is None else Drawing(stream, self._title())
        if is_loop:
            self._lend(Bounds.up_to(total))
        clerk.begin(run, Worker(self._account, self._catch_up, self._queue_init))
        self._queue_init()

    def _end(self, run: Run, error: BaseException | None) -> None:
        drawing, self._drawing = self._drawing, None
        if run.is_inherited:  # it goes on in the parent of this process
            self._run = None
            return
        outcome = _outcome_of(run, error)
        with self._lock:
            if clerk.has_been_silent(run):
                self._enqueue(self.emit_init)
            self._run, self._outcome = None, outcome
            if outcome == DONE and not self.indeterminate:
                self.current = self.max
            self._enqueue(self.emit_done if outcome == DONE else partial(self._tell, outcome))
        account, state = self._account(), self._state()
        self._note()
        runs.end(run)  # whoever is told of it may begin the next one
        try:
            self._flush()
        finally:
            clerk.end(run, account)
            if drawing is not None:
                drawing.draw(state, is_last=True)
        if is_shared() and not (is_loop_running() or is_held_up()):
            run.is_over.wait(clerk.pace.settling)

    def _queue_update(self, label: str | None) -> None:
        with self._lock:
            self._enqueue_update(label)
        self._tell_queued()

    def _enqueue_update(self, label: str | None) -> None:
        """Have clients told how far it is; by ``init``, where they know of other bounds. With the lock."""
        is_known, position = self._shown is not None, self.current
        self._shown = position
        if label is not None:
            self._label = str(label)
        self._enqueue(partial(self._send, position, label, False) if is_known else self.emit_init)

    def _queue_init(self) -> None:
        self._shown = self.current
        self._enqueue(self.emit_init)
        self._tell_queued()

    def _tell_queued(self) -> None:
        self._note()
        self._flush()
        self._draw()

    def _draw(self) -> None:
        if self._drawing is not None:
            self._drawing.draw(self._state())

    def _lend(self, bounds: Bounds) -> None:
        """Have other bounds for now, from which it begins anew."""
        own = Bounds(self.min, self.max, self.indeterminate)
        if self._lent is None or own != self._lent[1]:  # the application has set them meanwhile
            self._lent = own, bounds
        else:
            self._lent = self._lent[0], bounds
        self.min, self.max, self.indeterminate = bounds
        self.current = self.min

    def _take_back_bounds(self, lent: Lent) -> Lent:
        """Have those again that a loop has lent; something within it had others, and has ended."""
        if self._lent is None or lent is None:
            return self._lent
        self.min, self.max, self.indeterminate = lent[1]
        self._lent = self._lent[0], lent[1]
        self._shown = None
        return self._lent

    def _give_back(self) -> None:
        if self._lent is not None and self._lent[1] == (self.min, self.max, self.indeterminate):
            self.min, self.max, self.indeterminate = self._lent[0]
        self._lent = None

    def _tell_of_life(self) -> None:
        run = self._run
        if run is not None and clerk.has_been_silent(run):
            run.heard_of = time()
            self._queue_init()

    @abstractmethod
    def _catch_up(self) -> None:
        """Tell clients how far it is, where that was left out: the step that goes on may take long."""

    def _more(self) -> dict[str, Any]:
        told, run = super()._more(), self._run
        if self._label is not None and (self._has_run or self._stage is not None):
            told["label"] = self._label
        if self._stage is not None:
            told["stage"] = {**self._stage}
        if run is not None and run.is_cancellable:
            told["run"] = run.id
        return {**told, OUTCOME: self._outcome} if self._has_run else told

    def _lines(self) -> list[str] | None:
        return list(self._log) if self._has_run or self._log else None

    def _its_run(self) -> Run | None:
        return self._run

    def _is_over(self) -> bool:
        return self._run is None and super()._is_over()

    def _address_at(self, path: str) -> Address:
        return Address(path, self.name)

    @abstractmethod
    def _own_address(self) -> Address:
        """Where its runs are; ``TypeError`` where it has no path of its own."""

    @abstractmethod
    def _title(self) -> str:
        """What it is called on a terminal."""


def _outcome_of(run: Run, error: BaseException | None) -> str:
    if error is None or isinstance(error, GeneratorExit):
        return CANCELLED if run.has_raised else DONE
    return CANCELLED if _is_cancelled(error) else FAILED


def _is_cancelled(error: BaseException) -> bool:
    """Whether it is ``Cancelled``, or of several tasks that have raised nothing else."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(Cancelled)[1] is None
    return isinstance(error, Cancelled)
