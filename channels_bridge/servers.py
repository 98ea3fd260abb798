"""What is known of the servers that ASGI does not say: who takes no more, how to wait for it, how to cut it off.

Names that the servers do not document are looked for first: with any other server, or a future one that looks
different, connections behave as standard ASGI makes them, and a warning says so.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

from tornado_websockets.core.admission import Pings
from tornado_websockets.core.heartbeat import Heartbeat
from tornado_websockets.core.hub import hub
from tornado_websockets.core.wire import text_frame

from .clock import Clock
from .inflow import Inflow, bound, merge
from .recognition import is_a, warn_once
from .stopping import stop_with_daphne, stop_with_uvicorn

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Bytes that one client may send before all it has sent is handled, and messages, each of which costs half a kilobyte
#: besides; seconds between two looks at how many did.
MAX_UNREAD, MAX_UNREAD_MESSAGES = 4 * 1024 * 1024, 1_000
LOOK_INTERVAL = 0.01


def server_of(receive: Receive, send: Send) -> "Server":
    """The server that gave an application these two."""
    while hasattr(getattr(send, "__self__", None), "real_send"):  # the session middleware of Channels
        send = send.__self__.real_send  # type: ignore[attr-defined]
    owner = send.args[0] if isinstance(send, functools.partial) and send.args else getattr(send, "__self__", None)
    try:
        if is_a(owner, "daphne.ws_protocol", "WebSocketProtocol"):
            return Daphne(owner, receive)
        if type(owner).__module__.startswith("uvicorn.protocols.websockets."):
            return Uvicorn(owner)
    except AttributeError as error:
        warn_once(f"This version of the server is not known, slow clients are bounded less well: {error}")
    return Server()


class Server:
    """A server of which nothing is known but ASGI; others can do more.

    :ivar writable: set when the client takes what is sent; ``None`` while it does, or where ``send`` itself waits.
    """

    __slots__ = ()

    writable: asyncio.Event | None = None

    def opened(self) -> None:
        """The client was accepted."""

    def ended(self) -> None:
        """The application has done all it wanted to."""

    def write(self, text: str) -> bool:  # noqa: ARG002
        """Send a text at once, without ASGI's detour by which every client costs a frame of its own.

        :returns: whether it was possible now.
        """
        return False

    def close(self, code: int, reason: str) -> Awaitable[None] | None:  # noqa: ARG002
        """Close with a code and a reason that would be lost in ASGI's way; ``None`` where they would not."""
        return None

    def cut(self) -> None:
        """Drop the connection at once, with what the client did not take."""

    def watch(self) -> Callable[[], None]:
        """Called before a handler runs, to stop reading while too much waits; returns what ends that."""
        return _do_nothing


def root_path(scope: Message, send: Send) -> str:
    """Where the application is mounted, by the server's configuration."""
    owner = send.args[0] if isinstance(send, functools.partial) and send.args else None
    if owner is not None and is_a(owner, "daphne.ws_protocol", "WebSocketProtocol"):
        return str(owner.server.root_path)  # the scope has what a client may have sent as Daphne-Root-Path
    return str(scope.get("root_path", ""))


class Uvicorn(Server):
    """Uvicorn reads on only while the application takes messages, and its ``send`` waits for a slow client.

    When the application returns, it waits for the client to take what is left; :meth:`cut` does not.
    """

    __slots__ = ("_is_closing", "_is_writable", "_transport", "_write", "is_plain")

    def __init__(self, protocol: Any) -> None:
        stop_with_uvicorn(hub.lane())
        self._transport = protocol.transport
        # What a broadcast asks of every client is kept at hand: each object that it touches on its way costs.
        self._is_writable = protocol.writable.is_set
        self._is_closing = protocol.transport.is_closing
        self._write = protocol.transport.write
        # Uvicorn has three implementations. Only the default one is known; what browsers compress needs it anyway.
        is_bounded = bound(protocol)
        if not is_bounded:
            warn_once("Of uvicorn's --ws only websockets-sansio is known; what clients send is bounded less well.")
        self.is_plain = is_bounded and all(isinstance(one, Inflow) for one in protocol.conn.extensions)

    def write(self, text: str) -> bool:
        # It closes its transport together with whatever else would forbid writing, but for a close of ours.
        if not self.is_plain or not self._is_writable() or self._is_closing():
            return False
        self._write(text_frame(text))
        return True

    def cut(self) -> None:
        self._transport.abort()


