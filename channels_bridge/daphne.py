"""What is known of daphne that ASGI does not say."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tornado_websockets.core.admission import FLOODING, IdleFrames
from tornado_websockets.core.hangup import Line
from tornado_websockets.core.heartbeat import Heartbeat
from tornado_websockets.core.hub import hub
from tornado_websockets.core.wire import text_frame

from .inflow import merge
from .intake import Intake
from .server import Message, Receive, Server
from .stopping import stop_with_daphne

#: Messages of one client that daphne may have parsed before the first of them is handled, and bytes of them.
MAX_PARSED: Final = 32
MAX_PARSED_BYTES: Final = 1024 * 1024

_CONTINUATION: Final = 0x0


class Daphne(Server):
    """Daphne takes whatever is sent, and whatever comes in, and keeps it in memory.

    Twisted can say when a client falls behind, to whoever is registered as the producer of its data, and can stop
    reading from it. Pings are ours: daphne's own are none, or answered, for a client that sends anything.

    :ivar is_plain: whether frames go out as they are, neither compressed nor changed; ``None`` while nobody knows.
    """

    __slots__ = (
        "_heartbeat",
        "_idle",
        "_intake",
        "_line",
        "_protocol",
        "_queue",
        "_read_before",
        "_receive",
        "is_plain",
        "writable",
    )

    def __init__(self, protocol: Any, receive: Receive) -> None:
        self._intake = intake_of(protocol)
        self._intake.is_full = self._is_full
        self._protocol = protocol
        self._receive = receive
        queue = getattr(receive, "__self__", None)
        self._queue = queue if isinstance(queue, asyncio.Queue) else None  # it has no bound
        self._read_before = 0
        self.is_plain: bool | None = None
        self.writable: asyncio.Event | None = None
        self._heartbeat: Heartbeat | None = None
        self._idle = IdleFrames()
        self._line = Line(protocol.transport.fileno())
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

    def opened(self, on_flood: Callable[[int], None]) -> None:
        protocol = self._protocol
        protocol.onMessageFrame, protocol.onPing, protocol.onPong = self._take_frame, self._take_ping, self._take_pong
        interval, timeout = protocol.server.ping_interval, protocol.server.ping_timeout
        if timeout > 0:
            self._heartbeat = Heartbeat(
                protocol.sendPing, self.cut, lambda: self._intake.is_reading, interval=interval, timeout=timeout
            )
        self._intake.on_flood = functools.partial(on_flood, FLOODING)
        self._intake.release()

    def hold(self) -> None:
        self._intake.hold()

    def ended(self) -> None:
        for name in ("onMessageFrame", "onPing", "onPong", "dataReceived"):
            vars(self._protocol).pop(name, None)
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None
        self._intake.drop()

    def receive(self) -> Awaitable[Message]:
        if self._intake.rest and not self._is_full():
            self._intake.go_on()
        return self._receive()

    def _is_full(self) -> bool:
        """Whether the application has enough to do with what was parsed."""
        protocol = self._protocol
        read: int = protocol.trafficStats.incomingOctetsWireLevel
        waiting = 0 if self._queue is None else self._queue.qsize()
        if not waiting:
            self._read_before = read
        is_much = waiting >= MAX_PARSED or read - self._read_before > MAX_PARSED_BYTES
        return is_much or protocol.state == protocol.STATE_CLOSED

    def _take_frame(self, pieces: list[bytes]) -> None:
        """Take one fragment of a message, as Autobahn's own callback of the name does, and keep them together."""
        if self._protocol.current_frame.opcode == _CONTINUATION and not any(pieces):
            self._count_idle()
        type(self._protocol).onMessageFrame(self._protocol, pieces)
        merge(self._protocol.message_data)

    def _take_ping(self, payload: bytes) -> None:
        self._count_idle()
        if self._idle.is_answered(is_writable=self.writable is None):
            type(self._protocol).onPing(self._protocol, payload)

    def _take_pong(self, payload: bytes) -> None:  # noqa: ARG002 any will do
        self._count_idle()
        if self._heartbeat is not None:
            self._heartbeat.answered()

    def _count_idle(self) -> None:
        if self._idle.is_flood():
            self._intake.flood()

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

    def has_more(self) -> bool:
        return self._queue is None or not self._queue.empty() or bool(self._intake.rest)

    def is_found_dead(self, now: float) -> bool:
        return self._protocol.state == self._protocol.STATE_CLOSED or self._line.is_found_dead(now)


def intake_of(protocol: Any) -> Intake:
    """What bounds what a client of daphne can send. Nothing is parsed until it is released."""
    known = known_intake(protocol)
    if known is not None:
        return known
    transport = protocol.transport
    # Looked for now, before anything is changed, so that nothing is missing in the middle of a conversation.
    _ = protocol.state, protocol.send_queue, protocol.trafficStats.incomingOctetsWireLevel, protocol.sendPing
    _ = protocol.onMessageFrame, protocol.onPing, protocol.onPong, protocol.dropConnection, protocol.data
    _ = protocol.server.ping_interval, protocol.server.ping_timeout, transport.fileno
    queue = hub.lane().turnstile.queue
    intake = Intake(
        protocol.dataReceived,
        transport.pauseProducing,
        transport.resumeProducing,
        queue,
        functools.partial(protocol.dropConnection, abort=True),
        stops_by_itself=False,
    )
    protocol.dataReceived = intake.take
    # What has come behind the handshake is looked at again, as a whole, with each read.
    data, protocol.data = protocol.data, b""
    intake.take(data)
    return intake


def known_intake(protocol: Any) -> Intake | None:
    """What :func:`intake_of` has made for ``protocol`` before."""
    known = getattr(vars(protocol).get("dataReceived"), "__self__", None)
    return known if isinstance(known, Intake) else None
