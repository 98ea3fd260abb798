"""``ProgressBar`` as it first was: with a WebSocket of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..serving.emitting import Emitter
from ..websocket import WebSocket, endpoint_of
from .progress import Number, Progress

if TYPE_CHECKING:
    from ..serving.endpoint import Endpoint

C = TypeVar("C", bound=Callable[..., Any])

#: Where these WebSockets are.
BELOW = "/module/progress_bar"


class ProgressBar(Progress):
    """A progress bar at ``/module/progress_bar/<path>``, indeterminate when ``min`` and ``max`` are equal.

    :param path: below the path of all of them.
    :param min: where it starts.
    :param max: where it is done.
    :param add_to_handlers: as of :class:`~tornado_websockets.websocket.WebSocket`.
    :raises TypeError: ``path`` is no string.
    :raises ValueError: ``max`` is below ``min``.

    :ivar websocket: its WebSocket.
    :ivar path: as given, with a leading slash.
    """

    position_name = "value"

    def __init__(
        self,
        path: str,
        min: Number = 0,  # noqa: A002 names of old
        max: Number = 100,  # noqa: A002
        add_to_handlers: bool = True,
    ) -> None:
        if not isinstance(path, str):
            raise TypeError(f"Expected the path of a progress bar as a str, got {path!r}.")
        super().__init__(min, max, indeterminate=min == max)
        self._value = min
        self.path = "/" + path.strip().lstrip("/")
        self.websocket = WebSocket(BELOW + self.path, add_to_handlers)
        endpoint = endpoint_of(self.websocket)
        endpoint.dispatcher.register(self._introduction(), "_introduce", at="open")
        self._emitter = Emitter(endpoint)

    @property
    def context(self) -> Any:
        """What handlers get as ``self``."""
        return self.websocket.context

    @context.setter
    def context(self, context: Any) -> None:
        self.websocket.context = context

    @property
    def value(self) -> Number:
        """The position; setting one outside of ``min`` to ``max`` raises ``ValueError``, unless it is indeterminate."""
        return self._value

    @value.setter
    def value(self, value: Number) -> None:
        if not self.indeterminate and not self.min <= value <= self.max:
            raise ValueError(f"Expected value from {self.min!r} to {self.max!r}, got {value!r}.")
        self._value = value

    def on(self, callback: C) -> C:
        """Register a handler; see :meth:`WebSocket.on`."""
        return self.websocket.on(callback)

    def event_name(self, event: str) -> str:
        """The name of ``event`` on the wire, the same."""
        return event

    def _its_endpoint(self) -> Endpoint:
        return endpoint_of(self.websocket)

    def _tell_all(self, event: str, data: dict[str, Any] | None, *, supersede: bool) -> None:
        self._emitter.send(event, data, supersede=supersede, on_commit=False)
