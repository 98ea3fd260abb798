"""Calls for worker threads: which is taken next, and who is told of its outcome.

Calls of one key never overlap, and wait for nobody else's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from contextvars import Context
from typing import Any, NamedTuple

from ..tasks import settle


class Job(NamedTuple):
    """A call that waits for a thread, and who waits for its outcome.

    :ivar key: calls of the same key do not overlap; ``None`` for one that may overlap with any.
    """

    call: Callable[[], Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    outcome: asyncio.Future[Any]
    key: Hashable = None


class Jobs:
    """Jobs that wait. Used under a lock of its owner's."""

    def __init__(self) -> None:
        self._ready: deque[Job] = deque()
        self._behind: dict[Hashable, deque[Job]] = {}  # one of the same key, which is ready or at work
        self._dropped = 0

    def __len__(self) -> int:
        """How many could be begun now."""
        return len(self._ready)

    def put(self, job: Job) -> bool:
        """Let ``job`` wait; whether it could be begun now."""
        if job.key is None:
            self._ready.append(job)
            return True
        waiting = self._behind.get(job.key)
        if waiting is not None:
            waiting.append(job)
            return False
        self._behind[job.key] = deque()
        self._ready.append(job)
        return True

    def take(self) -> Job | None:
        """The job to be done next, if any could be begun now. Pairs with :meth:`done`."""
        return self._ready.popleft() if self._ready else None

    def done(self, job: Job) -> None:
        """Let the next job of the same key be taken."""
        waiting = self._behind.get(job.key)
        if waiting:
            self._ready.append(waiting.popleft())
        elif waiting is not None:
            del self._behind[job.key]

    def forget_one_cancelled(self) -> None:
        """One that has no key was cancelled: let go, now and then, what such jobs hold."""
        self._dropped += 1
        if 2 * self._dropped >= len(self._ready):
            self._ready = deque(job for job in self._ready if job.key is not None or not job.outcome.cancelled())
            self._dropped = 0

    def free_all(self) -> None:
        """Let nothing wait for another of its key."""
        for waiting in self._behind.values():
            self._ready.extend(waiting)
        self._behind.clear()

    def take_all(self) -> list[Job]:
        """Everything that waits, which waits no more."""
        self.free_all()
        jobs = list(self._ready)
        self._ready.clear()
        return jobs


def perform(job: Job, around: Callable[[Callable[[], Any]], Any]) -> None:
    """Do a job, in a worker thread, and tell whoever waits for it.

    :param around: calls what it is given.
    """
    try:
        result = job.context.run(around, job.call)
    except (KeyboardInterrupt, GeneratorExit) as error:  # nobody's Ctrl-C, which only the main thread gets
        tell(job, None, _translate(error))
    except BaseException as error:  # the handler's, which is raised where it is awaited
        tell(job, None, error)
    else:
        tell(job, result, None)


def tell(job: Job, result: Any, error: BaseException | None) -> None:
    """Tell whoever waits for a job what has become of it. From any thread."""
    with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
        job.loop.call_soon_threadsafe(settle, job.outcome, result, error)


def _translate(error: BaseException) -> RuntimeError:
    """What can be raised where the call is awaited, and end nothing but the call."""
    translation = RuntimeError(f"A function raised {type(error).__name__} in a worker thread.")
    translation.__cause__ = error
    return translation
