"""``ProgressBar``, a module: several of them may share a WebSocket."""

from __future__ import annotations

from typing import Any

from .module import Module
from .progress import Number, Progress


class ProgressBar(Module, Progress):
    """A progress bar on a WebSocket that is there already: ``ws.bind(ProgressBar('foo'))``.

    :param name: ``'foo'`` speaks ``module_progressbar_foo_<event>``.
    :param min: where it starts.
    :param max: where it is done.
    :param indeterminate: how far it is cannot be told.
    :raises ValueError: ``max`` is below ``min``.

    :ivar current: the position; setting one outside of ``min`` to ``max`` raises ``ValueError``.
    """

    position_name = "current"

    def __init__(
        self,
        name: str,
        min: Number = 0,  # noqa: A002 names of old
        max: Number = 100,  # noqa: A002
        indeterminate: bool = False,
    ) -> None:
        Progress.__init__(self, min, max, indeterminate=indeterminate)
        Module.__init__(self, f"progressbar_{name}")

    @property
    def current(self) -> Number:
        return self._position

    @current.setter
    def current(self, position: Number) -> None:
        self._move(position)

    def initialize(self) -> None:
        """Introduce the bar to each client that connects."""

        @self.on
        async def open(socket: Any) -> None:  # noqa: A001 the name of the event
            for event, data in self._introduction():
                socket.emit(self.event_name(event), data)

    def _tell(self, event: str, data: dict[str, Any] | None = None, *, supersede: bool = False) -> None:
        self.emit(event, data, supersede=supersede, on_commit=False)
