"""``WebSocket``: what applications register their handlers on, and send to their clients with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import markcoroutinefunction

from . import conf, database
from .authorization import Authorization, Authorize
from .core.dispatch import Dispatcher, Run
from .core.frames import Data, Encoder
from .core.groups import group_name
from .core.hub import hub
from .core.registry import Registry
from .core.roster import Roster
from .core.running import current
from .core.sent import Sent
from .core.workers import Workers
from .exceptions import EmitHandlerError, InvalidInstanceError, NotCallableError
from .paths import HANDLER_ARGUMENTS, PathPattern
from .publication import Publication, publish, publish_below_sync_code
from .watch import watch

if TYPE_CHECKING:
    from channels.generic.websocket import AsyncWebsocketConsumer
    from django.urls import URLPattern

    from .core.connection import Connection
    from .modules.module import Module


def _to_json(value: Any) -> Any:
    """What JSON does not know, as Django would write it."""
    from django.core.serializers.json import DjangoJSONEncoder  # takes Django's models along

    return DjangoJSONEncoder().default(value)


#: Writes everything that is sent.
encoder = Encoder(default=_to_json)

C = TypeVar("C", bound=Callable[..., Any])

#: Every WebSocket that is served.
registry: Registry[WebSocket] = Registry()


class WebSocket:
    """An endpoint for WebSocket clients.

    ``WebSocket('/chat')`` serves ``/ws/chat`` on every transport, from the moment it is made.

    :param path: may have parameters, as in Django's ``path()``: ``'/room/<slug:room>'``. Each concrete path has
        clients of its own.
    :param add_to_handlers: whether to serve it; if not, its :attr:`route` can be mounted by hand.
    :param concurrency: how many of its sync handlers may run at a time, each in a thread. With 1, the default, they
        never overlap. The events of one client are handled one at a time in any case.
    :param authorize: a function or coroutine function that is asked with the ``socket`` before the handshake is
        accepted; a false answer refuses it with 403, and so do an error and none within ``AUTHORIZE_TIMEOUT``.
    :raises TypeError: ``path`` is no string.
    :raises ValueError: it is empty, a parameter of it has a name that is taken, or ``concurrency`` is below 1.
    :raises NotCallableError: ``authorize`` cannot be called.
    :raises django.core.exceptions.ImproperlyConfigured: ``path`` is not a valid route.

    :ivar path: as given, with a leading slash.
    :ivar context: what handlers get as ``self``.
    :ivar modules: bound with :meth:`bind`.
    """

    def __init__(
        self,
        path: str,
        add_to_handlers: bool = True,
        *,
        concurrency: int = 1,
        authorize: Authorize | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"Expected at least 1 as concurrency, got {concurrency!r}.")
        if authorize is not None and not callable(authorize):
            raise NotCallableError(authorize)
        self.pattern = PathPattern(path)
        self.path = self.pattern.text
        self._handlers = Roster()
        self.context: Any = None
        self.modules: list[Module] = []
        self.authorize = authorize
        self.authorization = Authorization(self.path)
        self.encoder = encoder
        self.dispatcher = Dispatcher(self.path, HANDLER_ARGUMENTS | self.pattern.names)
        self.workers = Workers(self.path, concurrency, database.with_database)
        if add_to_handlers:
            registry.add(self)

    def __repr__(self) -> str:
        return f"<WebSocket {self.path}>"

    @property
    def events(self) -> Mapping[str, Callable[..., Any]]:
        """The registered handlers by event; read only."""
        return self.dispatcher.callbacks

    @property
    def handlers(self) -> Roster:
        """The open connections of this process, as a list; read it at will, but leave the changes to us."""
        return self._handlers

    @handlers.setter
    def handlers(self, members: Iterable[Any]) -> None:
        self._handlers = Roster(members)

    def on(self, callback: C) -> C:
        """Register a function or method, sync or async, as the handler of the event it is named after.

        It may take any of ``self`` (:attr:`context`), ``socket``, ``data`` and the parameters of the path. ``open``
        and ``close`` are called when a client has connected and has gone.

        :returns: the callback.
        :raises NotCallableError: ``callback`` cannot be called.
        :raises WebSocketEventAlreadyBinded: there is a handler of that name.
        :raises TypeError: it has a required parameter that nothing can fill.
        """
        self.dispatcher.register(callback)
        return callback

    def emit(self, event: str, data: Data | str | None = None) -> Sent | Publication:
        """Send an event to all clients of the path that the running handler serves, on every process.

        Works inside a handler, and in the tasks and asgiref threads that it started. May be awaited.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :raises TypeError: either is something else, or ``data`` hold what JSON cannot.
        :raises ValueError: ``data`` hold NaN, an infinity or themselves, or nest too deeply.
        :raises InvalidInstanceError: something in :attr:`handlers` is not a connection.
        :raises EmitHandlerError: no handler is running, or it serves another path with parameters.
        """
        text = self.encoder.event(event, data)
        self._refuse_strangers()
        connection = self._emitting_connection()
        if connection is not None:
            return self._emit(connection, text)
        if self.may_emit_anywhere and not self.pattern.names:
            return self.publish(event, data)
        raise EmitHandlerError(event, self.path)

    def publish(
        self, event: str, data: Data | str | None = None, *, on_commit: bool = True, **parameters: Any
    ) -> Publication:
        """Send an event to all clients, on every process, from anywhere: a view, a task, a command, a shell.

        In sync code it returns when the channel layer has taken the message. In async code it returns at once, and
        may be awaited to know.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :param on_commit: wait for the commit of an open database transaction, and send nothing when it is rolled
            back. What fails after the commit is logged.
        :param parameters: of the path, where it has some: ``publish('x', room='lobby')``.
        :raises TypeError: as :meth:`emit`; or a parameter of the path is missing or unknown.
        :raises ValueError: as :meth:`emit`; or a parameter of the path has a value its converter does not take.
        :raises PublishError: the channel layer did not take it.
        """
        text = self.encoder.event(event, data)
        path = self.pattern.build(parameters)
        self._refuse_strangers()
        return publish(path, event, text, on_commit=on_commit)

    @markcoroutinefunction
    def apublish(
        self, event: str, data: Data | str | None = None, *, on_commit: bool = True, **parameters: Any
    ) -> Publication:
        """:meth:`publish` for async code. It begins at once, so that it may be awaited, or not.

        Below ``async_to_sync`` it finds the transaction of the sync code; there, await it.
        """
        call = partial(self.publish, event, data, on_commit=on_commit, **parameters)
        return publish_below_sync_code(call)

    def send(
        self, event: str, data: Data | str | None = None, *, supersede: bool = False, on_commit: bool = True
    ) -> Sent | Publication:
        """:meth:`emit` where a handler is running, :meth:`publish` elsewhere, without waiting for how it goes.

        :param supersede: a client that still waits for an earlier ``event`` gets only this one.
        :param on_commit: as of :meth:`publish`.
        :raises TypeError, ValueError, InvalidInstanceError: as :meth:`emit`; a ``TypeError`` also where no handler of
            this WebSocket is running and its path has parameters.
        """
        text = self.encoder.event(event, data)
        self._refuse_strangers()
        key = event if supersede else None
        connection = self._emitting_connection()
        if connection is not None:
            # Many handlers may send for one module: they keep its order, unless one has something else waiting.
            has_waiting = connection.lane.has_waiting(connection)
            return self._emit(connection, text, key, connection if has_waiting else connection.path)
        return publish(self.pattern.build({}), event, text, on_commit=on_commit, key=key, wait=False)

    def bind(self, module: Module) -> None:
        """Let ``module`` speak to the clients of this WebSocket.

        :raises InvalidInstanceError: it is not a :class:`~tornado_websockets.modules.Module`.
        :raises WebSocketEventAlreadyBinded: a module of that name is bound.
        """
        from .modules.module import Module

        if not isinstance(module, Module):
            raise InvalidInstanceError(module, "tornado_websockets.modules.Module")
        module.bind_to(self)
        self.modules.append(module)

    @property
    def group_name(self) -> str:
        """The channel-layer group of the path.

        :raises TypeError: the path has parameters; :meth:`group_name_for` knows the groups of its concrete paths.
        """
        return self.group_name_for()

    def group_name_for(self, **parameters: Any) -> str:
        """The channel-layer group of a concrete path; errors as :meth:`publish`."""
        return group_name(self.pattern.build(parameters))

    @cached_property
    def consumer(self) -> type[AsyncWebsocketConsumer]:
        """The Channels consumer that serves this WebSocket: a class of its own, named after the path."""
        from channels_bridge.consumers import consumer_for

        return consumer_for(self)

    @cached_property
    def route(self) -> URLPattern:
        """The entry for Channels' ``URLRouter``."""
        from channels_bridge.routing import route_for

        return route_for(self)

    @property
    def may_emit_anywhere(self) -> bool:
        """The setting ``EMIT_ANYWHERE``."""
        return bool(conf.get("EMIT_ANYWHERE"))

    async def is_authorized(self, socket: Any, run: Run | None = None) -> bool:
        """Part of the transports' side: whether ``socket`` may connect. Why it may not is logged and counted."""
        return self.authorize is None or await self.authorization.is_granted(self.authorize, socket, run)

    def refuse_to_broadcast(self, event: str, path: str, running: Connection | None) -> None:
        """Part of the transports' side: raise what forbids ``socket.broadcast``, if anything does."""
        self._refuse_strangers()
        if running is None and not self.may_emit_anywhere:
            raise EmitHandlerError(event, path)

    def welcome(self, connection: Connection, socket: Any) -> None:
        """Part of the transports' side: a client has connected."""
        self._handlers.append(socket)
        watch.add(connection)

    def part_with(self, connection: Connection, socket: Any) -> None:
        """Part of the transports' side: it has gone."""
        with suppress(ValueError):  # the application may have been there before us
            self._handlers.remove(socket)
        watch.remove(connection)

    # Part of the transports' side: called before each handler.
    before_handler = staticmethod(database.refresh_shared_thread)

    def _emitting_connection(self) -> Connection | None:
        """The connection whose handler is running, if it tells which path is meant."""
        connection = current.get()
        is_clear = connection is not None and (connection.endpoint is self or not self.pattern.names)
        return connection if is_clear else None

    def _emit(self, connection: Connection, text: str, key: str | None = None, who: Any = None) -> Sent:
        hub.emit(connection.path if connection.endpoint is self else self.path, text, key=key, who=who)
        return Sent(connection.lane, who or connection)

    def _refuse_strangers(self) -> None:
        for stranger in self._handlers.strangers:
            raise InvalidInstanceError(stranger, "tornado_websockets.websockethandler.WebSocketHandler")
