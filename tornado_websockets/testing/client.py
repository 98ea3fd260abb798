"""A client for async tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from asgiref.sync import sync_to_async
from django.apps import apps
from django.utils.datastructures import CaseInsensitiveMapping

from .. import conf
from ..core.connection import Connection
from ..core.registry import PREFIX
from ..discovery import discover
from ..websocket import WebSocket, registry

if TYPE_CHECKING:
    from ..core.dispatch import Run

Data = dict[str, Any]

#: Seconds that a client waits for what should come, by default; and for what should not.
TIMEOUT = 1.0
SILENCE = 0.1


class ConnectionRefused(Exception):
    """``authorize`` did not let the client in."""


class RequestRefused(Exception):
    """A request was answered with an error.

    :ivar code: such as ``"unknown_event"``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Client:
    """One client of a WebSocket.

    Sync handlers run where Django runs sync code of async tests, so they see the test's database transaction.

    :param path: of the WebSocket, concrete: ``"/chat"``, ``"/room/lobby"``; with or without ``/ws``, and a query
        string, ``"/chat?token=1"``.
    :param user: what handlers find as ``socket.user``; by default nobody in particular, as on a server.
    :param session: what they find as ``socket.session``.
    :param headers: of the handshake.
    :param websocket: one that is not served at its path (``add_to_handlers=False``).
    :param run: runs sync handlers.
    :raises LookupError: there is no WebSocket at ``path``.

    :ivar connection: the server's side of it: the ``socket`` of the handlers.
    :ivar close_code: once the server has closed the connection.
    """

    connection: Connection

    def __init__(
        self,
        path: str,
        *,
        user: Any = None,
        session: Any = None,
        headers: Mapping[str, str] | None = None,
        websocket: WebSocket | None = None,
        run: Run | None = None,
    ) -> None:
        path, _, self._query_string = path.partition("?")
        self._websocket, self._kwargs = find(path, websocket)
        self._user = _anonymous() if user is None else user
        self._session, self._headers = session, headers or {}
        self._run: Run = run or sync_to_async(_call, thread_sensitive=True)
        self._received: list[Data] = []
        self._arrived = asyncio.Condition()
        self._outgoing: asyncio.Queue[str | None] = asyncio.Queue()
        self._serving: asyncio.Task[None] | None = None
        self._requests = 0
        self.close_code: int | None = None

    async def connect(self) -> Self:
        """Connect, and run the ``open`` handler.

        :raises ConnectionRefused: ``authorize`` said no.
        """
        self.connection = Connection(
            self._websocket,
            _Transport(self),
            path=self._websocket.pattern.build(self._kwargs),
            kwargs=self._kwargs,
            headers=CaseInsensitiveMapping(self._headers),
            limits=conf.limits(),
            query_string=self._query_string,
            user=self._user,
            session=self._session,
            run=self._run,
        )
        if not await self._websocket.is_authorized(self.connection, self._run) or self.connection.closed:
            raise ConnectionRefused(self.connection.path)
        try:
            await self.connection.open(_accept)
        except BaseException:
            await self.connection.gone()
            raise
        self._serving = asyncio.get_running_loop().create_task(self._serve())
        return self

    async def close(self) -> None:
        """Leave: what was sent is handled, then the ``close`` handler runs."""
        if self._serving is not None:
            self._outgoing.put_nowait(None)
            await asyncio.wait([self._serving])

    def cancel(self) -> None:
        """Leave at once, as a client does whose handler never ends."""
        if self._serving is not None:  # which, cancelled before its first step, would not leave in order
            asyncio.get_running_loop().call_soon(self._serving.cancel)

    async def emit(self, event: str, data: Data | None = None) -> None:
        """Send an event."""
        await self.send_text(json.dumps({"event": event, "data": data or {}}))

    async def send_text(self, text: str) -> None:
        """Send a frame as it is, to see what becomes of a bad one."""
        self._outgoing.put_nowait(text)

    async def receive(self, event: str, timeout: float = TIMEOUT) -> Data:  # noqa: ASYNC109 a client's own words
        """The data of the next ``event``; others stay to be received.

        :param timeout: in seconds.
        :raises AssertionError: it did not come; the message says what did.
        """
        return (await self._take(lambda frame: frame["event"] == event, f"No {event!r}", timeout))["data"]  # type: ignore[no-any-return]

    async def receive_any(self, timeout: float = TIMEOUT) -> tuple[str, Data]:  # noqa: ASYNC109
        """The next event and its data, whichever it is; errors as :meth:`receive`."""
        frame = await self._take(lambda _: True, "Nothing", timeout)
        return frame["event"], frame["data"]

    async def request(self, event: str, data: Data | None = None, timeout: float = TIMEOUT) -> Any:  # noqa: ASYNC109
        """Send an event, and return what its handler returned.

        :raises RequestRefused: the answer is an error.
        :raises AssertionError: there is no answer in time.
        """
        self._requests += 1
        id_ = f"request-{self._requests}"
        await self.send_text(json.dumps({"event": event, "data": data or {}, "id": id_}))
        reply = await self._take(lambda frame: frame.get("id") == id_, f"No reply to {event!r}", timeout)
        if "error" in reply:
            raise RequestRefused(reply["error"]["code"], reply["error"]["message"])
        return reply["data"]

    async def assert_nothing(self, event: str | None = None, timeout: float = SILENCE) -> None:  # noqa: ASYNC109
        """Check that nothing, or no ``event``, has come or comes within ``timeout`` seconds."""
        try:
            frame = await self._take(lambda frame: event in (None, frame["event"]), "", timeout)
        except AssertionError:
            return
        raise AssertionError(f"Expected silence, got {frame!r}.")

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def arrive(self, frame: Data | None, close_code: int | None = None) -> None:
        """Part of the transport: the server has sent a frame, or closed."""
        async with self._arrived:
            if frame is not None:
                self._received.append(frame)
            else:
                self.close_code = close_code
                self._outgoing.put_nowait(None)
            self._arrived.notify_all()

    async def _serve(self) -> None:
        try:
            while (text := await self._outgoing.get()) is not None:
                await self.connection.received(text)
        finally:
            await self.connection.gone()

    async def _take(self, is_wanted: Callable[[Data], bool], missing: str, seconds: float) -> Data:
        async with self._arrived:
            try:
                async with asyncio.timeout(seconds):
                    await self._arrived.wait_for(lambda: self._is_closed or any(map(is_wanted, self._received)))
            except TimeoutError:
                raise AssertionError(f"{missing} within {seconds} s; came: {self._received!r}.") from None
            frame = next(filter(is_wanted, self._received), None)
            if frame is None:
                closed = f"the server has closed the connection, with {self.close_code}"
                raise AssertionError(f"{missing}, and {closed}; came: {self._received!r}.")
            self._received.remove(frame)
            return frame

    @property
    def _is_closed(self) -> bool:
        return self.close_code is not None


class _Transport:
    """The server's end of the line."""

    is_simulated = True  # for the watch of logins

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, text: str) -> None:
        await self._client.arrive(json.loads(text))

    async def close(self, code: int, reason: str) -> None:  # noqa: ARG002 nobody asked for it yet
        await self._client.arrive(None, code)

    def abort(self, code: int) -> None:
        """Nothing to cut."""

    def interrupt(self) -> None:
        """No server stops."""


async def _accept() -> None:
    """There is no handshake."""


def _call(call: Callable[[], Any]) -> Any:
    return call()


def _anonymous() -> Any:
    if not apps.is_installed("django.contrib.auth"):
        return None
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


def find(path: str, websocket: WebSocket | None) -> tuple[WebSocket, Mapping[str, Any]]:
    """The WebSocket at a concrete path, and the parameters in it. Raises ``LookupError``."""
    path = "/" + path.strip().lstrip("/").removeprefix(PREFIX[1:] + "/")
    if websocket is not None:
        parameters = websocket.pattern.match(path)
        found = None if parameters is None else (websocket, parameters)
    else:
        discover()
        found = registry.find(PREFIX + path)
    if found is None:
        raise LookupError(f"There is no WebSocket at {path!r}.")
    return found
