"""``ProgressBar``, a module: several of them may share a WebSocket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from ..core.handlers.dispatch import NO_RULES, Rules
from ..exceptions import NotCallableError
from ..jobs.cancelling import cancel as cancel_run
from .job import Job
from .module import Module
from .running import Bounds

if TYPE_CHECKING:
    from ..core.connections.socket import Socket
    from ..core.delivery.sending import Publication, Sending
    from ..core.protocol.frames import Data
    from ..jobs.keeping import Known
    from ..jobs.run import Address
    from ..serving.endpoint import Endpoint
    from .progress import Number

#: Bars of concrete paths that a process keeps although nobody else does: those that were made last.
MOST_KEPT: Final = 1_000


class ProgressBar(Module, Job):
    """A progress bar on a WebSocket that is there already: ``ws.bind(ProgressBar('foo'))``.

    Another bar of the same name may be bound later, one for each job perhaps: clients that connect from then on are
    told where that one stands. A handler ``open`` of its own takes the place of the introduction.

    :param name: ``'foo'`` speaks ``module_progressbar_foo_<event>``.
    :param min: where it starts.
    :param max: where it is done.
    :param indeterminate: how far it is cannot be told.
    :param cancel: whether clients may cancel its runs: ``True`` for whoever may connect, or a function, sync or async,
        of what a handler may take, whose false answer refuses that as ``forbidden``.
    :param stages: how many stages a run has, for clients to know.
    :raises TypeError: ``stages`` is no ``int``.
    :raises ValueError: ``max`` is below ``min``, or ``stages`` below 1.
    :raises NotCallableError: ``cancel`` is no ``bool``, and cannot be called.

    :ivar current: the position.
    """

    may_share_its_name = True

    def __init__(
        self,
        name: str = "",
        min: Number = 0,  # noqa: A002 names of old
        max: Number = 100,  # noqa: A002
        indeterminate: bool = False,
        *,
        cancel: bool | Callable[..., Any] = False,
        stages: int | None = None,
    ) -> None:
        if not (isinstance(cancel, bool) or callable(cancel)):
            raise NotCallableError(cancel, "cancel")
        if stages is not None and type(stages) is not int:
            raise TypeError(f"Expected stages as an int, or None, got {stages!r}.")
        if stages is not None and stages < 1:
            raise ValueError(f"Expected at least 1 as stages, got {stages!r}.")
        Job.__init__(self, Bounds(min, max, indeterminate), stages=stages, is_cancellable=cancel is not False)
        Module.__init__(self, f"progressbar_{name}" if name else "progressbar")
        self._cancel_rules = NO_RULES if isinstance(cancel, bool) else Rules(allow=cancel)
        self._path: str | None = None
        self._concrete: WeakValueDictionary[str, ProgressBar] = WeakValueDictionary()
        self._made_last: deque[ProgressBar] = deque(maxlen=MOST_KEPT)

    def initialize(self) -> None:
        """Introduce the bar to each client that connects, and have its runs cancelled by those who may."""
        self._register(self._introduction(), "open", is_default=True)
        if self.is_cancellable:

            async def cancel(socket: Socket, data: dict[str, Any]) -> None:
                await cancel_run(self._hub(), self._address_at(socket.path), data)

            self._register(cancel, "cancel", self._cancel_rules, is_default=True)

    def at(self, **parameters: Any) -> ProgressBar:
        """The bar of one concrete path, which may be used from anywhere: ``bar.at(job=5).tick()``.

        It begins as this one stands at that moment. It is the same one for as long as somebody holds it, and at least
        until a thousand others were made.

        :param parameters: of the path.
        :raises RuntimeError: the module is bound to no WebSocket.
        :raises TypeError: a parameter of the path is missing or unknown.
        :raises ValueError: one has a value that its converter does not take.
        """
        endpoint = self._bound_endpoint()
        path = endpoint.pattern.build(parameters)
        if not endpoint.pattern.names:
            return self
        with self._lock:
            bar = self._concrete.get(path)
            if bar is None:
                bar = self._concrete[path] = copy(self)
                own = Bounds(self.min, self.max, self.indeterminate)
                Job.__init__(bar, own, stages=self.stages, is_cancellable=self.is_cancellable)
                bar._path = path  # noqa: SLF001 it is one of its own kind
                self._made_last.append(bar)
        return bar

    def emit(
        self, event: str, data: Data | str | None = None, *, supersede: bool = False, on_commit: bool = True
    ) -> Sending | Publication:
        """See :meth:`Module.emit`; a bar of a concrete path reaches the clients there, from anywhere."""
        if self._path is None or self._emitter is None:
            return super().emit(event, data, supersede=supersede, on_commit=on_commit)
        name = self.event_name(event)
        return self._emitter.send(name, data, supersede=supersede, on_commit=on_commit, path=self._path)

    def _tell_all(self, event: str, data: dict[str, Any] | None, *, supersede: bool) -> None:
        self.emit(event, data, supersede=supersede, on_commit=False)

    def _its_endpoint(self) -> Endpoint:
        return self._bound_endpoint()

    def _introduce(self, socket: Socket, known: Known | None) -> None:
        bar = self._concrete.get(socket.path, self)
        if bar is self:
            super()._introduce(socket, known)
        else:
            bar._introduce(socket, known)  # noqa: SLF001

    def _address(self) -> Address:
        return super()._address() if self._path is None else self._own_address()

    def _own_address(self) -> Address:
        if self._path is not None:
            return self._address_at(self._path)
        pattern = self._bound_endpoint().pattern
        if pattern.names:
            own = ", ".join(f"{name}=..." for name in sorted(pattern.names))
            raise TypeError(f"Each path of {pattern.text!r} has a run of its own: say which, with bar.at({own}).")
        return self._address_at(pattern.text)

    def _title(self) -> str:
        return self.name.removeprefix("module_progressbar").removeprefix("_") or "progress"
