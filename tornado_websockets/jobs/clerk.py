"""The thread of a process that keeps the store informed of its bars and runs, and runs of what the store says of them.

It lives as long as there is something to write, or a run goes on. The process waits for it when it ends, so that a
command's last step is known to all; what the store does not take then is lost. Runs of daemon threads end with it.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, time
from typing import TYPE_CHECKING, Final, NamedTuple

from .. import conf
from ..core.forking import ForkGuard
from ..core.logger import logger
from ..exceptions import StoreError
from ..people.sharing import is_shared, shared_store
from .keeping import Account, entries_of
from .register import find_lost, is_asked_to_end, release, renew

if TYPE_CHECKING:
    from .run import Run

#: Share of its lifetime after which a run may have been taken to be dead, by clocks that differ a little.
SILENT: Final = 0.9


@dataclass(frozen=True, slots=True)
class ClerkPace:
    """When the clerk does what, in seconds.

    :ivar renewal: from one time to the next that the store is told that a run is alive.
    :ivar lifetime: of a run that is not renewed: a little less than the half minute after which clients know.
    :ivar asking: from one question to the next whether a run shall end, and whether the store was emptied.
    :ivar writing: from one time to the next that it is written down where bars stand.
    :ivar retrying: from one try to the next, while the store does not take it, for ``patience`` seconds.
    :ivar noticing: within which it has noticed that the store was emptied, and told it anew of its runs, also where
        that was down before.
    :ivar settling: that whoever ends a run waits for the store to know.
    """

    renewal: float = 10.0
    lifetime: float = 29.0
    asking: float = 0.5
    writing: float = 0.1
    retrying: float = 1.0
    patience: float = 30.0
    noticing: float = 1.25
    settling: float = 2.0


class Worker(NamedTuple):
    """What does a job, as the clerk sees it.

    :ivar account: gives where its bar stands.
    :ivar catch_up: tells clients how far it is, if they were not: the step that goes on may take long.
    :ivar take_back: tells clients that it is alive, whom somebody may have told that it is not.
    """

    account: Callable[[], Account]
    catch_up: Callable[[], None]
    take_back: Callable[[], None]


class Clerk:
    """Writes down where bars stand, renews runs, and asks whether they shall end."""

    def __init__(self, pace: ClerkPace = ClerkPace()) -> None:
        self.pace = pace
        self.forget()
        self._fork = ForkGuard(self.forget)

    def forget(self) -> None:
        """Start without bars, as a forked process must: its parent looks after them."""
        self._condition = threading.Condition()
        self._pen = threading.Lock()
        self._changed: dict[str, Account] = {}
        self._runs: dict[Run, Worker] = {}
        self._ended: list[Run] = []
        self._asked: dict[Run, float] = {}
        self._looked = 0.0  # when it was asked whether the store knows the runs
        self._written: dict[str, Sequence[str]] = {}  # lines of logs, of runs that go on
        self._failing_since = 0.0
        self._is_urgent = False
        self._thread: threading.Thread | None = None

    def note(self, account: Account, run: Run | None, *, wait: bool) -> None:
        """Something of a bar has changed: write it down.

        :param run: that goes on there.
        :param wait: for that to be done, so that whoever hears of the change and asks the store is told the same.
        """
        self._fork.check()
        if wait:
            with suppress(StoreError):  # it is tried again
                self._write(account, run)
                return
        with self._condition:
            self._changed[account.address.topic] = account
            self._wake()

    def begin(self, run: Run, worker: Worker) -> None:
        """Look after ``run``."""
        self._fork.check()
        with self._condition:
            self._runs[run] = worker
            self._wake()

    def end(self, run: Run, account: Account) -> None:
        """``run`` has ended: write down how, and release it. ``run.is_over`` is set then."""
        with self._condition:
            self._runs.pop(run, None)
            self._changed[account.address.topic] = account
            self._ended.append(run)
            self._is_urgent = True
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="WebSocket jobs", daemon=False)
            try:
                self._thread.start()
            except RuntimeError:  # the process is ending, or the system has no more threads
                self._thread = None
                self._drop_changes()
        else:
            self._condition.notify()

    def _work(self) -> None:
        while self._has_work():
            started = monotonic()
            try:
                self._do()
                self._failing_since = 0.0
            except StoreError:  # which is logged
                self._give_up_in_time()
            except Exception:
                logger.exception("It cannot be written down where the progress bars of this process stand")
                self._drop_changes()
            self._pause(started)
        self._give_up_runs()

    def _has_work(self) -> bool:
        with self._condition:
            self._is_urgent = False
            if self._changed or self._ended or self._has_runs_that_go_on():
                return True
            self._thread = None
            return False

    def _has_runs_that_go_on(self) -> bool:
        """Whether there are runs that the end of the main thread does not end as well."""
        threads = [run.thread for run in self._runs]
        if threading.main_thread().is_alive():
            return bool(threads)
        return any(thread.is_alive() and not thread.daemon for thread in threads)

    def _give_up_runs(self) -> None:
        """The process ends in the middle of runs of daemon threads: say so, for others to begin them anew."""
        if threading.main_thread().is_alive() or not is_shared():
            return
        with self._condition:
            runs = list(self._runs.items())
        with suppress(StoreError):  # then they are dead when they have not been renewed for long enough
            for run, worker in runs:
                run.renewed = 0.0
                renew(run, 0.0)
                self._write(worker.account(), run)

    def _do(self) -> None:
        with self._condition:
            runs = list(self._runs.items())
        if is_shared():
            self._look_for_lost([run for run, _ in runs])
        for run, worker in runs:
            try:
                worker.catch_up()
            except Exception:  # of a subclass that has its own way to tell; the run is alive all the same
                logger.exception("Clients cannot be told how far a job is (%r)", run.address)
        if is_shared():
            for run, worker in runs:
                self._look_after(run, worker)
        self._write_changes()
        self._release_ended()

    def _look_for_lost(self, runs: Sequence[Run]) -> None:
        """Have the store told at once of those that it has lost, which are alive; clients may have heard otherwise."""
        now = time()
        if runs and _is_due(now, self._looked, self.pace.asking):
            self._looked = now
            for run in find_lost(runs):
                run.told, run.heard_of = None, 0.0
                with self._pen:
                    self._written.pop(run.address.topic, None)

    def _look_after(self, run: Run, worker: Worker) -> None:
        now, pace = time(), self.pace
        if run.is_cancellable and not run.is_cancelled and _is_due(now, self._asked.get(run, 0.0), pace.asking):
            self._asked[run] = now
            if is_asked_to_end(run):
                run.cancel()
        is_due = _is_due(now, run.renewed, min(pace.renewal, conf.get("RETAIN_SECONDS") / 3))
        if run.told is None or is_due:
            renew(run, pace.lifetime)
            run.renewed = now
            self._write(worker.account(), run)
            if self.has_been_silent(run):
                worker.take_back()
            run.heard_of = now

    def has_been_silent(self, run: Run) -> bool:
        """Whether clients may have been told that ``run`` is dead."""
        is_late = abs(time() - run.heard_of) > SILENT * self.pace.lifetime
        return is_late and is_shared() and not run.is_inherited

    def _write_changes(self) -> None:
        with self._condition:
            changed = dict(self._changed)
            alive = {run.address: run for run in self._runs}
        for topic, account in changed.items():
            run = alive.get(account.address)
            if is_shared():
                self._write(account, run)
            with self._condition:
                if self._changed.get(topic) is account:
                    del self._changed[topic]

    def _write(self, account: Account, run: Run | None) -> None:
        topic, store = account.address.topic, shared_store()
        with self._pen:  # what is written last is what is so
            lines = account.lines()
            new = None if lines == self._written.get(topic) else lines
            id_, until = ("", 0.0) if run is None else (run.id, _renewed(run) + self.pace.lifetime)
            entries = entries_of(account, id_, until, new)
            store.ask_and_wait(store.store.publish, topic, uuid.uuid4().hex, entries, 0)
            if run is None:
                self._written.pop(topic, None)
            elif lines is not None:
                self._written[topic] = lines

    def _release_ended(self) -> None:
        with self._condition:
            ended = list(self._ended)
        for run in ended:
            if is_shared():
                release(run)
            self._forget_run(run)

    def _forget_run(self, run: Run) -> None:
        with self._condition:
            self._ended.remove(run)
            self._asked.pop(run, None)
        run.is_over.set()

    def _give_up_in_time(self) -> None:
        """The store does not answer: try again, but not for ever, and not at all when the process is about to end."""
        now = monotonic()
        self._failing_since = self._failing_since or now
        with self._condition:
            for run in self._ended:
                run.is_over.set()  # nobody need wait for that
        if now - self._failing_since > self.pace.patience or not threading.main_thread().is_alive():
            self._drop_changes()

    def _drop_changes(self) -> None:
        with self._condition:
            self._changed.clear()
            ended = list(self._ended)
        for run in ended:
            self._forget_run(run)

    def _pause(self, started: float) -> None:
        """Wait for something to do, and in any case so long that nothing is done too often."""
        pace, is_failing = self.pace, bool(self._failing_since)
        with self._condition:
            if not (self._changed or self._ended):
                if not self._runs:
                    return
                self._condition.wait(pace.asking)
            rest = (pace.retrying if is_failing else pace.writing) - (monotonic() - started)
            if is_failing or not self._is_urgent:
                self._condition.wait_for(lambda: self._is_urgent and not is_failing, max(0.0, rest))


def _renewed(run: Run) -> float:
    """When ``run`` was renewed last; of a parent's nothing is known but that its process works for it."""
    return time() if run.is_inherited else run.renewed


def _is_due(now: float, last: float, interval: float) -> bool:
    """Whether so many seconds have passed, by a clock that may be set."""
    return not last <= now < last + interval


#: That of this process.
clerk = Clerk()
