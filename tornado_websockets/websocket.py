"""``WebSocket``: what applications register their handlers on, and send to their clients with.

It is long because each of its methods says to applications all that it takes and raises.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.utils.asyncio import async_unsafe

from .core.registry import Registry
from .exceptions import InvalidInstanceError, NotCallableError, WebSocketEventAlreadyBinded
from .people import NOT_GIVEN

if TYPE_CHECKING:
    from channels.generic.websocket import AsyncWebsocketConsumer
    from django.db.models import Model
    from django.urls import URLPattern

    from .auth.authentication import Authenticator
    from .core.connections.roster import Roster
    from .core.delivery.sending import Publication, Sending
    from .core.protocol.frames import Data
    from .core.recovery.keeping.kept_hub import KeptHub
    from .modules.module import Module
    from .people.presence import Presence
    from .people.presenting import Option
    from .people.recipients import Recipients
    from .serving.authorization import Authorize
    from .serving.endpoint import Endpoint

C = TypeVar("C", bound=Callable[..., Any])

#: Every WebSocket that is served.
registry: Registry[WebSocket] = Registry()


@cache
def _check_installation() -> None:
    """Let Django's checks say where the app is missing by which they would be told of all the others."""
    from django.core.checks import register

    from .serving.checks import check_installed

    register(check_installed)


if "django.core.checks" in sys.modules:  # else it takes longer to import than all that is here
    _check_installation()


def _blocks(message: str) -> Callable[[C], C]:
    """Have a method raise ``SynchronousOnlyOperation`` on a running event loop. Django's own says nothing of types."""
    unsafe: Callable[[C], C] = async_unsafe(message)
    return unsafe


