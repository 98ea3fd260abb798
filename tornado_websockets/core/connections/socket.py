"""``Socket``: what a handler gets as ``socket``, the same on every transport."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from ..delivery.audience import Audience
from ..delivery.message import Message
from ..delivery.sending import Sending
from ..protocol.closing import Close
from ..protocol.frames import Data

T = TypeVar("T")


class Client(Protocol):
    """What a socket needs of its connection, besides what it shows of it."""

    id: str
    path: str
    query_string: str
    endpoint: Any
    offer: Any

    @property
    def presence(self) -> Any:
        """Who tells others of it; ``RuntimeError`` where nobody does."""

    def write(self, text: str) -> Sending:
        """Send a text as it is, after all that was sent before."""

    def sent_here(self) -> Sending:
        """What may be awaited after something was sent to others."""

    async def ask(self, event: str, data: Data | str | None, seconds: float | None) -> Any:
        """What the client answers to a question."""

    def end(self, close: Close) -> None:
        """Close in order: what was sent before goes out first."""


class _Of(Generic[T]):
    """Something of the connection. What an application sets under that name hides it, and changes no connection.

    :param name: under which the connection has it, if that is another one.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = self._name or name
        self._get = attrgetter(f"_connection.{self._name}")

    def __get__(self, socket: Any, owner: type) -> T:
        return self if socket is None else self._get(socket)  # type: ignore[return-value]


class _Shared(_Of[T]):
    """Something of the connection that an application may change."""

    def __set__(self, socket: "Socket", value: T) -> None:
        setattr(connection_of(socket), self._name, value)


