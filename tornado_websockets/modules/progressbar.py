"""``ProgressBar``, a module: several of them may share a WebSocket."""

from __future__ import annotations

from typing import Any

from .module import Module
from .progress import Number, Progress


class ProgressBar(Module, Progress):
    """A progress bar on a WebSocket that is there already: ``ws.bind(ProgressBar('foo'))``.

    Another bar of the same name may be bound later, one for each job perhaps: clients that connect from then on are
    told where that one stands. A handler ``open`` of its own takes the place of the introduction.

    :param name: ``'foo'`` speaks ``module_progressbar_foo_<event>``.
    :param min: where it starts.
    :param max: where it is done.
    :param indeterminate: how far it is cannot be told.
    :raises ValueError: ``max`` is below ``min``.

    :ivar current: the position.
    """

    position_name = "current"
    may_share_its_name = True

    def __init__(
        self,
        name: str = "",
        min: Number = 0,  # noqa: A002 names of old
        max: Number = 100,  # noqa: A002
        indeterminate: bool = False,
    ) -> None:
        Progress.__init__(self, min, max, indeterminate=indeterminate)
        self.current = min
        Module.__init__(self, f"progressbar_{name}" if name else "progressbar")

    def initialize(self) -> None:
        """Introduce the bar to each client that connects."""
        self._register(self._introduction(), "open", is_default=True)

    def _tell_all(self, event: str, data: dict[str, Any] | None, *, supersede: bool) -> None:
        self.emit(event, data, supersede=supersede, on_commit=False)
