"""Which events are reserved, and ``ws.events``, the dict in which applications see their own."""

from collections.abc import Callable
from typing import Any, Final, Protocol, Self

from ..protocol.frames import CONTROL


class Register(Protocol):
    """Where handlers are registered."""

    def replace(self, callback: Callable[..., Any], event: str) -> None:
        """Let ``callback`` answer ``event``, and nothing else."""

    def forget(self, event: str) -> None:
        """Let nothing answer ``event``."""


class Events(dict[str, Callable[..., Any]]):
    """The registered functions by event: what is put there is registered, what is taken away is forgotten.

    :param dispatcher: of the same WebSocket.
    """

    def __init__(self, dispatcher: Register) -> None:
        super().__init__()
        self._dispatcher = dispatcher

    def __setitem__(self, event: str, callback: Callable[..., Any]) -> None:
        self._dispatcher.replace(callback, event)

    def __delitem__(self, event: str) -> None:
        if event not in self:
            raise KeyError(event)
        self._dispatcher.forget(event)

    def __ior__(self, other: Any) -> Self:  # type: ignore[misc,override]
        self.update(other)
        return self

    def setdefault(self, event: str, callback: Any = None, /) -> Callable[..., Any]:
        if event not in self:
            self[event] = callback
        return self[event]

    def update(self, /, *others: Any, **more: Callable[..., Any]) -> None:
        for event, callback in dict(*others, **more).items():
            self[event] = callback

    def pop(self, event: str, *default: Any) -> Any:
        callback = dict(self).pop(event, *default)
        if event in self:
            self._dispatcher.forget(event)
        return callback

    def popitem(self) -> tuple[str, Callable[..., Any]]:
        event, callback = dict(self).popitem()
        del self[event]
        return event, callback

    def clear(self) -> None:
        for event in list(self):
            del self[event]

    def show(self, event: str, callback: Callable[..., Any] | None) -> None:
        """What the dispatcher has registered, or forgotten."""
        if callback is None:
            super().pop(event, None)
        else:
            super().__setitem__(event, callback)


#: Events that only a connection itself sets off.
RESERVED = frozenset({"open", "close"})


def check_event(event: object) -> str:
    """The name of an event that a handler may be registered for, whatever its function is called.

    :raises TypeError: it is no ``str``.
    :raises ValueError: it has no or too many characters, or is for a connection or the protocol alone.
    """
    if not isinstance(event, str):
        raise TypeError(f'Expected the name of an event as a str, as in @ws.on_event("chat:message"), got {event!r}.')
    if not 0 < len(event) <= MAX_EVENT:
        raise ValueError(f"Expected the name of an event to have 1 to {MAX_EVENT} characters, got {event!r}.")
    if event in RESERVED:
        raise ValueError(f"Only a connection itself sets off {event!r}: write a function {event} under @ws.on.")
    if event.startswith(CONTROL):
        raise ValueError(f"The event {event!r} has a name of the protocol's own: those begin with {CONTROL!r}.")
    return event


#: Characters that the name of an event may have.
MAX_EVENT: Final = 128
