"""Django signals for what happens to clients and their events; whoever sends none pays nothing for them.

Receivers are called on the event loop, so they must be quick: what may block belongs in a task or a thread. What one
raises is logged by Django. A receiver that is connected with ``sender=ws`` hears of that WebSocket alone.

:data:`connected`
    A client has connected, and its ``open`` handler has not run yet. Arguments: ``socket``.

:data:`disconnected`
    It has gone, and its ``close`` handler has not run yet. Arguments: ``socket``.

:data:`event_handled`
    A handler has ended, one of ``open`` and ``close`` too; a generator, with its last part. Arguments: ``socket``;
    ``event``, its name; ``duration`` in seconds, waiting for a thread included; ``outcome``: ``"handled"``,
    ``"refused"``, ``"failed"`` or ``"cancelled"``.

:data:`event_refused`
    An event was refused, by us or by its handler. Arguments: ``socket``; ``event``, its name, or ``None`` where it was
    not read; ``code``, the one that the client is told.
"""

from collections.abc import Callable
from typing import Any, Final

from django.dispatch import Signal

from .core.watching import Outcome, on_handled, on_refused


class _WatchingSignal(Signal):
    """A signal that has the core tell us once somebody wants to know.

    :param tellers: where the core looks for whom to tell.
    :param tell: is put there with the first receiver.
    """

    def __init__(self, tellers: list[Any], tell: Callable[..., object]) -> None:
        super().__init__()
        self._tellers = tellers
        self._tell = tell

    def connect(self, *arguments: Any, **options: Any) -> None:
        """See :class:`django.dispatch.Signal`."""
        super().connect(*arguments, **options)
        if self._tell not in self._tellers:
            self._tellers.append(self._tell)

    def disconnect(self, *arguments: Any, **options: Any) -> bool:
        """See :class:`django.dispatch.Signal`."""
        is_disconnected = super().disconnect(*arguments, **options)
        if not self.receivers and self._tell in self._tellers:
            self._tellers.remove(self._tell)
        return bool(is_disconnected)


def _handled(client: Any, event: str, duration: float, outcome: Outcome) -> None:
    options = {"event": event, "duration": duration, "outcome": str(outcome)}
    event_handled.send_robust(client.websocket, socket=client.socket, **options)


def _refused(client: Any, event: str | None, code: str) -> None:
    event_refused.send_robust(client.websocket, socket=client.socket, event=event, code=str(code))


connected: Final = Signal()
disconnected: Final = Signal()
event_handled: Final = _WatchingSignal(on_handled, _handled)
event_refused: Final = _WatchingSignal(on_refused, _refused)