class WebSocket:
    """An endpoint for WebSocket clients.

    ``WebSocket('/chat')`` serves ``/ws/chat`` on every transport, from the moment it is made.

    :param path: may have parameters, as in Django's ``path()``: ``'/room/<slug:room>'``. Each concrete path has
        clients of its own.
    :param add_to_handlers: whether to serve it; if not, its :attr:`route` can be mounted by hand.
    :param concurrency: how many of its sync handlers may run at a time, each in a thread. By default it is one for
        each concrete path, so that those of one path never overlap, and no room waits for another; 16 paths can have a
        slow one before the others wait. The events of one client are handled one at a time in any case.
    :param authorize: a function or coroutine function that is asked with the ``socket`` before the handshake is
        accepted; a false answer refuses it with 403, and so do an error and none within ``AUTHORIZE_TIMEOUT``.
    :param sends: types of what it sends, by event, ``None`` for an event without data. Under ``DEBUG``, and under the
        test clients, an event that is not among them and data that do not fit raise ``TypeError`` where they are sent.
    :param authenticate: who its clients are, instead of the setting ``AUTHENTICATE``: a list of functions or coroutine
        functions, their dotted paths, and ``"session"``. Each is asked with the ``socket`` and returns a user, or
        ``None``; the first user counts, and nothing else makes one here.
    :param recheck: whether those are asked again at ``REAUTH_INTERVAL``; by default it is the user that is read again.
    :param subprotocols: that clients may ask for; the first of a client's that is listed is selected.
    :param history: how many events of each concrete path are kept for clients that were away: what is emitted,
        broadcast and published, with whom it was for, for ``HISTORY_SECONDS`` and at most ``HISTORY_BYTES``, in the
        ``STORE``. Whoever may connect may ask for all of them. All that is sent to the clients of such a path has one
        order: a reply waits behind what was emitted before, by whomever.
    :param retain: names of events; the newest of each is told to everybody who connects, before anything else.
    :param presence: tells the clients of a concrete path who else is there, with the event ``presence``: a function or
        coroutine function that is called with the ``socket`` and returns a dict for the others to see, or ``None`` for
        nobody; ``True``, where who calls ``socket.present(info)`` is seen; ``"count"`` tells their number alone.
    :raises TypeError: ``path`` is no string, ``add_to_handlers`` or ``recheck`` no ``bool``, ``concurrency`` no
        ``int``, ``authorize`` takes no argument, ``authenticate`` is no such list, ``subprotocols`` no list of strings,
        a type of ``sends`` cannot be used, ``history`` is no number, or ``retain`` no list of names.
    :raises ValueError: a parameter of ``path`` has a name that is taken, ``concurrency`` is below 1, ``history`` below
        0, or one of ``subprotocols`` is no token of RFC 9110, or carries tokens.
    :raises NotCallableError: ``authorize`` cannot be called.
    :raises django.core.exceptions.ImproperlyConfigured: ``path`` is not a valid route.

    :ivar path: as given, with a leading slash.
    :ivar modules: bound with :meth:`bind`.
    """

    def __init__(
        self,
        path: str,
        add_to_handlers: bool = True,
        *,
        concurrency: int | None = None,
        authorize: Authorize | None = None,
        sends: Mapping[str, Any] | None = None,
        authenticate: Sequence[Authenticator] | None = None,
        recheck: bool = False,
        subprotocols: Sequence[str] = (),
        history: int = 0,
        retain: Sequence[str] = (),
        presence: Option = False,
    ) -> None:
        if not isinstance(add_to_handlers, bool):
            raise TypeError(
                f"Expected add_to_handlers as a bool, got {add_to_handlers!r}. Other options go by name: "
                "WebSocket(path, authorize=...)."
            )
        if not isinstance(recheck, bool):
            raise TypeError(f"Expected recheck as a bool, got {recheck!r}.")
        if concurrency is not None and type(concurrency) is not int:
            raise TypeError(f"Expected concurrency as an int, got {concurrency!r}.")
        if concurrency is not None and concurrency < 1:
            raise ValueError(f"Expected at least 1 as concurrency, got {concurrency!r}.")
        if authorize is not None and not callable(authorize):
            raise NotCallableError(authorize, "authorize")
        # With the first one: processes that import this module and make none need not wait for all that serves them.
        from .core.protocol.offers import checked_subprotocols
        from .paths import PathPattern
        from .schema.sends import read_sends
        from .serving.emitting import Emitter

        _check_installation()
        pattern = PathPattern(path)
        self._endpoint = _make_endpoint(history, retain)(
            pattern,
            concurrency,
            authorize,
            self,
            None if sends is None else read_sends(sends, pattern.text),
            authenticate=authenticate,
            recheck=recheck,
            subprotocols=checked_subprotocols(subprotocols),
            presence=presence,
        )
        self._emitter = Emitter(self._endpoint)
        self.path = self._endpoint.pattern.text
        self.modules: list[Module] = []
        if add_to_handlers:
            registry.add(self._endpoint.pattern, self)

    def __repr__(self) -> str:
        return f"<WebSocket {self.path}>"

    @property
    def events(self) -> dict[str, Callable[..., Any]]:
        """The handlers by event, a dict: what is put there is registered, what is taken away is forgotten."""
        return self._endpoint.dispatcher.events

    @events.setter
    def events(self, events: Mapping[str, Callable[..., Any]]) -> None:
        self._endpoint.dispatcher.replace_all(events)

    @property
    def handlers(self) -> Roster:
        """The open connections of this process, as a list; read it at will, but leave the changes to us."""
        return self._endpoint.handlers

    @handlers.setter
    def handlers(self, members: Iterable[Any]) -> None:
        self._endpoint.handlers = members

    @property
    def context(self) -> Any:
        """What handlers get as ``self``."""
        return self._endpoint.context

    @context.setter
    def context(self, context: Any) -> None:
        self._endpoint.context = context

    def on(self, callback: C) -> C:
        """Register a function or method, sync or async, as the handler of the event it is named after.

        It may take any of ``self`` (:attr:`context`), ``socket``, ``data``, ``event`` and the parameters of the path.
        ``open`` and ``close`` are called when a client has connected and has gone.

        :returns: the callback.
        :raises NotCallableError: ``callback`` cannot be called.
        :raises WebSocketEventAlreadyBinded: there is a handler of that name.
        :raises TypeError: it has a required parameter that nothing can fill.
        """
        self._endpoint.dispatcher.register(callback)
        return callback

    def on_event(
        self, event: str, *, allow: Callable[..., Any] | None = None, rate: str | None = None
    ) -> Callable[[C], C]:
        """Register a handler for an event of any name: ``@ws.on_event("chat:message")``.

        :param event: 1 to 128 characters; ``"*"`` for whatever has no handler, but for the events of modules.
        :param allow: a function, sync or async, of what a handler may take, whose false answer refuses the event as
            ``forbidden``. One that takes ``data`` gets them validated and converted; another is asked before.
        :param rate: how often one client may send the event, ``"10/s"``, ``"5/m"`` or ``"100/h"``; beyond that it is
            refused as ``rate_limited``, before anything else is looked at.
        :returns: a decorator, which returns the function it is given; errors as :meth:`on`.
        :raises TypeError: ``event`` or ``rate`` is no ``str``.
        :raises ValueError: ``event`` is too long or empty, ``open`` or ``close``, begins with ``tws.``, is the name
            of a module or one of its events; or ``rate`` is none.
        """
        from .core.handlers.dispatch import Rules
        from .core.handlers.events import check_event

        dispatcher = self._endpoint.dispatcher
        if prefix := dispatcher.prefix_of(f"{check_event(event)}_"):
            raise ValueError(
                f"The event {event!r} is a module's, or one of its events, which begin with {prefix!r}: "
                "use module.on_event."
            )
        rules = Rules(allow, rate)

        def register(callback: C) -> C:
            dispatcher.register(callback, event, rules=rules)
            return callback

        return register

    def emit(self, event: str, data: Data | str | None = None) -> Sending | Publication:
        """Send an event to all clients of the path that the running handler serves, on every process.

        Works inside a handler, and in the tasks and asgiref threads that it started. May be awaited.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :raises TypeError: either is something else, or ``data`` hold what JSON cannot.
        :raises ValueError: ``data`` hold NaN, an infinity or themselves, or nest too deeply.
        :raises InvalidInstanceError: something in :attr:`handlers` is not a connection.
        :raises EmitHandlerError: no handler is running, or it serves another path with parameters.
        """
        return self._emitter.emit(event, data)

    def publish(
        self,
        event: str,
        data: Data | str | None = None,
        *,
        on_commit: bool = True,
        using: str | None = None,
        fail_silently: bool = False,
        **parameters: Any,
    ) -> Publication:
        """Send an event to all clients, on every process, from anywhere: a view, a task, a command, a shell.

        In sync code it returns when the channel layer has taken the message. In async code it returns at once, and
        may be awaited to know.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :param on_commit: wait for the commit of an open database transaction, and send nothing when it is rolled
            back. What fails after the commit is logged. Transactions by hand, with ``set_autocommit(False)``, are not
            waited for: Django does not tell of their commits.
        :param using: wait for a transaction of this database alone; by default for one of any.
        :param fail_silently: log what fails, and raise nothing: for a view that must not fail when it has saved.
        :param parameters: of the path, where it has some: ``publish('x', room='lobby')``.
        :raises TypeError: as :meth:`emit`; or a parameter of the path is missing or unknown.
        :raises ValueError: as :meth:`emit`; or a parameter of the path has a value its converter does not take.
        :raises PublishError: the channel layer did not take it.
        """
        return self._emitter.publish(event, data, parameters, self._emitter.options(on_commit, using, fail_silently))

    @markcoroutinefunction
    def apublish(
        self,
        event: str,
        data: Data | str | None = None,
        *,
        on_commit: bool = True,
        using: str | None = None,
        fail_silently: bool = False,
        **parameters: Any,
    ) -> Publication:
        """:meth:`publish` for async code, which it is too: the same under a name that says so."""
        return self._emitter.publish(event, data, parameters, self._emitter.options(on_commit, using, fail_silently))

    def emit_html(
        self,
        target: str,
        template: str | Sequence[str] | None,
        context: Mapping[str, Any] | None = None,
        *,
        swap: str = "beforeend",
        language: str | None = None,
    ) -> Sending | Publication:
        """:meth:`emit` a piece of HTML, as the event ``tws.html`` that ``fragments.js`` puts into the page.

        It is rendered once, however many hear it: without a request and without a user, and where this is called. In
        async code the template must not query; :meth:`apublish_html` may.

        :param target: a CSS selector, which the page looks for within the element that has the connection.
        :param template: its name, or several of which the first that exists is taken. With ``"delete"``, ``None``.
        :param context: of the template.
        :param swap: where it goes, as htmx names it: ``innerHTML``, ``outerHTML``, ``beforebegin``, ``afterbegin``,
            ``beforeend``, ``afterend`` or ``delete``.
        :param language: the code of the language; by default ``LANGUAGE_CODE``, whoever asks. Times are in
            ``TIME_ZONE``, but for the template's own ``{% timezone %}``.
        :raises TypeError, ValueError: one of them is none of that; others as :meth:`emit`.
        :raises django.core.exceptions.SynchronousOnlyOperation: the template queries the database in async code.
        """
        return self._emitter.emit_html(target, template, context, swap, language)

    def publish_html(
        self,
        target: str,
        template: str | Sequence[str] | None,
        context: Mapping[str, Any] | None = None,
        *,
        swap: str = "beforeend",
        language: str | None = None,
        on_commit: bool = True,
        using: str | None = None,
        fail_silently: bool = False,
        **parameters: Any,
    ) -> Publication:
        """:meth:`publish` a piece of HTML, rendered as by :meth:`emit_html` when this is called.

        On a path with a parameter called ``language`` or ``swap``, that argument is the parameter as well.

        :raises TypeError: as :meth:`publish`; or a parameter of the path is called ``target``, ``template`` or
            ``context``.
        """
        parameters = self._emitter.parameters_beside({"swap": swap, "language": language}, parameters)
        text = self._emitter.write_html(target, template, context, swap, language)
        return self._emitter.publish_html(text, parameters, self._emitter.options(on_commit, using, fail_silently))

    async def apublish_html(
        self,
        target: str,
        template: str | Sequence[str] | None,
        context: Mapping[str, Any] | None = None,
        *,
        swap: str = "beforeend",
        language: str | None = None,
        on_commit: bool = True,
        using: str | None = None,
        fail_silently: bool = False,
        **parameters: Any,
    ) -> None:
        """:meth:`publish_html` with a template that may query: it is rendered in a thread, as by ``sync_to_async``.

        A coroutine: nothing happens, and nothing keeps its place among what else is sent, until it is awaited.
        """
        parameters = self._emitter.parameters_beside({"swap": swap, "language": language}, parameters)
        write = sync_to_async(self._emitter.write_html)
        text = await write(target, template, context, swap, language)
        await self._emitter.publish_html(text, parameters, self._emitter.options(on_commit, using, fail_silently))

    def to(self, *, user: Any = NOT_GIVEN, connection: Any = NOT_GIVEN, exclude: Any = NOT_GIVEN) -> Recipients:
        """Some of the clients: ``ws.to(user=ada).publish("mail", data)`` reaches every tab of hers, on every process.

        Each argument takes one or several; several may be none, and then nobody hears.

        :param user: a user or a primary key, a ``str`` being one: all connections of theirs.
        :param connection: a ``socket`` or its ``id``. With ``user`` it is who is both.
        :param exclude: a ``socket``, its ``id``, or a request, of Django or Django REST framework, whose header
            ``X-WebSocket-ID`` names the tab that has asked. That spares only a connection of the request's own user,
            or of nobody where it has none; without the header nobody is spared.
        :raises TypeError: nothing is given, or something that is none of these: ``None``, a ``bool``, nobody in
            particular (``AnonymousUser``), a user who is not saved.
        :raises ValueError: a key is none that a user can have, or an ``id`` is empty or too long.
        """
        from .people.addressing import read_audience
        from .people.recipients import Recipients

        return Recipients(self._emitter, read_audience(user, connection, exclude))

    def recheck(self, *, user: Any) -> Publication:
        """Ask ``authorize`` again about the connections of a user, on every process, after the commit.

        The user is read from the database again first. Who may no longer is closed with 4403; while ``authorize``
        fails, everybody stays, and it is asked again.

        :param user: as of :meth:`to`, of which it has the errors.
        :raises PublishError: the other processes were not reached.
        """
        from .people.addressing import read_users

        return self._emitter.recheck(read_users(user))

    @markcoroutinefunction
    def arecheck(self, *, user: Any) -> Publication:
        """:meth:`recheck` for async code."""
        from .people.addressing import read_users

        return self._emitter.recheck(read_users(user))

    @_blocks("position() asks the store. Use await aposition() instead.")
    def position(self, **parameters: Any) -> str:
        """Where a path with a history stands now, for a page that is rendered from the database.

        Ask for it before the rows: what is sent after that, the page's client gets when it says so (``since``). With
        the store down it is a position that nobody knows, so that the page reads its data again.

        :param parameters: of the path.
        :returns: a text that is safe as it stands in an attribute, a script and a URL.
        :raises TypeError: a parameter of the path is missing or unknown.
        :raises ValueError: one has a value that its converter does not take; or there is no history.
        :raises django.core.exceptions.SynchronousOnlyOperation: an event loop would be blocked.
        """
        hub = self._kept_hub()
        return hub.position(self._endpoint.pattern.build(parameters))

    async def aposition(self, **parameters: Any) -> str:
        """:meth:`position` for async code."""
        hub = self._kept_hub()
        return await hub.aposition(self._endpoint.pattern.build(parameters))

    @_blocks("forget() asks the store. Use await aforget() instead.")
    def forget(self, event: str | None, /, **parameters: Any) -> None:
        """Drop the retained value of an event, or with ``None`` all events and values that a path keeps.

        :param event: its name.
        :param parameters: of the path.
        :raises TypeError: ``event`` is something else, or a parameter of the path is missing or unknown.
        :raises ValueError: one has a value that its converter does not take; or the WebSocket keeps nothing.
        :raises StoreError: the store does not answer.
        :raises django.core.exceptions.SynchronousOnlyOperation: an event loop would be blocked.
        """
        hub = self._kept_hub(event)
        hub.drop(self._endpoint.pattern.build(parameters), event)

    async def aforget(self, event: str | None, /, **parameters: Any) -> None:
        """:meth:`forget` for async code."""
        hub = self._kept_hub(event)
        await hub.adrop(self._endpoint.pattern.build(parameters), event)

    def _kept_hub(self, *events: str | None) -> KeptHub:
        for event in events:
            if event is not None and not isinstance(event, str):
                raise TypeError(f"Expected the name of an event as a str, or None for all that is kept, got {event!r}.")
        hub = self._endpoint.kept_hub
        if hub is None or not (events or hub.policy.history):
            what = "keeps nothing" if events else "has no history"
            raise ValueError(f"{self!r} {what}: make it with WebSocket({self.path!r}, history=100).")
        return hub

    @_blocks("people() asks the store. Use await apeople() instead.")
    def people(self, **parameters: Any) -> list[dict[str, Any]]:
        """Who is at a concrete path: ``{"id", "info", "connections"}`` each, in every process that shares the store.

        :param parameters: of the path; errors as :meth:`publish`.
        :raises RuntimeError: this WebSocket has no ``presence``.
        :raises StoreError: the store is down.
        :raises django.core.exceptions.SynchronousOnlyOperation: an event loop would be blocked.
        """
        return self._presence.find_and_wait(self._endpoint.pattern.build(parameters)).people()

    async def apeople(self, **parameters: Any) -> list[dict[str, Any]]:
        """:meth:`people` for async code."""
        return (await self._presence.find(self._endpoint.pattern.build(parameters))).people()

    @_blocks("is_present() asks the store. Use await ais_present() instead.")
    def is_present(self, user: Any, /, **parameters: Any) -> bool:
        """Whether a user is at a concrete path; errors as :meth:`people`, and as :meth:`to` for what is no user.

        :param user: a user or a primary key.
        """
        from .people.addressing import read_user

        return read_user(user) in self._presence.find_and_wait(self._endpoint.pattern.build(parameters))

    async def ais_present(self, user: Any, /, **parameters: Any) -> bool:
        """:meth:`is_present` for async code."""
        from .people.addressing import read_user

        return read_user(user) in await self._presence.find(self._endpoint.pattern.build(parameters))

    @property
    def _presence(self) -> Presence:
        presence = self._endpoint.presence
        if presence is None:
            raise RuntimeError(f"Nobody knows who is at {self.path!r}: give WebSocket(presence=...).")
        return presence

    def bind(self, module: Module) -> None:
        """Let ``module`` speak to the clients of this WebSocket.

        :raises InvalidInstanceError: it is not a :class:`~tornado_websockets.modules.Module`.
        :raises WebSocketEventAlreadyBinded: a module of that name is bound.
        """
        from .modules.module import Module

        if not isinstance(module, Module):
            raise InvalidInstanceError(module, "tornado_websockets.modules.Module")
        for bound in self.modules:
            is_allowed = bound is module or (bound.may_share_its_name and module.may_share_its_name)
            if bound.name == module.name and not is_allowed:  # that it is bound already, the module itself says
                text = f"{self.path!r} has a module named {module.name!r} already: give one of them another name."
                raise WebSocketEventAlreadyBinded(module.name, self.path, text)
        module.bind_to(self, self._endpoint, self._emitter)
        self.modules.append(module)

    def follow(
        self,
        model: type[Model],
        *,
        data: Sequence[str] | Callable[[Any], Any] | type,
        to: Mapping[str, str] | Callable[[Any], Mapping[str, Any] | None] | None = None,
        prefix: str | None = None,
    ) -> None:
        """Publish ``message_created``, ``message_changed`` and ``message_deleted``, for a model ``Message``.

        After the commit, and once per row and transaction, whatever was done to it; of more than 1,000 rows of one
        path it is only said how many there are: ``message_many``. No save fails by it. Heard are ``save``, ``create``,
        ``delete`` and what deletes by cascade; not ``update``, ``bulk_create``, raw SQL and many-to-many relations.
        Call it in the ``websockets`` module of an app, so that commands and workers know of it.

        :param model: whose rows, those of its proxies and children included, under its key.
        :param data: what is told of a row: names of columns and properties, a function of the row that returns a
            dict, or a type as handlers have them, with fields of such names. Of a deleted one it is ``{"id": key}``.
        :param to: the parameters of the path: names of columns, ``{"room": "room_id"}``, so that a row that moves is
            deleted there and created here; or a function of the row that returns them, or ``None`` for nobody.
        :param prefix: with which the events' names begin; by default the model's own in small letters.
        :raises TypeError: one of them is none of that.
        :raises ValueError: an event would have a name that none may have.
        :raises WebSocketEventAlreadyBinded: this WebSocket follows something under such a name.
        """
        from .following.registration import follow

        follow(self._endpoint, model, to=to, data=data, prefix=prefix)

    @property
    def group_name(self) -> str:
        """The channel-layer group of the path.

        :raises TypeError: the path has parameters; :meth:`group_name_for` knows the groups of its concrete paths.
        """
        return self.group_name_for()

    def group_name_for(self, **parameters: Any) -> str:
        """The channel-layer group of a concrete path; errors as :meth:`publish`."""
        from .paths import group_of

        return group_of(self._endpoint.pattern.build(parameters))

    @cached_property
    def consumer(self) -> type[AsyncWebsocketConsumer]:
        """The Channels consumer that serves this WebSocket: a class of its own, named after the path."""
        from channels_bridge.consumers import consumer_for

        return consumer_for(self)

    @cached_property
    def route(self) -> URLPattern:
        """The entry for Channels' ``URLRouter``."""
        from channels_bridge.routing import route_for

        made: URLPattern | None = vars(self).get("route")  # by that import, if it was the first: its list has it
        return made or route_for(self)


def _make_endpoint(history: int, retain: Sequence[str]) -> Callable[..., Endpoint]:
    """What makes the endpoint; nothing of recovery is loaded where nobody asks for it."""
    from .serving.endpoint import Endpoint

    if history == 0 and not isinstance(history, bool) and retain == ():
        return Endpoint
    from .serving.keeping import KeptEndpoint, read_policy

    policy = read_policy(history, retain)
    return partial(KeptEndpoint, policy) if policy.history or policy.retain else Endpoint


def endpoint_of(websocket: WebSocket) -> Endpoint:
    """The inside of ``websocket``, for those who serve it; applications have no use for it."""
    return websocket._endpoint  # noqa: SLF001 this is the door to it
