"""``Module``: events of their own on somebody's WebSocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.dispatch import RESERVED
from ..exceptions import NotCallableError

if TYPE_CHECKING:
    from ..core.frames import Data
    from ..core.sent import Sent
    from ..publication import Publication
    from ..websocket import WebSocket

C = TypeVar("C", bound=Callable[..., Any])


class Module:
    """Something that speaks to the clients of the WebSocket it is bound to, with :meth:`WebSocket.bind`.

    Its events are named ``module_<name>_<event>`` on the wire.

    :param name: distinguishes it from the other modules of the same WebSocket.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise TypeError(f"Expected the name of the module as a str that is not empty, got {name!r}.")
        self.name = name
        self.websocket: WebSocket | None = None
        self._callbacks: list[Callable[..., Any]] = []
        self.initialize()

    def initialize(self) -> None:
        """Register handlers with :meth:`on`; for subclasses."""

    def event_name(self, event: str) -> str:
        """The name of ``event`` on the wire."""
        return f"module_{self.name}_{event}"

    def on(self, callback: C) -> C:
        """Register a handler, as :meth:`WebSocket.on` does, for the event of this module that it is named after.

        ``open`` and ``close`` are called after those of the WebSocket.
        """
        if not callable(callback):
            raise NotCallableError(callback)
        self._callbacks.append(callback)
        if self.websocket is not None:
            self._register(self.websocket, callback)
        return callback

    def emit(
        self, event: str, data: Data | str | None = None, *, supersede: bool = False, on_commit: bool = True
    ) -> Sent | Publication:
        """Send an event of this module to all clients: from a handler, a thread, a task, a command.

        What cannot reach other processes is counted and logged.

        :param supersede: a client that still waits for an earlier ``event`` gets only this one.
        :param on_commit: outside of handlers, wait for the commit of an open database transaction.
        :raises RuntimeError: the module is bound to no WebSocket.
        :raises TypeError, ValueError, InvalidInstanceError: as ``WebSocket.emit``; a ``TypeError`` also where the path
            of the WebSocket has parameters and none of its handlers is running.
        :raises PublishError: where it is awaited outside of handlers, and the channel layer refused the event.
        """
        if self.websocket is None:
            raise RuntimeError(f"The module {self.name!r} is bound to no WebSocket: call WebSocket.bind(module) first.")
        return self.websocket.send(self.event_name(event), data, supersede=supersede, on_commit=on_commit)

    def bind_to(self, websocket: WebSocket) -> None:
        """Part of :meth:`WebSocket.bind`."""
        if self.websocket is not None:
            raise RuntimeError(f"The module {self.name!r} is already bound to {self.websocket!r}; make another one.")
        for callback in self._callbacks:
            self._register(websocket, callback)
        self.websocket = websocket

    def _register(self, websocket: WebSocket, callback: Callable[..., Any]) -> None:
        event = callback.__name__
        at = event if event in RESERVED else None
        websocket.dispatcher.register(callback, self.event_name(event), at=at)
