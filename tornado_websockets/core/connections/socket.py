"""``Socket``: what a handler gets as ``socket``, the same on every transport."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from ..delivery.sending import Sending
from ..protocol.frames import Data


class State(IntEnum):
    """Where a connection is in its life."""

    CONNECTING = 0
    OPEN = 1
    LEFT = 2  # the client has gone; what it sent before is still handled
    CLOSING = 3  # close() was called; what was sent before is still on its way
    CLOSED = 4


#: Looking a member up in its class costs 60 ns on Python 3.11, and a message needs five.
CONNECTING, OPEN, LEFT, CLOSING, CLOSED = State


class Socket:
    """One client, as its handlers see it.

    Handlers get one as ``socket``; nobody else makes them. Everything may be called from any thread, and with or
    without ``await`` in async code.

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
    """

    __slots__ = ()

    id: str
    path: str
    kwargs: Mapping[str, Any]
    headers: Mapping[str, str]
    query_string: str
    address: str | None
    session: Any
    state: dict[str, Any]
    websocket: Any

    @property
    @abstractmethod
    def user(self) -> Any:
        """Who it is."""

    @user.setter
    @abstractmethod
    def user(self, user: Any) -> None: ...

    @property
    @abstractmethod
    def token(self) -> str | None:
        """The bearer token of the handshake."""

    @property
    @abstractmethod
    def subprotocol(self) -> str | None:
        """The subprotocol that was selected."""

    @property
    @abstractmethod
    def expires_at(self) -> datetime | None:
        """When the connection is closed with 4401."""

    @expires_at.setter
    @abstractmethod
    def expires_at(self, moment: datetime | None) -> None: ...

    @property
    @abstractmethod
    def query(self) -> Any:
        """The parameters in the query string, a ``QueryDict``."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""

    @abstractmethod
    def emit(self, event: str, data: Data | str | None = None) -> Sending:
        """Send an event to this client, after all that was sent to it before.

        :param event: name of the event.
        :param data: a dict, or a string, which becomes ``{"message": data}``.
        :raises TypeError: either is something else, or ``data`` hold what JSON cannot.
        :raises ValueError: ``data`` hold NaN, an infinity or themselves, or nest too deeply.
        :raises tornado.websocket.WebSocketClosedError: the connection is closed.
        """

    @abstractmethod
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

    def emit_warning(self, message: str, code: str | None = None) -> Sending:
        """Send a ``warning`` event, ``{"code": code, "message": message}``; the code is left out when not given."""
        return self.emit("warning", {"message": message} if code is None else {"code": code, "message": message})

    @abstractmethod
    def broadcast(self, event: str, data: Data | str | None = None) -> Sending:
        """Send an event to every other client of this path, on every process.

        :raises InvalidInstanceError, EmitHandlerError: as ``WebSocket.emit``.
        """

    @abstractmethod
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

    @abstractmethod
    def present(self, info: Data) -> None:
        """Say that this client is here, or say something else of it; others see it where ``presence`` is on.

        :param info: a dict, at most 4 KiB of JSON.
        :raises RuntimeError: the WebSocket has no ``presence``, or only counts.
        :raises TypeError: ``info`` is something else, or holds what JSON cannot.
        :raises ValueError: it is too large.
        """

    @abstractmethod
    def absent(self) -> None:
        """Take that back; ``RuntimeError`` as of :meth:`present`."""

    @abstractmethod
    def close(self, code: int | None = None, reason: str | None = None) -> Sending:
        """Close the connection once what was sent before is out. Does nothing when it is closed.

        :param code: 1000, the default, or an application's own, 4000 to 4999; servers disagree on the rest.
        :param reason: at most 123 bytes of UTF-8.
        :raises ValueError: code or reason is something else.
        """
