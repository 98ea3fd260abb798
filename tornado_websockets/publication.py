"""Publishing: once the database transaction is committed, and with word of how it went."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from asgiref.sync import AsyncToSync, sync_to_async

from .core.hub import hub
from .core.lane import is_loop_running
from .core.sent import Begun
from .exceptions import PublishError

#: What goes on in async code below sync code: the event loop alone would not keep it.
_calling: set[asyncio.Future[None]] = set()


class Publication(Begun):
    """A message on its way to the other processes. Awaiting it raises ``PublishError`` when it did not get there."""

    __slots__ = ("_outcome",)

    def __init__(self, outcome: "Future[None] | asyncio.Future[None] | None" = None) -> None:
        self._outcome = outcome

    def __await__(self) -> Generator[Any, Any, None]:
        if self._outcome is not None:
            yield from asyncio.wrap_future(self._outcome).__await__()


def publish(
    path: str, event: str, text: str, *, on_commit: bool, key: str | None = None, wait: bool = True
) -> Publication:
    """Send ``text`` to every client of ``path``, after the commit of an open transaction if ``on_commit``.

    :param wait: in sync code, return when the channel layer has taken it. Without that, only a process that serves
        nobody waits, since it may end as soon as this returns; then errors are not raised.
    :raises PublishError: in sync code, when the other processes were not reached.
    """
    if on_commit and _wait_for_commits(partial(_publish_committed, path, event, text, key)):
        return Publication()
    outcome = hub.publish(path, event, text, key=key)
    if outcome is not None and not is_loop_running():
        if wait:
            outcome.result()
        elif hub.is_empty:
            with suppress(PublishError):  # counted and logged
                outcome.result()
    return Publication(outcome)


def publish_below_sync_code(call: Callable[[], Publication]) -> Publication:
    """Call where the transaction is, if there is one: in the thread of the sync code that called this async code."""
    if getattr(AsyncToSync.executors, "current", None) is None or not is_loop_running():  # no async_to_sync is at work
        return call()
    calling = asyncio.ensure_future(_call_in_sync_code(call))
    _calling.add(calling)
    calling.add_done_callback(_calling.discard)
    return Publication(calling)


async def _call_in_sync_code(call: Callable[[], Publication]) -> None:
    has_begun = False

    def begin() -> None:
        nonlocal has_begun
        has_begun = True
        call()

    try:
        await sync_to_async(begin)()
    except RuntimeError:
        if has_begun:
            raise
        await call()  # that sync code has ended, and so has its transaction


def _wait_for_commits(send: Callable[[], None], committed: frozenset[str] = frozenset()) -> bool:
    """Whether a transaction is open; if so, ``send`` is called when it, and any other by then, is committed.

    :param committed: aliases of the databases whose commits were waited for. A test that captures the callbacks of its
        transaction calls them while that is still open.
    """
    from django.db import connections, transaction

    for connection in connections.all(initialized_only=True):
        alias = connection.alias
        if connection.in_atomic_block and alias not in committed:
            transaction.on_commit(partial(_send_unless_open, send, committed | {alias}), using=alias, robust=True)
            return True
    return False


def _send_unless_open(send: Callable[[], None], committed: frozenset[str]) -> None:
    if not _wait_for_commits(send, committed):
        send()


def _publish_committed(path: str, event: str, text: str, key: str | None) -> None:
    with suppress(PublishError):  # counted and logged; the work is committed, and whoever asked has gone on
        publish(path, event, text, on_commit=False, key=key)