class Socket:
    """One client, as its handlers see it.

    Handlers get one as ``socket``; nobody else makes them. Everything may be called from any thread, and with or
    without ``await`` in async code. An application may set attributes of its own.

    :ivar id: unique, hexadecimal.
    :ivar path: the concrete path, without the ``/ws`` that transports put before it.
    :ivar kwargs: parameters of the path, converted.
    :ivar headers: of the handshake; names in any case.
    :ivar query_string: of the handshake, as the client wrote it.
    :ivar query: its parameters, a ``QueryDict``. URLs are logged by servers and proxies: nothing secret belongs there.
    :ivar token: the bearer token of the handshake, offered as the subprotocol behind ``bearer``, or else in the header
        ``Authorization``; ``None`` without one. No ``repr`` of a socket shows it.
    :ivar subprotocol: that of the WebSocket's ``subprotocols`` that was selected, or ``None``.
    :ivar expires_at: when the connection is closed with 4401: an aware ``datetime``, or ``None``, which it is until it
        is set; by ``authorize`` for instance.
    :ivar address: the client's IP address, or ``None`` where the server does not know it.
    :ivar user: Django's user, or ``None`` without ``django.contrib.auth``. ``ws.to(user=...)`` knows it as it is when
        the client has been let in; who is set later is known from then on.
    :ivar session: Django's session, or ``None`` without ``django.contrib.sessions``.
    :ivar state: a dict for the application.
    :ivar websocket: the ``WebSocket`` that serves it.
    :ivar closed: whether nothing can be sent any more.
    """

    # The connection has us, too, until its last handler has ended.
    __slots__ = ("__dict__", "__weakref__", "_connection")

    id = _Of[str]()
    path = _Of[str]()
    kwargs = _Of[Mapping[str, Any]]()
    headers = _Of[Mapping[str, str]]()
    query_string = _Of[str]()
    address = _Of[str | None]()
    token = _Of[str | None]("offer.token")
    subprotocol = _Of[str | None]("offer.subprotocol")
    websocket = _Of[Any]()
    closed = _Of[bool]()
    expires_at = _Shared[datetime | None]()
    user = _Shared[Any]()
    session = _Shared[Any]()
    state = _Shared[dict[str, Any]]()

    def __init__(self, connection: Client) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {getattr(self, '_connection', None)}>"

    @cached_property
    def query(self) -> Any:
        """The parameters in the query string, a ``QueryDict``."""
        return self._connection.endpoint.read_query(self._connection.query_string)

    def emit(self, event: str, data: Data | str | None = None) -> Sending:
        """Send an event to this client, after all that was sent to it before.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :raises TypeError: either is something else, or ``data`` hold what JSON cannot.
        :raises ValueError: ``data`` hold NaN, an infinity or themselves, or nest too deeply.
        :raises tornado.websocket.WebSocketClosedError: the connection is closed.
        """
        connection = self._connection
        return connection.write(connection.endpoint.encoder.event(event, data))

    def emit_html(
        self,
        target: str,
        template: str | Sequence[str] | None,
        context: Mapping[str, Any] | None = None,
        *,
        swap: str = "beforeend",
        language: str | None = None,
    ) -> Sending:
        """Send a piece of HTML to this client, as the event ``tws.html`` that ``fragments.js`` puts into the page.

        Parameters and errors as of ``WebSocket.emit_html``, and of :meth:`emit`.
        """
        connection = self._connection
        return connection.write(connection.endpoint.write_html(target, template, context, swap, language))

    def emit_warning(self, message: str, code: str | None = None) -> Sending:
        """Send a ``warning`` event, ``{"code": code, "message": message}``; the code is left out when not given."""
        return self.emit("warning", {"message": message} if code is None else {"code": code, "message": message})

    def broadcast(self, event: str, data: Data | str | None = None) -> Sending:
        """Send an event to every other client of this path, on every process.

        :raises InvalidInstanceError, EmitHandlerError: as ``WebSocket.emit``.
        """
        connection = self._connection
        endpoint, path = connection.endpoint, connection.path
        text = endpoint.encoder.emitted(event, data)
        endpoint.refuse_to_broadcast(event, path)
        audience = Audience(exclude=frozenset((connection.id,)), is_local=True)
        endpoint.hub.emit(Message(path, event, text, audience=audience))
        return connection.sent_here()

    async def ask(self, event: str, data: Data | str | None = None, *, timeout: float | None = 30.0) -> Any:  # noqa: ASYNC109
        """What the client answers to a question, whatever handler of it is running: anything that JSON can say.

        In sync code, ``async_to_sync(socket.ask)(...)``. Questions need no declaring among what a WebSocket sends.

        :param event: name of the event by which it is asked.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :param timeout: seconds that it has; ``None`` for as long as it is connected.
        :raises TypeError, ValueError: as :meth:`emit`.
        :raises TimeoutError: it has not answered in time.
        :raises RequestRefused: it has answered with an error.
        :raises tornado.websocket.WebSocketClosedError: the connection is closed, or was before it has answered.
        """
        return await self._connection.ask(event, data, timeout)

    def present(self, info: Data) -> None:
        """Say that this client is here, or say something else of it; others see it where ``presence`` is on.

        :param info: a dict, at most 4 KiB of JSON.
        :raises RuntimeError: the WebSocket has no ``presence``, or only counts.
        :raises TypeError: ``info`` is something else, or holds what JSON cannot.
        :raises ValueError: it is too large.
        """
        self._connection.presence.present(self._connection, info)

    def absent(self) -> None:
        """Take that back; ``RuntimeError`` as of :meth:`present`."""
        self._connection.presence.absent(self._connection)

    def close(self, code: int | None = None, reason: str | None = None) -> Sending:
        """Close the connection once what was sent before is out. Does nothing when it is closed.

        :param code: 1000, the default, or an application's own, 4000 to 4999; servers disagree on the rest.
        :param reason: at most 123 bytes of UTF-8.
        :raises ValueError: code or reason is something else.
        """
        self._connection.end(Close.by_application(1000 if code is None else code, reason or ""))
        return self._connection.sent_here()


def connection_of(socket: Socket) -> Client:
    """The connection of a client, whatever its application has set on its ``socket``."""
    return socket._connection  # noqa: SLF001
