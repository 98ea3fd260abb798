"""A client's way through daphne: back-pressure, close codes and reasons, pings, aborting."""

import asyncio
import functools
from collections.abc import Awaitable
from typing import Any, Final

from tornado_websockets.core.connections.hangup import Line, bytes_taken, has_hung_up, keep_little
from tornado_websockets.core.connections.heartbeat import Heartbeat
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.protocol.rfc6455 import text_frame

from .asgi import AsgiTransport, Message, Receive, Scope, Send
from .intake.daphne import intake_of
from .recognition import NeededNames, is_a

#: Seconds within which a client is to answer a close frame, three at least: Autobahn takes the whole second before.
#: With its own, one, it may cut the line before the frame is out, and what was sent just before is lost with it.
CLOSING_SECONDS: Final = 4

#: What is needed of daphne's protocol, and documented nowhere.
NEEDED: Final = NeededNames(
    "STATE_CLOSED",
    "STATE_CLOSING",
    "STATE_OPEN",
    "application_queue.qsize",
    "closeHandshakeTimeout",
    "data",
    "dataReceived",
    "dropConnection",
    "http_request_uri",
    "maxMessagePayloadSize",
    "onMessageFrame",
    "onPing",
    "onPong",
    "registerProducer",
    "sendCloseFrame",
    "sendMessage",
    "sendPing",
    "sendPong",
    "send_queue",
    "server.ping_interval",
    "server.ping_timeout",
    "server.root_path",
    "serverClose",
    "state",
    "trafficStats.incomingOctetsWireLevel",
    "transport.fileno",
    "transport.pauseProducing",
    "transport.resumeProducing",
    "transport.write",
    "unregisterProducer",
)


#: What is needed of Twisted's connection to write at once, and documented nowhere.
NEEDED_TO_WRITE: Final = NeededNames("_tempDataLen", "dataBuffer", "writeSomeData")


class Turns:
    """Tells the turns of an event loop from each other: those in which somebody asks have numbers."""

    __slots__ = ("_loop", "_number", "_scheduled")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._number = 0
        self._scheduled = False

    def current(self) -> int:
        """The number of the turn that is running."""
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._end)
        return self._number

    def _end(self) -> None:
        self._number += 1
        self._scheduled = False


#: The turns of an event loop; daphne has one loop in a process.
turns_of: Final = functools.lru_cache(maxsize=1)(Turns)


def is_daphne(thing: object) -> bool:
    """Whether that is the protocol of a client of daphne."""
    return is_a(thing, "daphne.ws_protocol", "WebSocketProtocol")


def is_plain_line(line: object) -> bool:
    """Whether what is written to ``line`` is what the kernel gets, so that it may be given to it past Twisted's buffer.

    A transport of TLS passes on whatever it is asked for to the connection below, which would send it in clear.
    """
    return is_a(line, "twisted.internet.tcp", "Connection") and NEEDED_TO_WRITE.missing_in(line) is None


