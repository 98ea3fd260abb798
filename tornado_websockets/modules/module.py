"""``Module``: events of their own on somebody's WebSocket."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.handlers.dispatch import NO_RULES, Rules, name_of
from ..core.handlers.events import RESERVED, check_event
from ..exceptions import NotCallableError, WebSocketEventAlreadyBinded

if TYPE_CHECKING:
    from ..core.delivery.sending import Publication, Sending
    from ..core.protocol.frames import Data
    from ..serving.emitting import Emitter
    from ..serving.endpoint import Endpoint

C = TypeVar("C", bound=Callable[..., Any])


class Module:
    """Something that speaks to the clients of the WebSocket it is bound to, with :meth:`WebSocket.bind`.

    Its events are named ``module_<name>_<event>`` on the wire.

    :param name: distinguishes it from the other modules of the same WebSocket.
    :raises TypeError: ``name`` is no string.

    :ivar name: ``module_<name>``, with which the names of its events begin.
    :ivar websocket: the WebSocket it is bound to, or ``None``.
    :cvar may_share_its_name: whether several of one name may be bound to one WebSocket.
    """

    may_share_its_name = False

    def __init__(self, name: str = "") -> None:
        if not isinstance(name, str):
            raise TypeError(f"Expected the name of the module as a str, got {name!r}.")
        self.name = f"module_{name}" if name else "module"
        self.websocket: Any = None
        self._endpoint: Endpoint | None = None
        self._emitter: Emitter | None = None
        self._registrations: list[tuple[Callable[..., Any], str, Rules]] = []

    @property
    def _websocket(self) -> Any:  # subclasses of 2016 have used it
        return self.websocket

    @property
    def context(self) -> Any:
        """What handlers get as ``self``: that of the WebSocket.

        :raises RuntimeError: the module is bound to no WebSocket.
        """
        return self._bound_endpoint().context

    @context.setter
    def context(self, context: Any) -> None:
        self._bound_endpoint().context = context

    def initialize(self) -> None:
        """Called by :meth:`WebSocket.bind`, when everything works already; for subclasses, to register handlers."""

    def event_name(self, event: str) -> str:
        """The name of ``event`` on the wire."""
        return f"{self.name}_{event}"

    def on(self, callback: C) -> C:
        """Register a handler, as :meth:`WebSocket.on` does, for the event of this module that it is named after.

        ``open`` and ``close`` are called after those of the WebSocket.
        """
        self._add(callback, name_of(callback), NO_RULES)
        return callback

    def on_event(
        self, event: str, *, allow: Callable[..., Any] | None = None, rate: str | None = None
    ) -> Callable[[C], C]:
        """Register a handler for an event of this module, of any name; see :meth:`WebSocket.on_event`.

        A handler that takes ``event`` gets this short name; ``"*"`` is what has no handler of this module's.
        """
        check_event(event)
        rules = Rules(allow, rate)

        def register(callback: C) -> C:
            if not callable(callback):
                raise NotCallableError(callback)
            self._add(callback, event, rules)
            return callback

        return register

    def _add(self, callback: Callable[..., Any], event: str, rules: Rules) -> None:
        if self._endpoint is not None:
            self._register(callback, event, rules)
        self._registrations.append((callback, event, rules))

    def emit(
        self, event: str, data: Data | str | None = None, *, supersede: bool = False, on_commit: bool = True
    ) -> Sending | Publication:
        """Send an event of this module to all clients: from a handler, a thread, a task, a command.

        What cannot reach other processes is counted and logged.

        :param supersede: a client that still waits for an earlier ``event`` gets only this one.
        :param on_commit: outside of handlers, wait for the commit of an open database transaction.
        :raises RuntimeError: the module is bound to no WebSocket.
        :raises TypeError, ValueError, InvalidInstanceError: as ``WebSocket.emit``; a ``TypeError`` also where the path
            of the WebSocket has parameters and none of its handlers is running.
        :raises PublishError: where it is awaited outside of handlers, and the channel layer refused the event.
        """
        if self._emitter is None:
            raise self._unbound()
        return self._emitter.send(self.event_name(event), data, supersede=supersede, on_commit=on_commit)

    def bind_to(self, websocket: Any, endpoint: Endpoint, emitter: Emitter) -> None:
        """Part of :meth:`WebSocket.bind`."""
        if self.websocket is not None:
            raise RuntimeError(f"The module {self.name!r} is already bound to {self.websocket!r}; make another one.")
        self.websocket, self._endpoint, self._emitter = websocket, endpoint, emitter
        dispatcher, prefix = endpoint.dispatcher, self.event_name("")
        prefixes = dispatcher.prefixes
        is_first = prefix not in prefixes
        before, own = dict(dispatcher.items()), len(self._registrations)
        if is_first and (
            taken := [event for event in before if event.startswith(prefix) and not dispatcher.prefix_of(event)]
        ):
            raise WebSocketEventAlreadyBinded(taken[0], endpoint.pattern.text)
        prefixes.add(prefix)
        try:
            for callback, event, rules in self._registrations:
                self._register(callback, event, rules)
            self.initialize()
        except BaseException:
            self.websocket = self._endpoint = self._emitter = None
            for event in dict(dispatcher.items()).keys() - before.keys():
                dispatcher.forget(event)
            del self._registrations[own:]
            if is_first:
                prefixes.discard(prefix)
            raise

    def _register(
        self, callback: Callable[..., Any], event: str, rules: Rules = NO_RULES, *, is_default: bool = False
    ) -> None:
        at = event if event in RESERVED else None
        rules = rules._replace(prefix=self.event_name(""))
        dispatcher = self._bound_endpoint().dispatcher
        dispatcher.register(callback, self.event_name(event), at=at, is_default=is_default, rules=rules)

    def _bound_endpoint(self) -> Endpoint:
        if self._endpoint is None:
            raise self._unbound()
        return self._endpoint

    def _unbound(self) -> RuntimeError:
        return RuntimeError(f"The module {self.name!r} is bound to no WebSocket: call WebSocket.bind(module) first.")