class Daphne(Server):
    """Daphne takes whatever is sent, and whatever comes in, and keeps it in memory.

    Twisted can say when a client falls behind, to whoever is registered as the producer of its data, and can stop
    reading from it. Pings are ours: daphne's own are none, or answered, for a client that sends anything.

    :ivar is_plain: whether frames go out as they are, neither compressed nor changed; ``None`` while nobody knows.
    """

    __slots__ = ("_heartbeat", "_is_paused", "_pings", "_protocol", "_queue", "_read_before", "is_plain", "writable")

    def __init__(self, protocol: Any, receive: Receive) -> None:
        # Looked for now, so that nothing is missing in the middle of a conversation.
        _ = protocol.state, protocol.send_queue, protocol.trafficStats.incomingOctetsWireLevel, protocol.sendPing
        _ = protocol.onMessageFrame, protocol.onPing, protocol.dropConnection, protocol.transport.pauseProducing
        _ = protocol.server.ping_interval, protocol.server.ping_timeout
        self._protocol = protocol
        queue = getattr(receive, "__self__", None)
        self._queue = queue if isinstance(queue, asyncio.Queue) else None  # it has no bound
        self._read_before = 0
        self._is_paused = False
        self.is_plain: bool | None = None
        self.writable: asyncio.Event | None = None
        self._heartbeat: Heartbeat | None = None
        protocol.unregisterProducer()  # of the HTTP request it began as
        protocol.registerProducer(self, True)  # streaming: we are told, not asked
        stop_with_daphne(hub.lane())

    def pauseProducing(self) -> None:  # noqa: N802 Twisted's name
        """More than its buffer of 64 KiB waits."""
        if self.writable is None:
            self.writable = asyncio.Event()

    def resumeProducing(self) -> None:  # noqa: N802
        """The buffer is empty."""
        if self.writable is not None:
            self.writable.set()
            self.writable = None

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is lost; whoever waits finds out by sending."""
        self.resumeProducing()

    def opened(self) -> None:
        self._pings = Pings()
        self._protocol.onMessageFrame, self._protocol.onPing = self._take_frame, self._take_ping
        interval, timeout = self._protocol.server.ping_interval, self._protocol.server.ping_timeout
        if timeout > 0:
            self._heartbeat = heartbeat = Heartbeat(
                self._protocol.sendPing, self.cut, lambda: not self._is_paused, interval=interval, timeout=timeout
            )
            self._protocol.onPong = lambda _: heartbeat.answered()  # a callback of Autobahn's

    def ended(self) -> None:
        for callback in ("onMessageFrame", "onPing"):
            self._protocol.__dict__.pop(callback, None)
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None
            del self._protocol.onPong

    def _take_frame(self, pieces: list[bytes]) -> None:
        """Take one fragment of a message, as Autobahn's own callback of the name does, and keep them together."""
        type(self._protocol).onMessageFrame(self._protocol, pieces)
        merge(self._protocol.message_data)

    def _take_ping(self, payload: bytes) -> None:
        if self._pings.is_answered(is_writable=self.writable is None):
            type(self._protocol).onPing(self._protocol, payload)

    def write(self, text: str) -> bool:
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            if protocol.state in (protocol.STATE_CLOSING, protocol.STATE_CLOSED):
                raise ConnectionResetError("The client has left.")  # daphne would drop the text
            return False
        if self.is_plain is None:  # known when the handshake is through
            self.is_plain = not getattr(protocol, "websocket_extensions_in_use", True)
        if not self.is_plain or protocol.send_queue or self.writable is not None:
            return False
        protocol.transport.write(text_frame(text))  # as Autobahn does, after 4 µs for a line that nobody logs
        return True

    async def close(self, code: int, reason: str) -> None:
        if self._protocol.state == self._protocol.STATE_OPEN:
            self._protocol.sendCloseFrame(code=code, reasonUtf8=reason.encode(), isReply=False)

    def cut(self) -> None:
        self._protocol.dropConnection(abort=True)

    def watch(self) -> Callable[[], None]:
        if self._queue is None:
            return _do_nothing
        if self._queue.empty():
            self._read_before = self._read
        else:  # handlers that never wait leave no time for a look at them
            self.pause_if_flooded()
        _clock.add(self)
        return self._end_watch

    def _end_watch(self) -> None:
        _clock.remove(self)
        if self._is_paused and self._queue is not None and self._queue.empty():
            self._is_paused = False
            self._protocol.transport.resumeProducing()

    @property
    def _read(self) -> int:
        octets: int = self._protocol.trafficStats.incomingOctetsWireLevel
        return octets

    def pause_if_flooded(self) -> None:
        """Read nothing more, not even pongs, from who has sent too much since all was handled."""
        waiting = 0 if self._queue is None else self._queue.qsize()
        is_flooded = self._read - self._read_before > MAX_UNREAD or waiting > MAX_UNREAD_MESSAGES
        if is_flooded and not self._is_paused:
            self._is_paused = True
            self._protocol.transport.pauseProducing()


#: Looks after the connections whose handlers run.
_clock: Clock[Daphne] = Clock(LOOK_INTERVAL, Daphne.pause_if_flooded)


def _do_nothing() -> None:
    """There is nothing to end."""
