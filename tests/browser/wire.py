"""A site in the tests' own process: its pages are what a test says, and its WebSockets speak the wire."""

import asyncio
import base64
import itertools
import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.support.npm import CLIENT, ROOT
from tests.support.waiting import until

STATIC = "/static/tornado_websockets/"
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript", "mjs": "text/javascript"}
STRICT_CSP = "default-src 'self'"

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class RefusedBySite(Exception):
    """What a handler raises to refuse an event; its arguments are the members of the error."""

    def __init__(self, **error: Any) -> None:
        super().__init__(error)
        self.error = error


class WireSite:
    """One path per page, all events of all WebSockets in one history of one sender."""

    def __init__(self) -> None:
        #: What is served, by path: a text, or a function that gives it.
        self.pages: dict[str, str | Callable[[], str]] = {"/favicon.ico": ""}
        self.csp = STRICT_CSP
        self.status = HTTPStatus.OK
        self.has_history = True
        self.handlers: dict[str, Handler] = {}
        #: What clients have sent, protocol apart.
        self.frames: list[dict[str, Any]] = []
        self.opened: list[str] = []
        #: Where each connection said that it stands.
        self.since: list[dict[str, int] | None] = []
        self.requested: list[str] = []
        self.requested_at: list[float] = []
        self.connections: dict[ServerConnection, str] = {}
        #: Those of them that have been welcome.
        self.greeted: set[ServerConnection] = set()
        #: No event is answered before it is set.
        self.answering = asyncio.Event()
        self.answering.set()
        #: No page is given before it is set.
        self.serving = asyncio.Event()
        self.serving.set()
        self.port = 0
        self._server: Server | None = None
        self._numbers = itertools.count(1)
        self._epochs = itertools.count(1)
        self.forget()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def position(self) -> str:
        """What ``{% websocket_position %}`` writes."""
        text = json.dumps({self._epoch: 0, "a": self._last})
        return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    async def start(self) -> None:
        self._server = await serve(self._speak, "127.0.0.1", self.port, process_request=self._respond)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everybody off, as a server does that is killed."""
        assert self._server is not None
        for connection in self.connections:
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    def forget(self) -> None:
        """Have a store that knows nothing of what was."""
        self._epoch = f"epoch{next(self._epochs)}"
        self._history: list[tuple[str, dict[str, Any]]] = []
        self._last = 0

    async def publish(self, event: str, data: dict[str, Any], path: str = "/ws/room") -> None:
        frame: dict[str, Any] = {"event": event, "data": data}
        if self.has_history:
            self._last = next(self._numbers)
            frame["at"] = f"a.{self._last}"
            self._history.append((path, frame))
        for connection, where in list(self.connections.items()):
            if where == path:
                await connection.send(json.dumps(frame))

    async def show(self, target: str, html: str, swap: str = "beforeend", path: str = "/ws/room") -> None:
        await self.publish("tws.html", {"target": target, "swap": swap, "html": html}, path)

    async def wait_for_connections(self, count: int = 1) -> None:
        """Wait until there are so many, and all of them know where they stand."""
        await until(lambda: len(self.connections) == len(self.greeted) == count)
        for connection in self.greeted:
            await (await connection.ping())

    async def wait_for_frames(self, count: int = 1) -> None:
        await until(lambda: len(self.frames) >= count)

    async def wait_for_requests(self, path: str, count: int) -> None:
        await until(lambda: self.requested.count(path) >= count)

    async def _respond(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Upgrade") is not None:
            return None
        path = request.path.partition("?")[0]
        self.requested.append(path)
        self.requested_at.append(time.monotonic())
        await self.serving.wait()
        page = self.pages.get(path)
        status = self.status if page is not None else HTTPStatus.OK
        if page is None and path.startswith(STATIC):
            body = (ROOT / CLIENT / path.removeprefix(STATIC)).read_bytes()
        else:
            body = (page() if callable(page) else page or "").encode()
        suffix = path.rpartition(".")[2]
        headers = Headers({"Content-Type": TYPES.get(suffix, TYPES["html"]), "Content-Length": str(len(body))})
        headers["Connection"] = "close"
        if self.csp:
            headers["Content-Security-Policy"] = self.csp
        return Response(status, status.phrase, headers, body)

    async def _speak(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else ""
        self.opened.append(path)
        self.connections[connection] = path
        answers = set()
        try:
            async for text in connection:
                answers.add(asyncio.create_task(self._hear(connection, path, json.loads(text))))
        except ConnectionClosed:
            pass
        finally:
            del self.connections[connection]
            self.greeted.discard(connection)
            for answer in answers:
                answer.cancel()
            await asyncio.gather(*answers, return_exceptions=True)

    async def _hear(self, connection: ServerConnection, path: str, frame: dict[str, Any]) -> None:
        if frame["event"] == "tws.ping":
            await connection.send('{"event": "tws.pong"}')
        elif frame["event"] == "tws.hello":
            await connection.send(json.dumps({"event": "tws.welcome", "data": self._welcome(path, frame["data"])}))
            self.greeted.add(connection)
        else:
            self.frames.append(frame)
            await self.answering.wait()
            await self._answer(connection, frame)

    async def _answer(self, connection: ServerConnection, frame: dict[str, Any]) -> None:
        try:
            answer = {"data": self.handlers.get(frame["event"], dict)(frame["data"])}
        except RefusedBySite as refusal:
            answer = {"error": refusal.error}
        if "id" in frame:
            await connection.send(json.dumps({"event": "reply", "id": frame["id"], **answer}))

    def _welcome(self, path: str, hello: dict[str, Any]) -> dict[str, Any]:
        self.since.append(hello["since"])
        welcome: dict[str, Any] = {"id": f"c{next(self._numbers)}"}
        if not self.has_history:
            return welcome
        since = hello["since"]
        recovered = since is not None and self._epoch in since
        events = [
            frame
            for where, frame in self._history
            if recovered and where == path and int(frame["at"].partition(".")[2]) > since.get("a", 0)
        ]
        at = {self._epoch: 0, "a": self._last}
        return welcome | {"at": at, "recovered": recovered, "events": events}
