"""The way to one client by Tornado: frames that go out, pings, and the end of the line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from ..core.connections.hangup import Line, bytes_taken, has_hung_up, keep_little
from ..core.connections.heartbeat import Heartbeat
from ..core.connections.transport import ClientGone
from ..core.protocol.closing import PING_TIMEOUT
from ..core.protocol.rfc6455 import UNASKED_PONG, RawFrame, text_frame


@dataclass(frozen=True, slots=True)
class ClosingTimes:
    """Seconds that a client has once it is to go; then the line is cut.

    :ivar answer: for its answer to a close frame.
    :ivar abort: to take the close frame, when it is given up.
    """

    answer: float = 3.0
    abort: float = 1.0


class TornadoTransport:
    """The :class:`~tornado_websockets.core.connections.transport.Transport` of one client, with its heartbeat.

    :param handler: Tornado's, of this client.
    :param cancel_current: cancels what is being handled.
    :param read_on: has more read while something is being handled.
    :param times: how long it takes to end.
    :ivar is_gone: whether Tornado has said that the client has left.
    """

    __slots__ = ("_cancel_current", "_handler", "_heartbeat", "_line", "_times", "is_gone", "read_on")

    def __init__(
        self,
        handler: WebSocketHandler,
        cancel_current: Callable[[], None],
        read_on: Callable[[], None],
        times: ClosingTimes = ClosingTimes(),
    ) -> None:
        self._handler = handler
        self._cancel_current = cancel_current
        self.read_on = read_on
        self._times = times
        self._heartbeat: Heartbeat | None = None
        self.is_gone = False
        self._line: Line | None = None

    # For the connection.

    def send(self, text: str) -> Awaitable[None] | None:
        """Write a frame. Tornado's ``write_message`` would start a task for each, and buffer without limit."""
        stream = self._stream
        if stream is None or self._handler.ws_connection.is_closing():  # type: ignore[union-attr]
            raise ClientGone
        left = _not_taken(stream, text.to_bytes() if isinstance(text, RawFrame) else text_frame(text))
        if not left:
            return None
        try:
            writing = stream.write(left)
        except StreamClosedError as error:
            raise ClientGone from error
        return None if writing.done() and writing.exception() is None else _written(writing)

    async def close(self, code: int, reason: str) -> None:
        self._end(code, reason, self._times.answer)

    def abort(self, code: int) -> None:
        self._end(code, "", self._times.abort)

    def keep_line_short(self) -> None:
        stream = self._stream
        if stream is not None and not stream.closed():
            keep_little(stream.socket.fileno())

    def taken(self) -> int | None:
        stream = self._stream
        return None if stream is None or stream.closed() else bytes_taken(stream.socket.fileno())

    def has_left(self) -> bool:
        stream = self._stream or getattr(self._handler.request.connection, "stream", None)
        line = None if self.is_gone or stream is None else stream.socket
        return line is None or has_hung_up(line.fileno())

    def cancel_handler(self) -> None:
        self._cancel_current()
        self.cut()  # the client may read nothing, and so never answer the close frame

    # For the handler.

    def begin_pings(self, is_reading: Callable[[], bool]) -> None:
        """Ping as the settings of Tornado's application say.

        :param is_reading: whether an answer would be read now.
        """
        settings = self._handler.settings
        interval, timeout = settings.get("websocket_ping_interval") or 0, settings.get("websocket_ping_timeout")
        self._heartbeat = Heartbeat(
            self._ping,
            partial(self._end, PING_TIMEOUT, "ping timed out", self._times.abort),
            is_reading,
            interval=interval,
            timeout=interval if timeout is None else timeout,
        )

    def answered(self) -> None:
        """The client has answered a ping."""
        if self._heartbeat is not None:
            self._heartbeat.answered()

    def end_pings(self) -> None:
        """The client has gone: send no more pings."""
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None

    def is_found_dead(self, now: float) -> bool:
        """Whether the client is seen to have hung up, although what it sent before is not handled yet."""
        stream = self._stream
        if stream is None or stream.closed():
            return True
        if self._line is None:
            self._line = Line(stream.socket.fileno())
        return self._line.is_found_dead(now)

    def probe(self) -> None:
        """Send a pong that nobody has asked for, and nobody answers, to a client of which no more is read meanwhile.

        One that hung up in order says so behind all that it had sent: the kernel tells, where what is sent to it comes
        back.
        """
        stream = self._stream
        if stream is not None and not self._handler.ws_connection.is_closing():  # type: ignore[union-attr]
            with suppress(StreamClosedError):
                stream.write(UNASKED_PONG)

    def cut(self) -> None:
        """Drop the connection at once, with what the client has sent: Tornado would go on to what it has read of it."""
        protocol, stream = self._handler.ws_connection, self._stream
        if protocol is not None and stream is not None:
            protocol.client_terminated = True
            stream.close()

    @property
    def _stream(self) -> Any:
        """Tornado's stream, while there is one: not before the handshake is answered, nor when the line was cut."""
        protocol = self._handler.ws_connection
        return None if protocol is None else protocol.stream

    def _ping(self) -> None:
        with suppress(WebSocketClosedError, StreamClosedError):
            WebSocketHandler.ping(self._handler)

    def _end(self, code: int, reason: str, seconds: float) -> None:
        """Send a close frame, and cut the line if that did not do it: Tornado itself waits longer."""
        stream = self._stream
        if stream is not None:
            WebSocketHandler.close(self._handler, code, reason)
            asyncio.get_running_loop().call_later(seconds, stream.close)


def _not_taken(stream: Any, data: bytes) -> bytes:
    """What the kernel does not take of it at once. Tornado makes a future of each write, which takes as long again."""
    if type(stream) is not IOStream or stream.writing() or stream.closed():
        return data
    try:
        return data[stream.write_to_fd(memoryview(data)) :]
    except OSError:  # it takes nothing now, or the line is broken, as Tornado finds out when it writes
        return data


async def _written(writing: asyncio.Future[None]) -> None:
    try:
        await writing
    except StreamClosedError as error:
        raise ClientGone from error
