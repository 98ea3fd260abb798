"""What it means to run a handler: whose handler is running, what becomes of its result, and of its errors."""

from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol

from ...exceptions import Refused, is_connection_closed
from ..counters import counters
from ..forking import after_fork
from ..logger import logger
from ..protocol.frames import Code, Frame, Refusal
from ..tasks import is_own_cancellation
from .leasing import lease_threads, leases
from .signatures import Handler, Run


class Caller(Protocol):
    """The client whose event is handled.

    :ivar run: runs what may block, away from the event loop.
    :ivar leases_threads: whether what its handlers await in threads has one of its own; a test has its thread.
    :ivar sent_to: the topic that its handlers have sent to last.
    """

    path: str
    id: str
    run: Run
    leases_threads: bool
    sent_to: str | None

    def __hash__(self) -> int: ...

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent to it any more."""

    def translate(self, error: BaseException) -> Refused | None:
        """The refusal that an error of some framework stands for, if it is meant as one."""

    def values(self, frame: Frame) -> dict[str, Any]:
        """What a handler may take as arguments, by name: made anew for each call."""

    def reply(self, frame: Frame, result: Any) -> None:
        """Answer a frame that wants a reply with what its handler has returned."""


#: All that a client is told of a handler that failed.
FAILED: Final = "The handler of the event failed."

#: The client whose handler is running. It follows into the tasks and asgiref threads that the handler starts.
current: ContextVar[Caller | None] = ContextVar("tornado_websockets.connection", default=None)

after_fork(partial(current.set, None))


def sender_to(topic: str) -> Caller | str:
    """Whose turn it takes to send something to ``topic`` now, and in whose order it stays.

    That is the client whose handler is running; elsewhere it is the topic, so that all who send there keep the order in
    which they do.
    """
    caller = current.get()
    return topic if caller is None else caller


async def call(handler: Handler, frame: Frame, caller: Caller) -> Refusal | None:
    """Run the handler of an event, to its end. What it raises comes back as a refusal, and is logged if it is none."""
    counters.handlers_running += 1
    current.set(caller)
    if caller.leases_threads:
        lease_threads()
    started = monotonic()
    try:
        result = await handler.start(handler.bind(caller.values(frame)), caller.run)
        if frame.id is not None:
            caller.reply(frame, result)
        return None
    except BaseException as error:
        if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
            raise
        refused = error if isinstance(error, Refused) else _translate(caller, frame.event, error)
        if refused is not None:
            return Refusal(refused.code, str(refused.message), frame.id, refused.details)
        _log(caller, frame.event, error)
        return Refusal(Code.HANDLER_ERROR, FAILED, frame.id)
    finally:
        current.set(None)
        leases.release()
        counters.handlers_running -= 1
        counters.handler_seconds += monotonic() - started


def _translate(caller: Caller, event: str, error: BaseException) -> Refused | None:
    """What ``error`` means where it is a framework's way to say no. Its own text is for the log only."""
    refused = caller.translate(error)
    if refused is not None:
        where = caller.path, caller.id
        logger.info("The handler of %r refused with %r (path %.64r, connection %s)", event, error, *where)
    return refused


def _log(caller: Caller, event: str, error: BaseException) -> None:
    """Count and log an error with its traceback, unless it only says that the client has gone."""
    where = caller.path, caller.id
    if caller.closed and is_connection_closed(error):
        logger.info("The handler of %r found its client gone (path %.64r, connection %s)", event, *where)
        return
    counters.handler_errors += 1
    logger.error("The handler of %r failed (path %.64r, connection %s)", event, *where, exc_info=error)
