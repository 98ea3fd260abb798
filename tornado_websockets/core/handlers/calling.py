"""What it means to run a handler: whose handler is running, what becomes of its result, and of its errors."""

import logging
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any, Final, Protocol

from ...exceptions import Refused, RequestRefused, is_connection_closed
from ..counters import counters
from ..forking import after_fork
from ..logger import log_error, logger, shown
from ..protocol.frames import Code, Frame, Refusal
from ..protocol.offers import Offer
from ..tasks import is_own_cancellation
from ..watching import Outcome, on_handled
from .leasing import lease_threads, leases
from .signatures import PARTS, Handler, Parts, Source


class Caller(Source, Protocol):
    """The client whose event is handled.

    :ivar leases_threads: whether what its handlers await in threads has one of its own; a test has its thread.
    :ivar offer: of its handshake: no log shows the token in it.
    :ivar sent_to: the topic that its handlers have sent to last.
    """

    path: str
    id: str
    leases_threads: bool
    offer: Offer
    sent_to: str | None

    def __hash__(self) -> int: ...

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent to it any more."""

    def find_gone(self) -> bool:
        """A handler has found the client gone. Whether it is the first: what else came before may be much."""

    def translate(self, error: BaseException) -> Refused | None:
        """The refusal that an error of some framework stands for, if it is meant as one."""

    def reply(self, frame: Frame, result: Any) -> None:
        """Answer a frame that wants a reply with what its handler has returned."""

    def refusal_of_parts(self, frame: Frame) -> Refusal | None:
        """Why a frame cannot be answered in parts, if it cannot."""

    def reply_in_parts(self, frame: Frame, handler: Handler, parts: Parts) -> Refusal | None:
        """Begin to answer a frame with what a generator yields; why not, if it cannot be."""


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
    """Run the handler of an event, to its end; a generator, up to where it begins.

    What it raises comes back as a refusal, and is logged if it is none.
    """
    counters.handlers_running += 1
    current.set(caller)
    if caller.leases_threads:
        lease_threads()
    started = monotonic()
    refusal: Refusal | None = None
    raised: Outcome | None = None
    goes_on = False
    try:
        if handler.answers_in_parts:
            refusal = caller.refusal_of_parts(frame)
        if refusal is None:
            result = await handler.begin(caller, frame)
            if isinstance(result, PARTS):
                refusal = caller.reply_in_parts(frame, handler, result)
                goes_on = refusal is None
            elif frame.id is not None:
                caller.reply(frame, result)
    except BaseException as error:
        if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
            tell_handled(caller, frame, started, Outcome.CANCELLED)
            raise
        refusal, raised = refusal_of(error, frame, caller)
    finally:
        current.set(None)
        if leases.leased:
            leases.release()
        counters.handlers_running -= 1
        counters.handler_seconds += monotonic() - started
    if on_handled and not goes_on:
        outcome = Outcome.HANDLED if refusal is None else raised or Outcome.REFUSED
        tell_handled(caller, frame, started, outcome)
    return refusal


def refusal_of(error: BaseException, frame: Frame, caller: Caller) -> tuple[Refusal, Outcome]:
    """What a client is told of an error of a handler, and how that has ended by it. It is logged, if it is no refusal.

    The code does not tell them apart: an application may refuse with any, that of a failure included.
    """
    refused = error if isinstance(error, Refused) else _translate(caller, frame.event, error)
    if refused is not None:
        return Refusal(refused.code, str(refused.message), frame.id, refused.details), Outcome.REFUSED
    log_failure(caller, frame.event, error)
    return Refusal(Code.HANDLER_ERROR, FAILED, frame.id), Outcome.FAILED


def tell_handled(caller: Caller, frame: Frame, started: float, outcome: Outcome) -> None:
    """Tell those who want to know that the handler of ``frame``, begun at ``started``, has ended."""
    for tell in on_handled:
        tell(caller, frame.event, monotonic() - started, outcome)


def _translate(caller: Caller, event: str, error: BaseException) -> Refused | None:
    """What ``error`` means where it is a framework's way to say no. Its own text is for the log only."""
    refused = caller.translate(error)
    if refused is not None:
        # Who may not is worth a line of every log, as Django gives a view's 403; data that do not fit are everyday.
        level = logging.WARNING if refused.code == Code.FORBIDDEN else logging.INFO
        if logger.isEnabledFor(level):
            where, what = (caller.path, caller.id), shown(caller.offer, error)
            logger.log(level, "The handler of %.64r refused with %s (path %.64r, connection %s)", event, what, *where)
    return refused


def log_failure(caller: Caller, event: str, error: BaseException) -> None:
    """Count and log an error with its traceback; one that only says that the client has gone in a line, and once."""
    where = caller.path, caller.id
    if caller.closed and is_connection_closed(error):
        if caller.find_gone():
            logger.info("The handler of %.64r found its client gone (path %.64r, connection %s)", event, *where)
        return
    counters.handler_errors += 1
    if isinstance(error, RequestRefused):  # the client's doing, which could fill the log with tracebacks
        reason = caller.offer.hide(str(error))
        logger.warning(
            "The handler of %.64r was refused an answer: %s (path %.64r, connection %s)", event, reason, *where
        )
        return
    log_error(caller.offer, error, "The handler of %.64r failed (path %.64r, connection %s)", event, *where)