class DaphneTransport(AsgiTransport):
    """One client on daphne, which takes whatever is sent, and whatever comes in, and keeps it in memory.

    Twisted can say when a client falls behind, to whoever is registered as the producer of its data, and can stop
    reading from it. Pings are ours: daphne's own are none, or answered, for a client that sends anything.

    :param protocol: daphne's. What it reads from the client is bounded from now on.
    """

    __slots__ = (
        "_heartbeat",
        "_intake",
        "_is_direct",
        "_is_plain",
        "_line",
        "_protocol",
        "_turns",
        "_writable",
        "_written_in",
    )

    def __init__(self, protocol: Any, receive: Receive, send: Send, *, is_wrapped: bool = False) -> None:
        super().__init__(receive, send, is_wrapped=is_wrapped)
        self._protocol = protocol
        self._intake = intake_of(protocol)
        # Whether frames go out as they are, neither compressed nor changed; None while nobody knows.
        self._is_plain: bool | None = False if is_wrapped else None
        # Set when the client takes what is sent; None while it does.
        self._writable: asyncio.Event | None = None
        self._heartbeat: Heartbeat | None = None
        self._line: Line | None = None
        self._is_direct = is_plain_line(protocol.transport)
        self._turns = turns_of(asyncio.get_running_loop())
        self._written_in = -1  # the turn of the loop
        protocol.closeHandshakeTimeout = CLOSING_SECONDS
        protocol.unregisterProducer()  # of the HTTP request it began as
        protocol.registerProducer(self, True)  # streaming: we are told, not asked

    def path_refusal(self, scope: Scope) -> str | None:
        """Refuse what daphne takes for another path.

        It takes ``//host/path``, ``http://host/path`` and ``/path;parameters`` for ``/path``, so that a proxy in front
        of it, which decides by what it sees, may be deceived.
        """
        asked: str = self._protocol.http_request_uri
        is_same = asked.partition("?")[0] == scope["raw_path"].decode("latin-1")
        return None if is_same else "it was asked for as something else"

    def root_path(self, scope: Scope) -> str:  # noqa: ARG002 it has what a client may have sent as Daphne-Root-Path
        return str(self._protocol.server.root_path)

    # What Twisted tells a producer.

    def pauseProducing(self) -> None:  # noqa: N802 Twisted's name
        """More than its buffer of 64 KiB waits: not the client's slowness, Twisted only writes between other work.

        So the kernel is given what it takes at once, as uvicorn and Tornado do, and a client is slow where that is not
        all. Twisted resumes us within the call where it is.
        """
        if self._writable is None:
            self._writable = asyncio.Event()
            write_at_once = getattr(self._protocol.transport, "doWrite", None)  # of IWriteDescriptor
            if write_at_once is not None:
                write_at_once()

    def resumeProducing(self) -> None:  # noqa: N802
        """The buffer is empty."""
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is lost; whoever waits finds out by sending.

        What the client did not take would be kept until the garbage collector comes by, which may be minutes.
        """
        self.resumeProducing()
        line = self._protocol.transport
        while (wrapped := vars(line).get("transport")) is not None:  # by TLS
            line = wrapped
        line.dataBuffer, line._tempDataBuffer, line._tempDataLen = b"", [], 0  # noqa: SLF001

    @property
    def is_writable(self) -> bool:
        """Whether the client takes what is sent."""
        return self._writable is None

    # What a connection and its outbox ask for.

    def send(self, text: str) -> Awaitable[None] | None:
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            if protocol.state in (protocol.STATE_CLOSING, protocol.STATE_CLOSED):
                raise ClientGone  # daphne would drop the text
            return self._put({"type": "websocket.send", "text": text}, self._writable)
        if self._is_plain is None:  # known when the handshake is through
            self._is_plain = not getattr(protocol, "websocket_extensions_in_use", True)
        if not self._is_plain or protocol.send_queue or self._writable is not None:
            return self._put({"type": "websocket.send", "text": text}, self._writable)
        self._write(text_frame(text))  # Autobahn takes 4 µs more, for a line that nobody logs
        return None

    def _write(self, data: bytes) -> None:
        """Give the kernel the first of each turn of the loop at once; Twisted gives it the rest together, in the next.

        Twisted has the event loop tell it when there is room, which takes longer than to write a frame.
        """
        line, turn = self._protocol.transport, self._turns.current()
        if self._is_direct and turn != self._written_in and not (line.dataBuffer or line._tempDataLen):  # noqa: SLF001
            self._written_in = turn
            taken = line.writeSomeData(data)
            if isinstance(taken, int):  # else the line is broken, as Twisted finds out when it writes
                data = data[taken:]
        if data:
            line.write(data)

    async def close(self, code: int, reason: str) -> None:
        protocol = self._protocol
        if self._is_wrapped:
            self._intake.close_reason = reason
            await self._put({"type": "websocket.close", "code": code, "reason": reason})
        elif protocol.state == protocol.STATE_OPEN:
            protocol.sendCloseFrame(code=code, reasonUtf8=reason.encode(), isReply=False)

    def keep_line_short(self) -> None:
        keep_little(self._protocol.transport.fileno())

    def taken(self) -> int | None:
        return bytes_taken(self._protocol.transport.fileno())

    def has_left(self) -> bool:
        protocol = self._protocol
        return bool(protocol.state == protocol.STATE_CLOSED) or has_hung_up(protocol.transport.fileno())

    def cut(self) -> None:
        self._protocol.dropConnection(abort=True)

    def has_more(self) -> bool:
        return self._ahead is not None or not self._protocol.application_queue.empty() or bool(self._intake.rest)

    # What is known of daphne.

    def on_pong(self) -> None:
        """The client has answered a ping, or what it takes for one."""
        if self._heartbeat is not None:
            self._heartbeat.answered()

    def _begin_reading(self) -> None:
        server = self._protocol.server
        if server.ping_timeout > 0:
            self._heartbeat = Heartbeat(
                self._protocol.sendPing,
                self.cut,
                self._is_reading,
                interval=server.ping_interval,
                timeout=server.ping_timeout,
            )
        self._intake.transport = self
        self._intake.release()

    def _is_reading(self) -> bool:
        return self._intake.is_reading

    def _stop_reading(self) -> None:
        self._intake.hold()

    def _leave_to_server(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None
        self._intake.leave()

    def _read(self) -> Awaitable[Message]:
        if self._intake.rest and not self._intake.is_full():
            self._intake.go_on()
        return self._receive()

    def _probe(self) -> None:
        self._protocol.sendPong()  # if it is open

    def _is_found_dead(self, now: float) -> bool:
        protocol = self._protocol
        if protocol.state == protocol.STATE_CLOSED:
            return True
        if self._line is None:
            self._line = Line(protocol.transport.fileno())
        return self._line.is_found_dead(now)


class HiddenDaphneTransport(AsgiTransport):
    """One client on a daphne that is hidden, or looks different, so that there is ASGI alone."""

    __slots__ = ()

    def close(self, code: int, reason: str) -> Awaitable[None]:
        """Close with 3001 for 1001, and so on: it refuses those, and after 1000 no browser would connect again."""
        return super().close(code if code == 1000 or code >= 3000 else code + 2000, reason)
