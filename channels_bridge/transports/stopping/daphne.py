"""How connections end when daphne stops."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tornado_websockets.conf import stop_times
from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.core.protocol.closing import GOING_AWAY
from tornado_websockets.core.stopping import Stop, stop, stopping

from ..recognition import is_a
from .signals import TakenSignals, owner_of_signals


def reactor_of_daphne() -> Any:
    """Twisted's event loop, where daphne is loaded: as an app of Django it is, whatever serves. Else ``None``."""
    return sys.modules.get("twisted.internet.reactor") if "daphne.server" in sys.modules else None


def is_daphne_serving() -> bool:
    """Whether this process is run by daphne."""
    return bool(getattr(reactor_of_daphne(), "running", False))


def when_daphne_serves(begin: Callable[[], object]) -> None:
    """Call ``begin`` on daphne's event loop as soon as it runs, if it ever does."""
    reactor = reactor_of_daphne()
    if reactor is not None:
        reactor.callWhenRunning(reactor.callLater, 0, begin)


class DaphneStop:
    """The stop of daphne, which by itself cancels all applications at once, and closes no connection.

    To be made on its event loop.
    """

    def __init__(self) -> None:
        self._reactor = reactor_of_daphne()
        self._loop = asyncio.get_running_loop()
        self._stop: Stop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._signals = TakenSignals(self._loop, self._begin, self._hurry)
        if owner_of_signals() is self._reactor:  # not so where daphne was told to leave signals alone
            self._signals.take()
        self._reactor.addSystemEventTrigger("before", "shutdown", self._on_shutdown)

    def _begin(self) -> None:
        if self._stop is None:
            self._stop = Stop(hub.shard(), GOING_AWAY, self._close_ports, stop_times())
            self._task = self._loop.create_task(self._run(self._stop))

    def _hurry(self) -> None:
        if self._stop is not None:
            self._stop.hurry()

    async def _run(self, stop: Stop) -> None:
        try:
            await stop.tell()
            await stop.end()  # before daphne cancels what is left
        finally:
            self._signals.hand_on()

    def _close_ports(self) -> None:
        for port in ports_of(self._reactor):
            port.stopListening()

    def _on_shutdown(self) -> Any:
        """Daphne stops. Where no signal had it do so, connections are still open."""
        from twisted.internet import defer

        if self._task is None:
            stopping.begin()
            shard = hub.shard()
            shard.close_all(GOING_AWAY)  # at once: the applications are cancelled, and end when the loop runs on
            self._task = self._loop.create_task(stop(shard))
        return defer.Deferred.fromFuture(self._task)


def ports_of(reactor: Any) -> Iterator[Any]:
    """The ports on which daphne listens."""
    for reader in reactor.getReaders():
        factory = getattr(reader, "factory", None)
        if is_a(getattr(factory, "wrappedFactory", factory), "daphne.http_protocol", "HTTPFactory"):
            yield reader
