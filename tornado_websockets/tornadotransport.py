"""The Tornado side of a connection: frames to the client, pings, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import tornado.iostream
import tornado.websocket

from .core.admission import Pings
from .core.heartbeat import Heartbeat
from .core.wire import text_frame

if TYPE_CHECKING:
    from .websockethandler import WebSocketHandler

#: Seconds that a client has to answer a close frame, and that one which is given up has to take it.
CLOSE_TIMEOUT, ABORT_TIMEOUT = 3.0, 1.0

#: Close code for a client that answers no ping, the one that uvicorn has.
PING_TIMEOUT = 1011


class TornadoTransport:
    """What :class:`~tornado_websockets.core.outbox.Transport` asks for, and a heartbeat."""

    __slots__ = ("_handler", "_heartbeat", "_pings")

    def __init__(self, handler: WebSocketHandler) -> None:
        self._handler = handler
        self._heartbeat: Heartbeat | None = None
        self._pings = Pings()

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
        """Cut off who floods us with pings and reads no answer: Tornado 6.5 keeps all of them."""
        protocol = self._handler.ws_connection
        stream = None if protocol is None else protocol.stream
        if stream is not None and not self._pings.is_answered(is_writable=not stream.writing()):
            stream.close()

    def answered(self) -> None:
        """A pong came."""
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
