"""Publishing: once the database transaction is committed, and with word of how it went."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import NamedTuple

from asgiref.sync import AsyncToSync

from .core.complaints import Complaints
from .core.control import Note
from .core.delivery.hub import Hub
from .core.delivery.message import Message
from .core.delivery.sending import Publication
from .core.delivery.shard import is_loop_running
from .exceptions import PublishError

#: Seconds that nobody waits. Without any deadline, gevent takes waiting for a deadlock where nothing else goes on.
_DAY = 86_400.0

#: What did not reach other processes, and nobody was told of by an error.
_unheard = Complaints(level=logging.WARNING)


class Options(NamedTuple):
    """How a message is published.

    :ivar on_commit: wait for the commit of an open transaction.
    :ivar using: of which database; ``None`` for any.
    :ivar fail_silently: log what fails, and raise nothing.
    :ivar wait: in sync code, return when the channel layer has taken the message. Without that, only a process that
        serves nobody waits, since it may end as soon as this returns; then errors are not raised.
    """

    on_commit: bool = True
    using: str | None = None
    fail_silently: bool = False
    wait: bool = True


def publish(hub: Hub, message: Message | Note, options: Options) -> Publication:
    """Send ``message``, after the commit of an open transaction if the options say so.

    In async code below ``async_to_sync`` that is the transaction of the sync code, in whose thread it is looked for.

    :raises PublishError: in sync code, when the other processes were not reached.
    """
    call = partial(_publish, hub, message, options)
    executor = getattr(AsyncToSync.executors, "current", None) if options.on_commit and is_loop_running() else None
    if executor is None:  # no async_to_sync is at work
        return call()
    try:
        outcome = executor.submit(copy_context().run, call)
    except RuntimeError:  # that sync code has ended, and so has its transaction
        return call()
    return Publication(outcome)


def _publish(hub: Hub, message: Message | Note, options: Options) -> Publication:
    if options.on_commit and _wait_for_commits(partial(_publish_committed, hub, message), options.using):
        return Publication()
    outcome = hub.publish(message)
    if options.fail_silently:
        _log_failure_of(outcome)
    if outcome is not None and not is_loop_running():
        try:
            if options.wait or hub.is_empty:
                outcome.result(_DAY)
        except PublishError:  # it was counted and logged
            if options.wait and not options.fail_silently:
                raise
            outcome = None
    return Publication(outcome, is_silent=options.fail_silently)


def after_commit(send: Callable[[], None], using: str | None = None) -> None:
    """Call ``send`` once the open transactions are committed, of the database ``using`` or of any; else now."""
    if not _wait_for_commits(send, using):
        send()


def _wait_for_commits(send: Callable[[], None], using: str | None = None) -> bool:
    """Whether a transaction is open; if so, ``send`` is called when all that are have been committed.

    Django lets go of what was to be called after the commit of one that is rolled back: then the others wait in vain.

    :param using: the alias of the one database that counts.
    """
    from django.db import connections, transaction

    counting = connections.all(initialized_only=True) if using is None else (connections[using],)
    left = {connection.alias for connection in counting if connection.in_atomic_block}

    def note_commit(alias: str) -> None:
        if alias in left:  # a test may call what waits for a commit, which comes all the same
            left.remove(alias)
            if not left:
                send()

    for alias in sorted(left):
        transaction.on_commit(partial(note_commit, alias), using=alias, robust=True)
    return bool(left)


def _log_failure_of(outcome: "Future[None] | None") -> None:
    if outcome is not None:
        outcome.add_done_callback(_log_failure)


def _log_failure(outcome: "Future[None]") -> None:
    error = outcome.exception()
    if isinstance(error, PublishError):
        text = "Published %r, which reached no other process: %r (path %.64r)"
        _unheard.add("publish", text, error.event, error.__cause__, error.path)


def _publish_committed(hub: Hub, message: Message | Note) -> None:
    _publish(hub, message, Options(on_commit=False, fail_silently=True))  # whoever asked has gone on


def publish_all(messages: Iterable[tuple[Hub, Message]]) -> None:
    """Send what a transaction has committed, each message by its hub.

    In sync code it returns when the channel layer has taken all of it. What fails is counted and logged, as with
    :func:`publish` after a commit.
    """
    outcomes = [hub.publish(message) for hub, message in messages]
    for outcome in outcomes:
        _log_failure_of(outcome)
    if is_loop_running():
        return
    for outcome in outcomes:
        if outcome is not None:
            with suppress(PublishError):
                outcome.result(_DAY)
