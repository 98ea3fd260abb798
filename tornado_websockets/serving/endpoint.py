"""A WebSocket as those see it who serve it: its handlers, who may connect, who is connected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.utils.functional import Promise

from .. import conf
from ..auth.authentication import Authentication, Authenticator
from ..auth.keys import user_key
from ..auth.recheck import logins
from ..core.connections.admission import admission
from ..core.connections.roster import Roster
from ..core.delivery.hub import hub
from ..core.forking import after_fork
from ..core.handlers.calling import current
from ..core.handlers.dispatch import Dispatcher
from ..core.handlers.guarding import guard
from ..core.handlers.signatures import HANDLER_ARGUMENTS, Run
from ..core.handlers.workers import Workers
from ..core.logger import log_error
from ..core.protocol.closing import INTERNAL_ERROR
from ..core.protocol.frames import Encoder
from ..core.protocol.offers import Offer, read_offer
from ..core.registry import PREFIX
from ..database import idle_database, with_database
from ..encoding import _to_json
from ..exceptions import EmitHandlerError, InvalidInstanceError, Refused, WebSocketEventAlreadyBinded
from ..fragments.fragment import HTML, Fragment
from ..people.board import board
from ..people.orders import late_orders
from ..people.presence import EVENT, Presence
from ..schema.sends import DeclaredEncoder
from ..schema.signatures import read_types
from ..signals.connections import connected, disconnected
from .authorization import Authorization, Authorize
from .refusing import log_refusal, log_unselected, translate

if TYPE_CHECKING:
    from django.http import QueryDict

    from ..core.connections.connection import Connection
    from ..core.recovery.keeping.kept_hub import KeptHub
    from ..paths import PathPattern
    from ..people.presenting import Option
    from ..schema.protocol import Type


#: Threads of one WebSocket in which ``allow`` functions are asked.
GUARDS_AT_A_TIME: Final = 8

#: Those in which data are looked at by what may query, unless its handlers may have more: that takes the processor
#: more than it waits, and the event loop waits for each thread that does.
LOOKS_AT_A_TIME: Final = 2


class Observer(Protocol):
    """Is told of the connections of a WebSocket, on the event loop of each.

    An error that it raises is logged, and is not that of the other observers.

    :ivar is_needed: whether a client that it could not be told of is closed: nothing else would do so when it must go.
    """

    is_needed: bool

    def on_connected(self, connection: Connection) -> None:
        """A client has connected; its ``open`` handler has not run yet."""

    def on_disconnected(self, connection: Connection) -> None:
        """It has disconnected; its ``close`` handler has not run yet."""


class Endpoint:
    """One WebSocket, for its connections and for the servers.

    :param pattern: its path.
    :param concurrency: sync handlers that may run at a time; ``None`` for one for each concrete path.
    :param authorize: says who may connect; ``None`` for everybody.
    :param websocket: the one that it is of.
    :param authenticate: says who they are, instead of the setting ``AUTHENTICATE``.
    :param recheck: whether that is asked again at ``REAUTH_INTERVAL``.
    :param subprotocols: may be selected.
    :param presence: says who its clients are to each other; false for nobody.
    :param sends: types of what it sends, by event; ``None`` where that is not said.

    :ivar path: as its WebSocket has it, with parameters.
    :ivar options: what it was told besides its path, for whoever describes it.
    :ivar context: what handlers get as ``self``.
    :ivar observers: are told of its connections.
    :ivar roster: the open connections of this process.
    :ivar followed: events of rows that are followed, with their types.
    :ivar is_hidden: whether only those whom ``authorize`` lets in may know that it is there. It is in no description,
        and its replies in parts, which last as long as somebody looks, are in no measure of what handlers do.
    """

    def __init__(
        self,
        pattern: PathPattern,
        concurrency: int | None,
        authorize: Authorize | None,
        websocket: Any = None,
        sends: dict[str, Type | None] | None = None,
        *,
        presence: Option = False,
        authenticate: Sequence[Authenticator] | None = None,
        recheck: bool = False,
        subprotocols: Sequence[str] = (),
    ) -> None:
        self.pattern = pattern
        self.path = pattern.text
        self.websocket = websocket
        self.authentication = Authentication(pattern.text, authenticate)
        self.options: dict[str, Any] = {
            "concurrency": concurrency,
            "authorize": authorize,
            "authenticate": authenticate and [getattr(each, "__qualname__", each) for each in authenticate],
            "recheck": recheck or None,
            "subprotocols": tuple(subprotocols) or None,
            "presence": getattr(presence, "__qualname__", presence) or None,
        }
        self.context: Any = None
        self.hub = hub
        self.admission = admission
        names = HANDLER_ARGUMENTS | pattern.names
        self.presence = None if presence is False else Presence(pattern.text, presence)
        self._taken = frozenset() if self.presence is None else frozenset({EVENT})
        self.refuse_taken("sends", sends or ())
        aside = Workers(f"{pattern.text} guards", GUARDS_AT_A_TIME, with_database, idle_database)
        looks = max(LOOKS_AT_A_TIME, concurrency or 0)
        lookers = Workers(f"{pattern.text} types", looks, with_database, idle_database)
        rules = partial(guard, names=names, read_types=read_types, run_aside=aside.wait, run_look=lookers.wait)
        self.dispatcher = Dispatcher(pattern.text, names, rules, self._taken)
        self.sends = sends
        self.followed: dict[str, Type | None] = {}
        self.is_hidden = False
        self.encoder = self._make_encoder()
        if concurrency is None and not pattern.names:
            concurrency = 1
        self.workers = Workers(pattern.text, concurrency, with_database, idle_database)
        self.observers: list[Observer] = [logins, late_orders, board]
        if self.presence is not None:
            self.observers.append(self.presence)
        self.is_rechecked = recheck
        self.subprotocols = tuple(subprotocols)
        self.authorization = None if authorize is None else Authorization(pattern.text, authorize)
        self.roster = Roster()
        after_fork(self.forget)

    def refuse_taken(self, option: str, events: Iterable[str]) -> None:
        """Raise ``ValueError`` where an option names events that are sent by something else here."""
        for event in self._taken.intersection(events):
            raise ValueError(f"Expected other names in {option}: {event!r} on {self.path!r} is sent by presence alone.")

    @property
    def kept_hub(self) -> KeptHub | None:
        """Its hub, where events are numbered and kept."""
        return None

    def _make_encoder(self) -> Encoder:
        options: dict[str, Any] = {"default": _to_json, "texts": (Promise,), "path": self.pattern.text}
        options["taken"] = self._taken
        if self.sends is None:
            return Encoder(**options)
        return DeclaredEncoder(self.sends, self.dispatcher.prefixes, **options)

    def declare(self, events: Mapping[str, Type | None]) -> None:
        """Note events of rows that are followed; where it is said what is sent, they are among that.

        :raises WebSocketEventAlreadyBinded: one is noted already.
        """
        for event in events:
            if event in self.followed:
                path = self.pattern.text
                text = f"{path!r} follows rows under the name {event!r} already: give this one another, with prefix=..."
                raise WebSocketEventAlreadyBinded(event, path, text)
        self.followed.update(events)
        if self.sends is not None:
            self.sends.update({event: kind for event, kind in events.items() if event not in self.sends})

    def __repr__(self) -> str:
        return f"<Endpoint {self.pattern.text}>"

    def forget(self) -> None:
        """Start without connections, as a forked process must."""
        self.roster.clear()

    @property
    def handlers(self) -> Roster:
        """:attr:`roster`, which an application may replace by a list of its own."""
        return self.roster

    @handlers.setter
    def handlers(self, members: Iterable[Any]) -> None:
        self.roster = Roster(members)

    async def is_authorized(self, connection: Connection, run: Run | None = None, *, is_known: bool = False) -> bool:
        """Whether a client may connect: who it is is found out first. Why it may not is logged and counted.

        :param run: calls sync authenticators and a sync ``authorize``, instead of their own threads.
        :param is_known: its user is known already, and nothing else is asked.
        """
        await connection.attend(wait=self.authorization is not None)
        if not is_known and not await self.authentication.is_identified(connection, run):
            return False
        if self.authorization is not None and not await self.authorization.is_granted(connection, run):
            return False
        if connection.is_expired:
            log_refusal(PREFIX + connection.path, "its expires_at has passed")
            return False
        return True

    def read_offer(self, offered: str, authorization: str) -> Offer:
        """The token and the subprotocols of a handshake; parameters as of :func:`read_offer`."""
        offer = read_offer(offered, authorization, self.subprotocols)
        if offered and offer.answer is None:
            log_unselected(PREFIX + self.path, self.subprotocols)
        return offer

    # For connections.

    def on_connected(self, connection: Connection) -> None:
        """A client has connected; its ``open`` handler has not run yet."""
        self.roster.append(connection.socket)
        for observer in self.observers:
            try:
                observer.on_connected(connection)
            except Exception as error:
                _log_failure(error, observer, "joined", connection)
                if observer.is_needed:
                    connection.kick(INTERNAL_ERROR)
        if connected.receivers:
            connected.send_robust(self.websocket, socket=connection.socket)

    def on_disconnected(self, connection: Connection) -> None:
        """The client has disconnected; its ``close`` handler has not run yet."""
        with suppress(ValueError):  # the application may have been there before us
            self.roster.remove(connection.socket)
        for observer in self.observers:
            try:
                observer.on_disconnected(connection)
            except Exception as error:
                _log_failure(error, observer, "left", connection)
        if disconnected.receivers:
            disconnected.send_robust(self.websocket, socket=connection.socket)

    def read_query(self, query_string: str) -> QueryDict:
        """The parameters in a query string."""
        from django.http import QueryDict  # which is long in coming, and wanted of few connections

        return QueryDict(query_string)

    def user_key(self, user: Any) -> str | None:
        """What ``user`` is known by; ``None`` for nobody."""
        return user_key(user)

    def translate(self, error: BaseException) -> Refused | None:
        """The refusal that an error of Django stands for, if it is meant as one."""
        return translate(error)

    def write_html(self, *fragment: Any) -> str:
        """The frame of a fragment, which is rendered for that; parameters as of :class:`Fragment`."""
        return self.encoder.control(HTML, Fragment(*fragment).render())

    def refuse_to_broadcast(self, event: str, topic: str) -> None:
        """Raise what forbids ``socket.broadcast`` from where this is called, if anything does."""
        self.refuse_strangers()
        if current.get() is None and not may_emit_anywhere():
            raise EmitHandlerError(event, topic)

    # For whoever sends.

    def refuse_strangers(self) -> None:
        """Raise ``InvalidInstanceError`` where an application has put something else among the connections."""
        for stranger in self.roster.strangers:
            raise InvalidInstanceError(stranger, "tornado_websockets.websockethandler.WebSocketHandler")


def _log_failure(error: Exception, observer: Observer, what: str, connection: Connection) -> None:
    args = type(observer).__name__, what, connection.path, connection.id
    log_error(connection.offer, error, "%s failed as a client has %s (path %.64r, connection %s)", *args)


def may_emit_anywhere() -> bool:
    """The setting ``EMIT_ANYWHERE``."""
    return bool(conf.get("EMIT_ANYWHERE"))
