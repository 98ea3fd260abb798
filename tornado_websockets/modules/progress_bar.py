"""``ProgressBar`` as it first was: with a WebSocket of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..websocket import WebSocket
from .progress import Number, Progress

C = TypeVar("C", bound=Callable[..., Any])

#: Where these WebSockets are.
PREFIX = "/module/progress_bar"


class ProgressBar(Progress):
    """A progress bar at ``/module/progress_bar/<path>``, indeterminate when ``min`` and ``max`` are equal.

    :param path: below the path of all of them.
    :param min: where it starts.
    :param max: where it is done.
    :param add_to_handlers: as of :class:`~tornado_websockets.websocket.WebSocket`.
    :raises ValueError: ``max`` is below ``min``.

    :ivar websocket: its WebSocket.
    :ivar path: the path of that.
    """

    position_name = "value"

    def __init__(
        self,
        path: str,
        min: Number = 0,  # noqa: A002 names of old
        max: Number = 100,  # noqa: A002
        add_to_handlers: bool = True,
    ) -> None:
        super().__init__(min, max, indeterminate=min == max)
        self.websocket = WebSocket(f"{PREFIX}/{path.strip().lstrip('/')}", add_to_handlers)
        self.path = self.websocket.path
        self.websocket.dispatcher.register(self._introduce, at="open")

    @property
    def context(self) -> Any:
        """What handlers get as ``self``."""
        return self.websocket.context

    @context.setter
    def context(self, context: Any) -> None:
        self.websocket.context = context

    @property
    def value(self) -> Number:
        """The position; setting one outside of ``min`` to ``max`` raises ``ValueError``."""
        return self._position

    @value.setter
    def value(self, position: Number) -> None:
        self._move(position)

    def on(self, callback: C) -> C:
        """Register a handler; see :meth:`WebSocket.on`."""
        return self.websocket.on(callback)

    async def _introduce(self, socket: Any) -> None:
        for event, data in self._introduction():
            socket.emit(event, data)

    def _tell(self, event: str, data: dict[str, Any] | None = None, *, supersede: bool = False) -> None:
        self.websocket.send(event, data, supersede=supersede, on_commit=False)
