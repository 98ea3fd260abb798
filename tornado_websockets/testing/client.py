"""A client for async tests.

It is long because it is all that applications have of it: what may be sent, received and awaited.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import suppress
from inspect import isawaitable
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from asgiref.sync import sync_to_async

from .. import conf
from ..auth.authentication import anonymous
from ..core.protocol.control import CANCEL
from ..core.protocol.frames import ANSWER, Code
from ..core.protocol.offers import Offer, carry
from ..core.registry import PREFIX
from ..core.tasks import keep
from ..exceptions import Refused, RequestRefused
from ..schema.sends import test_clients
from ..serving import handshake
from ..serving.announcing import not_found
from ..serving.discovery import discover
from ..websocket import WebSocket, endpoint_of, registry
from .transport import Transport

if TYPE_CHECKING:
    from ..core.connections.socket import Socket
    from ..core.delivery.publisher import Publisher
    from ..core.handlers.signatures import Run

Data = dict[str, Any]

#: Seconds that a client waits for what should come, by default; and for what should not.
TIMEOUT = 1.0
SILENCE = 0.1


class ConnectionRefused(Exception):
    """``authorize``, or what is asked who it is, did not let the client in."""


class Client:
    """One client of a WebSocket.

    Sync handlers run where Django runs sync code of async tests, so they see the test's database transaction.

    :param path: of the WebSocket, concrete: ``"/chat"``, ``"/room/lobby"``; with or without ``/ws``, and a query
        string, ``"/chat?token=1"``.
    :param user: what handlers find as ``socket.user``; nothing in ``AUTHENTICATE`` is asked then. By default nobody
        in particular, as on a server.
    :param session: what they find as ``socket.session``. It makes no user, whoever is logged in to it: ``user`` does.
    :param headers: of the handshake.
    :param token: offered as a browser offers it; then nobody is asked who this is but what takes tokens.
    :param subprotocols: offered.
    :param websocket: one that is not served at its path (``add_to_handlers=False``).
    :param run: runs sync handlers.
    :raises LookupError: there is no WebSocket at ``path``.

    :ivar connection: the server's side of it: the ``socket`` of the handlers.
    :ivar position: where it stands on a path with a history, once it has been told: the position of a page, as
        ``WebSocket.position`` writes it, moved on by what came since. ``None`` before.
    :ivar people: who is here by ``id``, as the server has told where ``presence`` is on.
    :ivar close_code: once the server has closed the connection.
    """

    connection: Socket

    def __init__(
        self,
        path: str,
        *,
        user: Any = None,
        session: Any = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        subprotocols: Sequence[str] = (),
        websocket: WebSocket | None = None,
        run: Run | None = None,
    ) -> None:
        path, _, self._query_string = path.partition("?")
        self._websocket, self._kwargs = find(path, websocket)
        self._user = anonymous() if user is None else user
        self._is_known = user is not None
        self._session, self._headers = session, headers or {}
        self._offered = ", ".join([*subprotocols, *(() if token is None else carry(token))])
        self._run: Run = run or sync_to_async(_call, thread_sensitive=True)
        self._received: list[Data] = []
        self._arrived = asyncio.Condition()
        self._outgoing: asyncio.Queue[str | None] = asyncio.Queue()
        self._serving: asyncio.Task[None] | None = None
        self._requests = 0
        self._answers: dict[str, Callable[[Data], Any]] = {}
        self._failures: list[Exception] = []
        self._stands: dict[str, int] | None = None
        self.people: dict[str, Data] = {}
        self._is_leaving = False
        self._publisher: Publisher | None = None
        self.close_code: int | None = None
        if endpoint_of(self._websocket).kept_hub is not None or conf.get("STORE") is not None:
            from ..store.current import keep_tests_to_memory

            keep_tests_to_memory()

    async def connect(self) -> Self:
        """Connect, and run the ``open`` handler.

        :raises ConnectionRefused: ``authorize`` said no.
        """
        endpoint = endpoint_of(self._websocket)
        test_clients.add(self)
        self._publisher = endpoint.hub.publisher
        if self._publisher is not None:
            self._publisher.begin_test()
        self._connection = handshake.connect(
            endpoint,
            Transport(self.arrive),
            parameters=self._kwargs,
            headers=handshake.join_headers(self._headers.items()),
            query_string=self._query_string,
            user=self._user,
            session=self._session,
            offer=self._offer(),
            run=self._run,
        )
        self.connection = self._connection.socket
        try:
            is_authorized = await endpoint.is_authorized(self._connection, self._run, is_known=self._is_known)
            if not is_authorized or self._connection.closed:
                raise ConnectionRefused(
                    f"{self._connection.path} refused the handshake; the logger tornado_websockets says why."
                )
            await self._connection.open(_accept)
        except BaseException:
            await self._leave()
            raise
        self._serving = asyncio.get_running_loop().create_task(self._serve())
        return self

    async def close(self) -> None:
        """Leave: what was sent is handled, then the ``close`` handler runs.

        Raises what a callback of :meth:`answer` has raised that was no refusal.
        """
        if self._serving is not None:
            self._is_leaving = True
            self._connection.on_hung_up()
            self._outgoing.put_nowait(None)
            await asyncio.wait([self._serving])
            with suppress(TimeoutError):  # a step of a generator may take for ever
                async with asyncio.timeout(TIMEOUT):
                    await self._connection.fall_silent()
        test_clients.discard(self)
        for error in self._failures:
            raise error

    def cancel(self) -> None:
        """Leave at once, as a client does whose handler never ends."""
        if self._serving is not None:  # which, cancelled before its first step, would not leave in order
            asyncio.get_running_loop().call_soon(self._serving.cancel)

    async def emit(self, event: str, data: Data | None = None) -> None:
        """Send an event."""
        await self.send_text(json.dumps({"event": event, "data": {} if data is None else data}))

    async def send_text(self, text: str) -> None:
        """Send a frame as it is, to see what becomes of a bad one.

        :raises RuntimeError: it is not connected.
        """
        if self._serving is None:
            raise RuntimeError("This client is not connected: call connect(), or use it in a with statement.")
        self._send(text)

    def _send(self, text: str) -> None:
        if not self._connection.answer_at_once(text):
            self._outgoing.put_nowait(text)

    async def receive(self, event: str, timeout: float = TIMEOUT) -> Data:  # noqa: ASYNC109 a client's own words
        """The data of the next ``event``; others stay to be received.

        :param timeout: in seconds.
        :raises AssertionError: it did not come; the message says what did.
        """
        return (await self._take(lambda frame: frame["event"] == event, f"No {event!r}", timeout)).get("data", {})  # type: ignore[no-any-return]

    async def receive_any(self, timeout: float = TIMEOUT) -> tuple[str, Data]:  # noqa: ASYNC109
        """The next event and its data, whichever it is; errors as :meth:`receive`."""
        frame = await self._take(lambda _: True, "Nothing", timeout)
        return frame["event"], frame.get("data", {})

    async def request(self, event: str, data: Data | None = None, timeout: float = TIMEOUT) -> Any:  # noqa: ASYNC109
        """Send an event, and return what its handler returned; of one that answers in parts, wait for the end alone.

        :raises RequestRefused: the answer is an error.
        :raises AssertionError: there is no answer in time.
        """
        id_ = await self._ask(event, data)
        reply = await self._take(lambda frame: _is_last(frame, id_), f"No reply to {event!r}", timeout)
        self._received = [frame for frame in self._received if frame.get("id") != id_]
        return _answer_of(reply)

    async def stream(
        self,
        event: str,
        data: Data | None = None,
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> AsyncGenerator[Any, None]:
        """Send an event, and yield the parts that its handler answers with: ``async for part in client.stream(...)``.

        Leaving the loop cancels the answer, as soon as Python notices; ``aclose`` does so at once, and returns when the
        handler is closed.

        :param timeout: in seconds, for each part.
        :raises RequestRefused: the answer ends with an error.
        :raises AssertionError: a part, or the end, did not come in time.
        """
        id_ = await self._ask(event, data)
        reply: Data = {"part": None}
        try:
            while "part" in (reply := await self._take_reply(event, id_, timeout)):
                yield reply["part"]
        finally:
            if "part" in reply:
                await self._cancel(event, id_)
        _answer_of(reply)

    def answer(self, event: str, callback: Callable[[Data], Any]) -> None:
        """Answer the questions of ``socket.ask(event)`` with what ``callback`` returns for their data.

        Those of an ``open`` handler, which :meth:`connect` waits for, are answered when this was called before.

        :param callback: a function or coroutine function. ``Refused`` and :class:`RequestRefused` are answered as an
            error; any other error too, and :meth:`close` raises it.
        """
        self._answers[event] = callback

    @property
    def position(self) -> str | None:
        """Where it stands; ``None`` before it was told."""
        if self._stands is None:
            return None
        from ..core.recovery.position import position_to_text

        return position_to_text(self._stands)

    async def resume(
        self,
        position: str | None = None,
        *,
        ids: Sequence[str] = (),
        timeout: float = TIMEOUT,  # noqa: ASYNC109
    ) -> bool:
        """Say where a page stands, as the browser client does at each open; what it has missed is received then.

        :param position: as ``WebSocket.position`` or :attr:`position` of an earlier client gives it; ``None`` for a
            page that knows nothing yet.
        :param ids: of its earlier connections: what these were excluded from, it has not missed.
        :returns: whether all that it has missed has come.
        :raises ValueError: ``position`` is none.
        :raises AssertionError: the server does not answer in time, or refuses.
        """
        from ..core.recovery.position import furthest, position_from_text

        since = None if position is None else position_from_text(position)
        self._stands = None
        hello = {"event": "tws.hello", "data": {"since": since, "ids": list(ids)}, "id": "hello"}
        async with self._arrived:
            live, self._received = self._received, []
        await self.send_text(json.dumps(hello))
        reply = await self._take(lambda frame: frame.get("id") == "hello", "No welcome", timeout)
        welcome = next((frame["data"] for frame in self._received if frame["event"] == "tws.welcome"), None)
        if welcome is None:
            raise AssertionError(f"Expected a welcome, got {reply!r}.")
        events = welcome.get("events", [])
        shown = {frame["at"] for frame in events if "at" in frame}

        def is_news(frame: Data) -> bool:
            sender, number = _place_of(frame)
            return not sender or (frame["at"] not in shown and number > (since or {}).get(sender, 0))

        recovered = bool(welcome.get("recovered", False))
        async with self._arrived:
            held = [*live, *(frame for frame in self._received if frame["event"] != "tws.welcome")]
            self._received = _in_order([*events, *filter(is_news, held)])
            stands = dict(welcome.get("at", {}))
            self._stands = furthest(since, stands) if recovered and since is not None else stands
            for frame in self._received:
                self._move(frame)
            self._arrived.notify_all()
        return recovered

    def _move(self, frame: Data) -> None:
        sender, number = _place_of(frame)
        if sender and self._stands is not None:
            self._stands[sender] = max(number, self._stands.get(sender, 0))

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
        if self._is_leaving:  # a handler that was still to run may ask something, and nobody answers
            self._connection.on_hung_up()
        if frame is not None and "id" in frame and frame["event"] in self._answers:
            keep(asyncio.ensure_future(self._answer(frame)))
            return
        async with self._arrived:
            if frame is not None:
                self._received.append(frame)
                self._move(frame)
                if frame["event"] == "presence" and endpoint_of(self._websocket).presence is not None:
                    self._meet(frame["data"])
            else:
                self.close_code = close_code
                self._outgoing.put_nowait(None)
            self._arrived.notify_all()

    def _meet(self, told: Data) -> None:
        """Keep what the server has told of people."""
        if "people" in told:
            self.people.clear()
        for person in (each for key in ("people", "joined", "changed") for each in told.get(key, ())):
            self.people[person["id"]] = person
        for id_ in told.get("left", ()):
            self.people.pop(id_, None)

    def _offer(self) -> Offer:
        headers = handshake.join_headers(self._headers.items())
        offered = self._offered or headers.get("sec-websocket-protocol", "")
        return endpoint_of(self._websocket).read_offer(offered, headers.get("authorization", ""))

    async def _serve(self) -> None:
        try:
            while (text := await self._outgoing.get()) is not None:
                await self._connection.received(text)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        try:
            await self._connection.on_closed()
        finally:
            if self._publisher is not None:
                self._publisher.end_test()

    async def _ask(self, event: str, data: Data | None) -> str:
        self._requests += 1
        id_ = f"request-{self._requests}"
        await self.send_text(json.dumps({"event": event, "data": {} if data is None else data, "id": id_}))
        return id_

    async def _take_reply(self, event: str, id_: str, seconds: float) -> Data:
        return await self._take(lambda frame: frame.get("id") == id_, f"No reply to {event!r}", seconds)

    async def _cancel(self, event: str, id_: str) -> None:
        """Cancel an answer, and take what comes of it all the same."""
        await self.send_text(json.dumps({"event": CANCEL, "id": id_}))
        with suppress(AssertionError):  # it does not end, or the connection has
            while "part" in await self._take_reply(event, id_, TIMEOUT):
                pass

    async def _answer(self, question: Data) -> None:
        answer: Data
        try:
            result = self._answers[question["event"]](question["data"])
            answer = {"data": await result if isawaitable(result) else result}
        except (Refused, RequestRefused) as error:
            answer = {"error": {"code": error.code, "message": str(error.message), **error.details}}
        except Exception as error:
            self._failures.append(error)
            answer = {"error": {"code": Code.HANDLER_ERROR, "message": "The callback failed."}}
        self._send(json.dumps({"event": ANSWER, "id": question["id"], **answer}))  # ``open``, which may ask, runs first

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


async def _accept() -> None:
    """There is no handshake."""


def _place_of(frame: Data) -> tuple[str, int]:
    """Sender and number of an event; of one without them, no name and 0."""
    sender, _, number = frame.get("at", "").rpartition(".")
    return sender, int(number or 0)


def _in_order(frames: Sequence[Data]) -> list[Data]:
    """The frames of each sender by number, in the slots that they had; the others stay in theirs."""
    by_sender: defaultdict[str, deque[Data]] = defaultdict(deque)
    for sender, _, frame in sorted(((*_place_of(frame), frame) for frame in frames), key=itemgetter(1)):
        by_sender[sender].append(frame)
    return [by_sender[_place_of(frame)[0]].popleft() for frame in frames]


def _is_last(frame: Data, id_: str) -> bool:
    return frame.get("id") == id_ and "part" not in frame


def _answer_of(reply: Data) -> Any:
    if "error" in reply:
        error = reply["error"]
        raise RequestRefused(error.pop("code"), error.pop("message"), error)
    return reply["data"]


def _call(call: Callable[[], Any]) -> Any:
    return call()


def find(path: str, websocket: WebSocket | None) -> tuple[WebSocket, Mapping[str, Any]]:
    """The WebSocket at a concrete path, and the parameters in it. Raises ``LookupError``."""
    path = "/" + path.strip().lstrip("/").removeprefix(PREFIX[1:] + "/")
    if websocket is not None:
        parameters = endpoint_of(websocket).pattern.match(path)
        found = None if parameters is None else (websocket, parameters)
    else:
        discover()
        found = registry.find(PREFIX + path)
    if found is None:
        raise LookupError(not_found([websocket] if websocket else registry, path))
    return found
