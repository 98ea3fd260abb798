"""A client's way through gunicorn's own worker for ASGI (``-k asgi``): pings, aborting, how much is read."""

from dataclasses import dataclass
from typing import Any, Final

from tornado_websockets.core.connections.heartbeat import Heartbeat
from tornado_websockets.core.protocol.rfc6455 import UNASKED_PONG

from .asgi import Receive, Send
from .intake.gunicorn import intake_of
from .line import LineTransport
from .recognition import NeededNames, is_a

#: What is needed of gunicorn's protocol, and documented nowhere.
NEEDED: Final = NeededNames(
    "_buffer",
    "_close_sent",
    "_fragments",
    "_put_message",
    "_queue_space.clear",
    "_read_frame",
    "_receive_queue.empty",
    "_unmask",
    "feed_eof",
    "max_message_size",
    "transport.abort",
    "transport.get_extra_info",
    "transport.get_protocol",
    "transport.get_write_buffer_size",
    "transport.is_closing",
    "transport.write",
)

_PING_FRAME: Final = b"\x89\x00"


@dataclass(frozen=True, slots=True)
class PingTimes:
    """How often a client is pinged, in seconds: as uvicorn does by default, since gunicorn has no settings for it.

    :ivar interval: from one answer to the next ping.
    :ivar timeout: for the answer.
    """

    interval: float = 20.0
    timeout: float = 20.0


def is_gunicorn(thing: object) -> bool:
    """Whether that is the protocol of a client of gunicorn's own worker for ASGI."""
    return is_a(thing, "gunicorn.asgi.websocket", "WebSocketProtocol")


class GunicornTransport(LineTransport):
    """One client on gunicorn's own worker for ASGI.

    Its ``send`` waits for a client that is slow. Pings are ours, since it sends none.

    :param protocol: gunicorn's. What it reads from the client is bounded from now on.
    """

    __slots__ = ("_heartbeat", "_intake", "_ping_times", "_protocol")

    def __init__(
        self,
        protocol: Any,
        receive: Receive,
        send: Send,
        *,
        is_wrapped: bool = False,
        ping_times: PingTimes = PingTimes(),
    ) -> None:
        super().__init__(protocol.transport, receive, send, is_wrapped=is_wrapped)
        self._protocol = protocol
        self._intake = intake_of(protocol)
        self._ping_times = ping_times
        self._heartbeat: Heartbeat | None = None

    def has_more(self) -> bool:
        return self._ahead is not None or bool(self._protocol.bridge_has_waiting)

    def on_pong(self) -> None:
        """The client has answered a ping, or what it takes for one."""
        if self._heartbeat is not None:
            self._heartbeat.answered()

    # What is known of gunicorn.

    def _begin_reading(self) -> None:
        times = self._ping_times
        self._heartbeat = Heartbeat(
            self._ping, self.cut, self._is_reading, interval=times.interval, timeout=times.timeout
        )
        self._intake.transport = self
        self._intake.release()

    def _ping(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_PING_FRAME)

    def _probe(self) -> None:
        if self._heartbeat is not None and not self._transport.is_closing():
            self._transport.write(UNASKED_PONG)

    def _is_reading(self) -> bool:
        return not self._intake.is_waiting

    def _stop_reading(self) -> None:
        self._intake.hold()

    def _leave_to_server(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None
        if self._transport.is_closing():
            # Else it writes a close frame, at which uvloop raises an error.
            self._protocol._close_sent = True  # noqa: SLF001
        self._intake.transport = None  # which has us: neither should wait for the garbage collector
        self._intake.release()  # for the client's answer to a close frame
