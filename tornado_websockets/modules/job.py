"""``Job``: what applications say of a run, a progress bar's: rows gone through, stages, a log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .running import Bounds, Running, Stage

if TYPE_CHECKING:
    from ..jobs.run import Run
    from .progress import Number

T = TypeVar("T")

#: What is shown of a row, or of each of them.
Label = str | Callable[[Any], str | None] | None

#: Seconds from one time to the next that a loop tells how far it is: twenty times a second.
FRAME: Final = 0.05

#: Characters of a line of the log.
LONGEST_LINE: Final = 1_000


class Job(Running):
    """Progress of a job: each ``with`` block is a run of it, and each :meth:`track` outside of one.

    Clients are told in ``init`` that a run begins, and then of its end: ``done``, ``cancelled`` or ``failed``.
    """

    def track(self, rows: Iterable[T], label: Label = None, *, max: Number | None = None) -> Iterator[T]:  # noqa: A002
        """Go through ``rows``, and tell clients twenty times a second how far it is.

        Outside of a ``with`` block it is a run of its own, which begins with the first row. That is ``done`` when the
        loop has ended, also where it was left early: Python tells nobody whether an error was the reason, so a loop
        that may fail belongs in a block. In a block, a loop or a stage within a loop has the bar until its end.

        :param rows: what is gone through.
        :param label: what is going on, or a function that says so of a row, called for those that are shown. What it
            raises is raised in the loop.
        :param max: how many there are; by default their ``len``. Where they have none the stage says how far it goes,
            or else nobody can tell.
        :returns: an iterator of them.
        :raises Cancelled: the run is to end; also when a later row is asked for.
        :raises ValueError: ``max`` is below 0.
        :raises AlreadyRunning: another run of the job is alive, when the first row is asked for.
        """
        if (run := self._run_of_this_block()) is not None:
            run.check()
        total = len(rows) if max is None and isinstance(rows, Sized) else max
        Bounds.up_to(total)
        return self._go_through(rows, label, total)

    def _go_through(self, rows: Iterable[T], label: Label, total: Number | None) -> Iterator[T]:
        within = self._run_of_this_block()
        if within is None:
            run = self._begin(total, is_loop=True)
        else:
            (run := within).check()
            self._set_out(total)
        try:
            position, lent = self.current, self._lent
            for row in rows:
                yield row
                if self._lent is not lent:
                    lent = self._take_back_bounds(lent)
                self.current = position = position + 1
                if monotonic() >= run.show_at:
                    self._show(run, label, row)
            run.check()
            if self._shown != self.current:
                self._show(run, label, row)
        except BaseException as error:
            if within is None:
                self._end(run, error)
            raise
        if within is None:
            self._end(run, None)

    @contextmanager
    def stage(self, name: str, max: Number | None = None) -> Iterator[None]:  # noqa: A002
        """A part of the job, with a bar of its own, from 0 to ``max``. Clients are told of it by the event ``stage``.

        :param name: for people to see.
        :param max: steps that it has; without that, :meth:`track` finds out, or nobody can tell.
        :raises Cancelled: the run is to end.
        :raises ValueError: ``max`` is below 0.
        """
        self._check_run()
        bounds = Bounds.up_to(max)
        index = 1 if self._stage is None else self._stage["index"] + 1
        of = self.stages if self.stages is None or self.stages > index else index
        self._stage = Stage(name=str(name), index=index, of=of)
        self._lend(bounds)
        self._enqueue(partial(self._tell, "stage", {**self._stage}))
        self._queue_init()
        yield

    def log(self, line: object) -> None:
        """Tell clients a line, by the event ``log``; the last hundred of a run are kept for those who come later.

        :param line: what ``str`` makes of it, as far as a thousand characters.
        """
        self._tell_of_life()
        text = str(line)[:LONGEST_LINE]
        self._log.append(text)
        self._enqueue(partial(self._tell, "log", {"line": text}))
        self._note()
        self._flush()
        if self._drawing is not None:
            self._drawing.log(text)

    def _set_out(self, total: Number | None) -> None:
        """A loop begins within a block; where it cannot tell how far it goes, the stage it is in may."""
        before = self._bounds()
        if total is None and self._stage is not None and not self.indeterminate:
            self.current = self.min
        else:
            self._lend(Bounds.up_to(total))
        if self._bounds() != before or self._shown != self.current:
            self._queue_init()

    def _show(self, run: Run, label: Label, row: object) -> None:
        run.show_at = monotonic() + FRAME
        run.check()
        self._tell_of_life()
        self._queue_update(label(row) if callable(label) else label)

    def _catch_up(self) -> None:
        """Tell clients how far it is, where that was left out: the step that goes on may take long."""
        with self._lock:
            run = self._run
            if run is None or self._shown == self.current or monotonic() < run.show_at:
                return
            self._enqueue_update(None)
        self._tell_queued()
