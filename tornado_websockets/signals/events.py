"""The signals of events: they are told by the core, which knows no signals, while they have receivers."""

from collections.abc import Callable
from typing import Any, Final

from ..core.watching import Outcome, on_handled, on_refused
from .loop_signal import LoopSignal


class _WatchingSignal(LoopSignal):
    """A signal that has the core tell us once somebody wants to know.

    :param tellers: where the core looks for whom to tell.
    :param tell: is put there with the first receiver.
    """

    def __init__(self, tellers: list[Any], tell: Callable[..., object]) -> None:
        super().__init__()
        self._tellers = tellers
        self._tell = tell

    def connect(self, *arguments: Any, **options: Any) -> None:
        """See :class:`LoopSignal`."""
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


event_handled: Final = _WatchingSignal(on_handled, _handled)
event_refused: Final = _WatchingSignal(on_refused, _refused)
