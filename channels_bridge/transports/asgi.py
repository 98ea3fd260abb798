"""A client's way through any ASGI server, of which nothing is known but what ASGI says."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from time import monotonic
from typing import Any, Final

from tornado_websockets.core.connections.connection import Connection
from tornado_websockets.core.connections.inbox import READ_ON_AFTER
from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.logger import log_error
from tornado_websockets.core.protocol.closing import FLOODING, GOING_AWAY
from tornado_websockets.core.protocol.offers import NOTHING_OFFERED
from tornado_websockets.serving.authorization import abandon

from .intake.reading_ahead import ReadingAhead
from .polling import Poll
from .recognition import has_left

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: Seconds that the close frame to a client that is given up may take.
LAST_FRAME_SECONDS: Final = 1.0


class AsgiTransport:
    """One client on any server. Subclasses know more of theirs than ASGI says.

    :param receive: of the server, or of what is around the application.
    :param send: likewise.
    :param is_wrapped: whether something around the application has a ``send`` of its own. Then all that is sent goes
        through it.
    """

    __slots__ = (
        "_abort_code",
        "_ahead",
        "_connection",
        "_context",
        "_has_received",
        "_is_receiving",
        "_is_wrapped",
        "_offer",
        "_receive",
        "_send",
        "_task",
    )

    def __init__(self, receive: Receive, send: Send, *, is_wrapped: bool = False) -> None:
        self._receive = receive
        self._send = send
        self._is_wrapped = is_wrapped
        self._context = copy_context() if is_wrapped else None  # for what is around the application, when it receives
        self._task = asyncio.current_task()
        self._is_receiving = False
        self._has_received = True
        self._abort_code: int | None = None
        self._ahead: ReadingAhead | None = None
        self._connection: Connection | None = None
        self._offer = NOTHING_OFFERED

    # The handshake, and whom the transport is for.

    def path_refusal(self, scope: Scope) -> str | None:  # noqa: ARG002
        """Why a path is refused that is not what the client has asked for; ``None`` when it is."""
        return None

    def root_path(self, scope: Scope) -> str:
        """Where the application is mounted, by the server's configuration."""
        return str(scope.get("root_path", ""))

    def begin(self, connection: Connection) -> None:
        """Serve ``connection`` from now on. Pairs with :meth:`end`."""
        self._connection, self._offer = connection, connection.offer
        _slow_handlers.add(self)

    def end(self) -> None:
        """Receive nothing any more."""
        if self._connection is not None:
            _slow_handlers.remove(self)
            self._connection = None  # which has us: neither should wait for the garbage collector
        if self._ahead is not None:
            self._ahead.stop()

    def release(self) -> None:
        """Undo what was done to the server. Who is given up is still to be cut off, and is not read until then."""
        if self._abort_code is None:
            self._leave_to_server()

    async def accept(self, subprotocol: str | None = None) -> None:
        """Let the client in. Raises :class:`ClientGone`."""
        await self._put({"type": "websocket.accept", **({} if subprotocol is None else {"subprotocol": subprotocol})})
        self._begin_reading()

    async def refuse(self) -> None:
        """Answer the handshake with 403."""
        await self._put({"type": "websocket.close"})

    # What a connection and its outbox ask for.

    def send(self, text: str) -> Awaitable[None] | None:
        return self._put({"type": "websocket.send", "text": text})

    def close(self, code: int, reason: str) -> Awaitable[None]:
        return self._put({"type": "websocket.close", "code": code, "reason": reason})

    def abort(self, code: int) -> None:
        if self._abort_code is None:
            self._abort_code = code
            self._stop_reading()
            if self._is_receiving and self._task is not None:
                self._task.cancel()

    def read_on(self) -> None:
        # While somebody receives, it is read as it comes.
        if self._ahead is None and not self._is_receiving and self._connection is not None:
            context = Context() if self._context is None else self._context  # none of the handler's, which it outlives
            self._ahead = ReadingAhead(self._read, self, context=context, offer=self._offer)

    def keep_line_short(self) -> None:
        """Nothing: where the line is, only those know who know the server."""

    def taken(self) -> int | None:
        return None

    def has_left(self) -> bool:
        return False  # so far as ASGI says

    def cancel_handler(self) -> None:
        self._abort_code = GOING_AWAY
        if self._task is not None:
            self._task.cancel()

    # For the consumer.

    def forgives_cancellation(self) -> bool:
        """Whether nobody but us has cancelled the task; if so, it goes on."""
        return self._abort_code is not None and self._task is not None and self._task.uncancel() == 0

    async def read_to_end(self, connection: Connection) -> None:
        """Give ``connection`` what its client sends, one message after the other, until it leaves or is given up."""
        while (message := await self.receive()) is not None:
            await connection.received(message)
            if self.has_more():
                now = monotonic()
                self.look_after_client(now)
                if connection.is_long_gone:
                    self.cut()
                    break
                if connection.shard.count_handled(now):
                    await connection.shard.turnstile.wait()

    async def receive(self) -> str | bytes | None:
        """The next message; ``None`` when the client has gone, or is given up."""
        if self._abort_code is not None:
            return None
        self._is_receiving = self._has_received = True
        try:
            message = await (self._read() if self._ahead is None else self._ahead.next())
        except asyncio.CancelledError:
            if self.forgives_cancellation():
                return None
            raise
        finally:
            self._is_receiving = False
        if message["type"] != "websocket.receive":
            return None
        text: str | None = message.get("text")
        return _content(message) if text is None else text

    def has_more(self) -> bool:
        """Whether, as far as is known, more of what the client has sent is here already."""
        return True

    def look_after_client(self, now: float) -> None:
        """Notice a client that has left, although what it sent before is not handled yet."""
        if self._connection is not None and self._is_found_dead(now):
            self._connection.on_lost()

    def cut(self) -> None:
        """Drop the connection at once, with what the client did not take."""

    async def finish(self, seconds: float = LAST_FRAME_SECONDS) -> None:
        """Close what was given up, and drop what it did not take.

        :param seconds: that the close frame may take.
        """
        if self._abort_code is None:
            return
        try:
            await asyncio.wait_for(self.close(self._abort_code, ""), seconds)
        except (ClientGone, TimeoutError):  # it has gone, or takes nothing
            pass
        except Exception as error:
            log_error(self._offer, error, "Closing a client failed")
        self.cut()
        self._leave_to_server()

    # Reading ahead.

    def read_on_if_late(self) -> None:
        """Read ahead from now on, if a handler or ``authorize`` has been running since the last look."""
        if not self._is_receiving and self._connection is not None:
            self._look_after_unread(self._connection, is_late=not self._has_received)
        self._has_received = False

    def _look_after_unread(self, connection: Connection, *, is_late: bool) -> None:
        if not connection.closed and (self.has_more() if self._ahead is None else self._ahead.is_full):
            self._probe()
        if is_late and connection.is_long_gone:
            self._let_go()
        elif is_late and self._is_found_dead(monotonic()):
            self.on_end()
        elif is_late:
            self.read_on()

    def take_ahead(self, message: Message) -> bool:
        """Answer a message that was read ahead before its turn, if a handler runs or will, and that is possible."""
        is_next = self._is_receiving and not (self._ahead is not None and self._ahead.has_waiting)
        return not is_next and self._take_ahead(_content(message))

    def _take_ahead(self, message: str | bytes) -> bool:
        """Whether the connection has answered ``message`` at once, so that it need not wait for the handler."""
        answer = getattr(self._connection, "answer_at_once", None)
        return answer is not None and bool(answer(message))

    def on_end(self) -> None:
        """The client has left, while a handler or ``authorize`` is running."""
        if self._connection is not None and not self._is_receiving:
            self._connection.on_lost()
            abandon(self._connection)

    def _let_go(self) -> None:
        """Keep nothing of what the client had sent, since nothing of it is begun any more: its handler may run on."""
        _slow_handlers.remove(self)
        self._stop_reading()
        self.cut()
        self.read_on()
        if self._ahead is not None:
            self._ahead.discard()

    # What is known of a server besides ASGI.

    def _begin_reading(self) -> None:
        """The client was accepted: what it sends may be read."""

    def _stop_reading(self) -> None:
        """The client is to be closed: nothing more is read of it."""

    def _end_line(self) -> None:
        """The client has left a while ago: the server need not keep its line, and says so in a last message."""
        self._stop_reading()
        self.cut()

    def _leave_to_server(self) -> None:
        """The application has done all it wanted to."""

    def _read(self) -> Awaitable[Message]:
        """The next message of the server."""
        return self._receive()

    def _probe(self) -> None:
        """Send a pong that nobody has asked for, and nobody answers, to a client of which no more is read meanwhile.

        One that hung up in order says so behind all that it had sent: the kernel tells, where what is sent to it comes
        back.
        """

    def _is_found_dead(self, now: float) -> bool:  # noqa: ARG002
        """Whether the client is seen to have hung up, although what it sent before is not handled yet."""
        return False

    def cut_off_flooder(self) -> None:
        """Close a client that sends too much of what carries nothing."""
        if self._connection is not None:
            self._connection.on_flood(FLOODING, "it sends too many pings, pongs or empty fragments")

    async def _put(self, message: Message, writable: asyncio.Event | None = None) -> None:
        """Give a message to the server, when it may be. Raises :class:`ClientGone`."""
        if writable is not None:
            await writable.wait()
        try:
            await (_through(self._send, message) if self._is_wrapped else self._send(message))
        except Exception as error:
            if has_left(error):
                raise ClientGone from error
            raise


def _content(message: Message) -> str | bytes:
    text: str | None = message.get("text")
    data: bytes | None = message.get("bytes")
    return (data or b"") if text is None else text


def _through(send: Send, message: Message) -> Awaitable[None]:
    """Call a middleware's ``send`` as it may expect: in a task, and so in a context, of its own.

    Where it need not wait, that costs 2 µs. Before Python 3.12 it would cost 30, since no task could begin at once:
    there it begins in the task and the context of whoever sends, as with every server of which nothing is known.
    """
    if sys.version_info >= (3, 12):
        return asyncio.Task(_called(send, message), loop=asyncio.get_running_loop(), eager_start=True)
    return send(message)


async def _called(send: Send, message: Message) -> None:
    await send(message)


#: Every READ_ON_AFTER seconds, start reading ahead where one handler still runs.
_slow_handlers: Poll[AsgiTransport] = Poll(READ_ON_AFTER, AsgiTransport.read_on_if_late)
