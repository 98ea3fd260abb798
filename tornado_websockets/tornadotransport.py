"""The Tornado side of a connection: frames to the client, pings, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import tornado.iostream
import tornado.websocket

from .core.admission import FLOODING, IdleFrames
from .core.hangup import Line
from .core.heartbeat import Heartbeat
from .core.hub import hub
from .core.wire import text_frame

if TYPE_CHECKING:
    from .websockethandler import WebSocketHandler

#: Seconds that a client has to answer a close frame, and that one which is given up has to take it.
CLOSE_TIMEOUT, ABORT_TIMEOUT = 3.0, 1.0

#: Frames of one client that are parsed in a row before others get their turn: Tornado parses all that it has read.
FRAMES = 32

#: Close code for a client that answers no ping, the one that uvicorn has.
PING_TIMEOUT = 1011


class TornadoTransport:
    """What :class:`~tornado_websockets.core.outbox.Transport` asks for, and a heartbeat."""

    __slots__ = ("_handler", "_heartbeat", "_idle", "_line")

    def __init__(self, handler: WebSocketHandler) -> None:
        self._handler = handler
        self._heartbeat: Heartbeat | None = None
        self._idle = IdleFrames()
        self._line: Line | None = None

    def send(self, text: str) -> Awaitable[None] | None:
        """Write a frame. Tornado's ``write_message`` would start a task for each, and buffer without limit."""
        protocol = self._handler.ws_connection
        if protocol is None or protocol.stream is None or protocol.is_closing():
            raise tornado.websocket.WebSocketClosedError
        writing = protocol.stream.write(text_frame(text))
        return None if writing.done() and writing.exception() is None else writing

    async def close(self, code: int, reason: str) -> None:
        self._end(code, reason, CLOSE_TIMEOUT)

    def abort(self, code: int) -> None:
        self._end(code, "", ABORT_TIMEOUT)

    def interrupt(self) -> None:
        self._handler.interrupt()
        self.cut()  # it may read nothing, and so never answer the close frame

    def begin_pings(self, is_reading: Callable[[], bool]) -> None:
        """Ping as the settings of Tornado's application say.

        :param is_reading: whether an answer would be read now.
        """
        settings = self._handler.settings
        interval, timeout = settings.get("websocket_ping_interval") or 0, settings.get("websocket_ping_timeout")
        self._heartbeat = Heartbeat(
            self._ping,
            partial(self._end, PING_TIMEOUT, "ping timed out", ABORT_TIMEOUT),
            is_reading,
            interval=interval,
            timeout=interval if timeout is None else timeout,
        )

    def pinged(self) -> None:
        """Cut off who floods us with pings, or reads no answer: Tornado 6.5 keeps all of them."""
        stream = self._stream
        if stream is not None and not self._idle.is_answered(is_writable=not stream.writing()):
            stream.close()
        self.count_idle()

    def count_idle(self) -> None:
        """Cut off who sends too many frames that carry nothing; one of them came."""
        if self._idle.is_flood():
            self._handler.connection.kick(FLOODING, "it sends too many pings, pongs or empty fragments")
            self.cut()

    def is_found_dead(self, now: float) -> bool:
        """Whether the client is seen to have hung up, although what it sent before is not handled yet."""
        stream = self._stream
        if stream is None or stream.closed():
            return True
        if self._line is None:
            self._line = Line(stream.socket.fileno())
        return self._line.is_found_dead(now)

    def cut(self) -> None:
        """Drop the connection at once, with what the client has sent: Tornado would go on to what it has read of it."""
        protocol = self._handler.ws_connection
        if protocol is not None and protocol.stream is not None:
            protocol.client_terminated = True
            protocol.stream.close()

    @property
    def _stream(self) -> Any:
        protocol = self._handler.ws_connection
        return None if protocol is None else protocol.stream

    def answered(self) -> None:
        """A pong came."""
        self.count_idle()
        if self._heartbeat is not None:
            self._heartbeat.answered()

    def end_pings(self) -> None:
        """The client has gone."""
        if self._heartbeat is not None:
            self._heartbeat.stop()
            self._heartbeat = None

    def _ping(self) -> None:
        with suppress(tornado.websocket.WebSocketClosedError, tornado.iostream.StreamClosedError):
            self._handler.ping()

    def _end(self, code: int, reason: str, seconds: float) -> None:
        """Send a close frame, and cut the line if that did not do it: Tornado itself waits longer."""
        protocol = self._handler.ws_connection
        if protocol is not None and protocol.stream is not None:
            tornado.websocket.WebSocketHandler.close(self._handler, code, reason)
            asyncio.get_running_loop().call_later(seconds, protocol.stream.close)


class PacedProtocol(tornado.websocket.WebSocketProtocol13):
    """Tornado's protocol, whose clients take turns, and may not send too much that carries nothing."""

    _frames = 0

    def __init__(self, handler: WebSocketHandler, transport: TornadoTransport, *args: Any) -> None:
        super().__init__(handler, *args)
        self._transport = transport
        self._turnstile = hub.lane().turnstile

    async def _receive_frame(self) -> None:
        """Parse and handle one frame: the one step of Tornado's loop that can wait."""
        self._frames += 1
        if self._frames % FRAMES == 0:
            await self._turnstile.wait()
        before = self._fragmented_message_buffer
        size = None if before is None else len(before)
        await super()._receive_frame()
        after = self._fragmented_message_buffer
        if after is not None and after is before and len(after) == size:
            self._transport.count_idle()  # a fragment of no bytes, or something between two fragments
