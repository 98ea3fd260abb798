"""One client from its handshake to its end: what comes from it is handled, what is sent to it goes out.

It is long because all of that meets in one status: whether the client is still there, and may be sent to.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from contextlib import suppress
from datetime import datetime
from enum import IntEnum
from threading import get_ident
from time import monotonic, thread_time
from typing import Any, Final

from ...exceptions import Refused, raise_connection_closed
from ..control import CONTROL
from ..conversation.conversation import ITS_OWN, Conversation
from ..conversation.questions import GONE
from ..counters import counters
from ..delivery.scheduler import LIGHT
from ..delivery.sending import Sending
from ..eager import start
from ..handlers.calling import FAILED, call, current, sender_to
from ..handlers.signatures import Handler, Parts, Run
from ..logger import log_error, logger
from ..protocol.closing import GOING_AWAY, INTERNAL_ERROR, LOGGED_OUT, SERVICE_RESTART, SLOW_CLIENT, Close
from ..protocol.control import read_control
from ..protocol.frames import Code, Data, Encoder, Frame, Refusal, decode, refuse
from ..protocol.limits import Limits, Rate
from ..protocol.offers import NOTHING_OFFERED, Offer
from ..tasks import finish, keep
from ..watching import on_refused
from .endpoint import Endpoint
from .expiry import Expiry, aware
from .outbox import Outbox
from .socket import Socket
from .transport import Transport

#: Bytes above which messages are decoded one after the other, in different iterations of the event loop: a megabyte
#: takes up to 50 ms.
BULKY: Final = 64 * 1024

#: Seconds of a processor that a client's message takes in one go, on the average, above which the next one waits for
#: its turn: else all would be handled in one turn of the loop, of many clients each of which sends it upon an answer.
COSTLY: Final = 0.001

#: The share of the last message in that average; what it is taken for while nothing is known; and below which it need
#: not be measured, which takes 4 µs, as long as no message takes long.
LAST_SHARE: Final = 1 / 8
UNKNOWN: Final = COSTLY / 2
CHEAP: Final = COSTLY / 8

#: As how many others, who have more to be handled, one counts at most that takes so much: as one for each millisecond.
HEAVIEST: Final = 8

#: Seconds for which what a client had sent is still begun after it has left.
STRAGGLING: Final = 1.5


#: With which a server that stops closes, and nothing else does: "going away", and IANA's "service restart".
_STOPPING: Final = frozenset({GOING_AWAY, SERVICE_RESTART})


class State(IntEnum):
    """Where a connection is in its life."""

    CONNECTING = 0
    OPEN = 1
    LEFT = 2  # the client has gone; what it sent before is still handled
    CLOSING = 3  # close() was called; what was sent before is still on its way
    CLOSED = 4


#: Looking a member up in its class costs 60 ns on Python 3.11, and a message needs five.
CONNECTING, OPEN, LEFT, CLOSING, CLOSED = State


class Connection:
    """One client of a WebSocket, as those see it who serve it. Its handlers see a :class:`Socket`.

    :param socket: that of its handlers, where the transport brings one.
    :param run: runs sync handlers, instead of the workers of the WebSocket.
    :param offer: the token and the subprotocols of its handshake.
    :param orders_seen: see below; by default they are those of now.
    :param straggling: seconds for which what the client had sent is still begun after it has left.

    :ivar socket: what its handlers get.
    :ivar rests_on_session: whether its user is the one of its session; else a token came, or something in
        ``AUTHENTICATE`` was asked.
    :ivar named: what tells the user apart whom something in ``AUTHENTICATE`` has named; ``None`` where nothing did.
    :ivar user_key: what its user is known by, from when it was let in; ``None`` for nobody.
    :ivar is_sent_away: whether it was closed because its server stops.
    :ivar orders_seen: number of the last order to processes that had come when its handshake began.
    """

    socket: Socket

    __slots__ = (
        "__weakref__",
        "_close_after_accept",
        "_conversation",
        "_cost",
        "_expiry",
        "_has_answered",
        "_is_admitted",
        "_is_attending",
        "_is_found_gone",
        "_is_queued",
        "_left_at",
        "_limits",
        "_outbox",
        "_rate",
        "_status",
        "_straggling",
        "_user",
        "address",
        "endpoint",
        "headers",
        "id",
        "is_sent_away",
        "kwargs",
        "leases_threads",
        "named",
        "offer",
        "orders_seen",
        "path",
        "query_string",
        "rests_on_session",
        "run",
        "sent_to",
        "session",
        "shard",
        "socket",
        "state",
        "transport",
        "user_key",
        "websocket",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        transport: Transport,
        *,
        path: str,
        kwargs: Mapping[str, Any],
        headers: Mapping[str, str],
        limits: Limits,
        query_string: str = "",
        address: str | None = None,
        user: Any = None,
        session: Any = None,
        socket: Socket | None = None,
        run: Run | None = None,
        offer: Offer = NOTHING_OFFERED,
        orders_seen: int | None = None,
        straggling: float = STRAGGLING,
    ) -> None:
        self.id = os.urandom(16).hex()
        self.path = path
        self.kwargs = kwargs
        self.headers = headers
        self.query_string = query_string
        self.address = address
        self._user = user
        self.user_key: str | None = None
        self.session = session
        self.offer = offer
        self.rests_on_session = True
        self.named: Any = None
        self._expiry: Expiry | None = None  # few connections have one
        self.state: dict[str, Any] = {}
        self.endpoint = endpoint
        self.websocket = endpoint.websocket
        self.transport = transport
        self.leases_threads = run is None
        self.run: Run = run or endpoint.workers.runner(path)
        self._limits = limits
        if socket is not None:
            self.socket = socket
        self._status: State = CONNECTING
        self._close_after_accept: Close | None = None  # close() was called during the handshake
        self._straggling = straggling
        self._cost = UNKNOWN  # seconds that a message takes in one go, on the average; zero while that is little
        self._left_at: float | None = None
        self.sent_to: str | None = None  # the topic that it has sent to last, until that is known to be out
        # Whether its last message was answered, and whether something that it has caused had to be put in line.
        self._has_answered = self._is_queued = False
        self._is_admitted = self._is_attending = self._is_found_gone = self.is_sent_away = False
        self.orders_seen = endpoint.hub.control.last if orders_seen is None else orders_seen
        rate = limits.max_messages_per_second
        self._rate = None if rate is None else Rate(rate, monotonic())
        self._conversation: Conversation | None = None  # most clients never have one
        self.shard = endpoint.hub.shard()
        self._outbox = Outbox(transport, self, max_bytes=limits.max_outbox_bytes, timeout=limits.outbox_timeout)

    def __repr__(self) -> str:
        return f"<Connection {self.id} on {self.path} {self._status.name.lower()}>"

    def __getattr__(self, name: str) -> Any:
        """What handlers get is made when it is first asked for; a property would cost each message a call."""
        if name != "socket":
            raise AttributeError(f"A connection has no attribute {name!r}.", name=name, obj=self)
        self.socket = Socket(self)
        return self.socket

    # For handlers, from any thread, by way of that.

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._status >= LEFT

    @property
    def user(self) -> Any:
        """Who it is."""
        return self._user

    @user.setter
    def user(self, user: Any) -> None:
        self._user = user
        if self._status is not CONNECTING:
            self.user_key = self.endpoint.user_key(user)
            with suppress(RuntimeError):  # the loop is closed
                self.shard.move(self, self.path)
            if self.endpoint.presence is not None:
                self.endpoint.presence.on_user_changed(self)

    @property
    def expires_at(self) -> datetime | None:
        """When it is closed with 4401."""
        return None if self._expiry is None else self._expiry.at

    @expires_at.setter
    def expires_at(self, moment: datetime | None) -> None:
        at = aware(moment)
        if self._expiry is None:
            self._expiry = Expiry()
        self._expiry.at = at
        if self._status is OPEN:
            with suppress(RuntimeError):  # the loop is closed
                self.shard.loop.call_soon_threadsafe(self._watch_expiry)

    @property
    def is_expired(self) -> bool:
        """Whether what its client came by has ended."""
        return self._expiry is not None and self._expiry.is_over

    def _watch_expiry(self) -> None:
        if self._expiry is not None and self._status is OPEN:
            self._expiry.start(self.shard.loop, self._expire)

    def _expire(self) -> None:
        logger.info("Closing a connection, its time is over (path %.64r, connection %s)", self.path, self.id)
        self.kick(LOGGED_OUT, "Expired.")

    def write(self, text: str) -> Sending:
        """Send a text as it is, after all that was sent before.

        :raises tornado.websocket.WebSocketClosedError: the connection is closed.
        """
        if self._status is not OPEN:
            raise_connection_closed(self.path, self.id)
        sender = current.get() or self.path
        if self.shard.waiting.has_waiting and self.shard.has_waiting(self):
            sender = self  # what its own handlers have sent goes first
        self._send(text, sender)
        self._has_answered = sender is self or self._has_answered
        if self._status is not OPEN:  # found out by sending
            raise_connection_closed(self.path, self.id)
        if self._outbox.writer is not None and self._outbox.is_worth_waiting and not self.shard.is_here:
            self.shard.wait_for(self._outbox.room_unless_stuck)
        return Sending(self._until_sent, sender)

    def _send(self, text: str, sender: Hashable) -> None:
        """Send a text in the turn of ``sender``: here and now, if nobody waits for one."""
        shard = self.shard
        is_light = len(text) < LIGHT and shard.budget > shard.reserve
        if is_light and not shard.waiting.has_waiting and get_ident() == shard.thread:
            shard.budget -= 1
            self.deliver(text)
        elif not shard.send(self, text, sender):
            self._is_queued = True

    async def _until_sent(self, sender: Any) -> None:
        if self.shard.is_here:
            await self.shard.settle(sender)
            await self._outbox.room()

    def sent_here(self) -> Sending:
        """What may be awaited after something was sent to others."""
        return Sending(self.shard.settle_here, sender_to(self.path))

    async def ask(self, event: str, data: Data | str | None, seconds: float | None) -> Any:
        """What the client answers to a question; errors as of :meth:`Socket.ask`.

        :param seconds: that it has; ``None`` for as long as it is connected.
        """
        if not self.shard.is_here:
            if self._status is not OPEN:
                raise_connection_closed(self.path, self.id)
            asking = self.ask(event, data, seconds)  # from another loop, as that of async_to_sync in a plain thread
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asking, self.shard.loop))
        answer = await self.conversation.ask(event, data, seconds)
        if answer is GONE:
            self.on_lost()  # if nobody has found out before
            raise_connection_closed(self.path, self.id)
        return answer

    @property
    def presence(self) -> Any:
        """Who tells others of it.

        :raises RuntimeError: nobody does.
        """
        if self.endpoint.presence is None:
            raise RuntimeError(f"Nobody is told who is at {self.path!r}: give WebSocket(presence=True).")
        return self.endpoint.presence

    # For the transport, on the event loop.

    def admit(self) -> str | None:
        """Count the client in; why not, if there are too many. Pairs with :meth:`on_closed`."""
        limits, admission = self._limits, self.endpoint.admission
        refusal = admission.admit(self.address, limits.max_connections, limits.max_connections_per_address)
        self._is_admitted = refusal is None
        if self._is_admitted:
            self.shard.arriving.add(self)
        return refusal

    async def attend(self, *, wait: bool) -> None:
        """Hear what processes are told, for as long as the client is here. Pairs with :meth:`on_closed`.

        :param wait: until that is so.
        """
        if not self._is_attending:
            self._is_attending = True
            await self.endpoint.hub.enter(CONTROL, wait=wait)

    async def open(self, accept: Callable[[], Awaitable[None]]) -> None:
        """Accept the client, let it take part, and run the ``open`` handler. Pairs with :meth:`on_closed`."""
        hub = self.endpoint.hub
        try:
            await hub.enter(self.path)
            await accept()
            is_in = self.join()
        finally:
            if not self.takes_part:
                await hub.leave(self.path)
        await (self.begin() if is_in else self.turn_away())

    # The steps of that, for a transport that accepts by itself.

    def on_accepted(self) -> None:
        """The handshake is answered: what is sent from now on goes out, though the client does not take part yet."""
        if self._status is CONNECTING:
            self._status = OPEN

    def join(self) -> bool:
        """Let an accepted client take part, for whom its topic was entered; that is left by :meth:`on_closed`.

        :returns: whether it does: not if it was closed meanwhile, by the application, or because the client has left.
        """
        if self.closed:
            return False
        self._status, self.user_key = OPEN, self.endpoint.user_key(self._user)
        counters.connections += 1
        counters.connections_opened += 1
        self.endpoint.hub.subscribe(self, self.shard, self.path)
        self.shard.arriving.discard(self)
        self.endpoint.on_connected(self)
        self._watch_expiry()
        return True

    async def begin(self) -> None:
        """Run the ``open`` handler of a client that has joined."""
        await self._fire("open")
        await self._catch_up()

    async def turn_away(self) -> None:
        """Close an accepted client, if that was asked for during its handshake."""
        if self._close_after_accept is not None:
            await self.transport.close(*self._close_after_accept)

    def received(self, message: str | bytes) -> Coroutine[Any, Any, None]:
        """Handle one message of the client, to the end. Never raises for what is in it."""
        is_usual = not self._cost and len(message) <= BULKY
        return self._receive(message) if is_usual else self._receive_in_turn(message)

    async def _receive_in_turn(self, message: str | bytes) -> None:
        """Handle a message, and see how much of the processor it takes until it first waits for something.

        The time that passes would be that of other processes, too, and of threads that have the interpreter meanwhile.
        """
        if self._cost > COSTLY:
            await self.shard.turnstile.wait(min(int(self._cost / COSTLY), HEAVIEST))
        if len(message) > BULKY:
            await self.shard.bulky.wait()
        began = thread_time()
        rest = start(self._receive(message))
        cost = self._cost + (thread_time() - began - self._cost) * LAST_SHARE
        self._cost = cost if cost > CHEAP else 0.0
        if rest is not None:
            await rest

    async def _receive(self, message: str | bytes) -> None:
        began = monotonic()
        if self._status is not OPEN and (self._status is not LEFT or self.is_long_gone):
            return
        if self._rate is not None and self._take_control(message):  # which does not count
            return
        counters.messages_in += 1
        self._has_answered = False
        read = decode if self._rate is None or self._rate.take(monotonic()) else refuse
        frame = read(message, self._limits)
        if isinstance(frame, Refusal):
            self.refuse(frame)
        else:
            handler = self.endpoint.dispatcher.offered.get(frame.event)
            if handler is not None and (self._conversation is None or self._conversation.streams is None):
                refusal = await call(handler, frame, self)
            else:
                refusal = await self._handle(frame)
            if refusal is not None:
                self.refuse(refusal, frame.event)
        if self._is_queued or self.sent_to is not None or self._outbox.writer is not None:
            await self._catch_up()
        if not self._cost and monotonic() - began > COSTLY:  # perhaps it was waited for something, or others had a turn
            self._cost = UNKNOWN

    def answer_at_once(self, message: str | bytes) -> bool:
        """Take what must not wait until the handler that is running is through; whether ``message`` is such.

        For transports, before they queue a message.
        """
        return self._take_control(message, is_early=True)

    def _take_control(self, message: str | bytes, *, is_early: bool = False) -> bool:
        """Take what is no event of the application's, and does not count as a message; whether ``message`` is such.

        :param is_early: it comes before its turn.
        """
        conversation = self._conversation
        asked = () if conversation is None else conversation.asked
        takes_hello = conversation is None or conversation.takes_hello
        frame = read_control(message, self._limits, takes_hello=takes_hello, asked=asked)
        return frame is not None and self._status is OPEN and self.conversation.take(frame, is_early=is_early)

    @property
    def conversation(self) -> Conversation:
        """What goes on besides its events; made when it is first asked for."""
        if self._conversation is None:
            self._conversation = Conversation(self, self._limits.max_streams)
        return self._conversation

    @property
    def backlog(self) -> int | None:
        """Characters that wait for its line; ``None`` while that takes what is sent."""
        return None if self._outbox.writer is None else self._outbox.size

    @property
    def takes_part(self) -> bool:
        """Whether it is one of those who are connected to its path."""
        return self in self.shard.topics.get(self.path, ())

    @property
    def is_long_gone(self) -> bool:
        """Whether the client has left so long ago that nothing more is done of what it asked for."""
        return self._left_at is not None and monotonic() > self._left_at + self._straggling

    async def _catch_up(self) -> None:
        """Return when what this client has caused is out: then its next message may be read."""
        topic, self.sent_to, self._is_queued = self.sent_to, None, False
        if self.shard.has_much_waiting(self):
            await self.shard.settle(self)
        if self._outbox.writer is not None:
            if self._has_answered:
                await self._outbox.flushed()
            await self._outbox.room()
        publisher = self.endpoint.hub.publisher
        if topic is not None and publisher is not None and publisher.is_congested(topic):
            await publisher.room(topic)

    async def on_closed(self) -> None:
        """The connection has ended, however: run the ``close`` handler, if it was open. Only the first call counts."""
        if self._is_admitted:
            self._is_admitted = False
            self.shard.arriving.discard(self)
            self.endpoint.admission.release(self.address)
        if self._expiry is not None:
            self._expiry.stop()
        if not self.takes_part:
            self._status = CLOSED
            self.on_hung_up()
            try:
                await self._outbox.stop()
            finally:
                await self._leave_control()
                self._let_go()
            return
        self._status = CLOSED
        counters.connections -= 1
        self.shard.begin_departure()
        self.shard.unsubscribe(self, self.path)
        self.on_hung_up()
        self.endpoint.on_disconnected(self)
        await (self._depart() if self._departs_at_once else finish(self._depart()))

    @property
    def _departs_at_once(self) -> bool:
        """Whether nothing waits in its departure: then no cancellation can stop it, and it needs no task of its own.

        Where its server stops, that task is what keeps the event loop until the close frame is out.
        """
        endpoint, publisher = self.endpoint, self.endpoint.hub.publisher
        streams = None if self._conversation is None else self._conversation.streams
        is_heard = endpoint.kept_hub is not None or (publisher is not None and publisher.is_listening)
        has_work = self._outbox.writer or streams or is_heard or self.is_sent_away
        return not has_work and not endpoint.dispatcher.handlers_at("close")

    async def _depart(self) -> None:
        try:
            await self._outbox.stop()
            await self._fire("close")
        finally:
            try:
                await self._leave_topics()
            finally:
                if self._conversation is None or self._conversation.streams is None:
                    self._end_departure()
                else:
                    keep(asyncio.ensure_future(self._see_off(self._conversation)))

    async def _leave_topics(self) -> None:
        try:
            await self.endpoint.hub.leave(self.path)
        finally:
            await self._leave_control()  # what is left last lets what was sent last reach other processes

    async def _see_off(self, conversation: Conversation) -> None:
        try:
            await conversation.ended()
        finally:
            self._end_departure()

    def _end_departure(self) -> None:
        self._let_go()
        self.shard.end_departure()

    def _let_go(self) -> None:
        """Forget who has us: nobody should wait for the garbage collector."""
        self._conversation = None
        with suppress(AttributeError):
            del self.socket

    async def fall_silent(self) -> None:
        """Return when no reply in parts is under way: after the client has gone, when all are closed."""
        if self._conversation is not None:
            await self._conversation.ended()

    async def _leave_control(self) -> None:
        if self._is_attending:
            self._is_attending = False
            await self.endpoint.hub.leave(CONTROL)

    def end(self, close: Close) -> None:
        """Close in order, with any code that the transport can send: what was sent before goes out first."""
        if self._status is OPEN:
            self._status, self.is_sent_away = CLOSING, close.code in _STOPPING
            self.shard.close(self, close)
        elif self._status is CONNECTING:
            self._status, self._close_after_accept = CLOSED, close

    def kick(self, code: int, reason: str = "") -> None:
        """Close at once: what waits is dropped, nothing more is sent or handled."""
        before, self._status = self._status, CLOSED
        if self._outbox.clear() or before in (OPEN, CLOSING):
            self._outbox.push(Close(code, reason))
        self.on_hung_up()

    def cancel_handler(self) -> None:
        """Cancel the handler that is running."""
        self.transport.cancel_handler()

    def deliver(self, item: str | Close, key: str | None = None) -> None:
        """Pass on what the shard brings, in its order."""
        if self._status is OPEN or self._status is CLOSING:
            if isinstance(item, Close):
                self._status = CLOSED
            else:
                counters.messages_out += 1
                if self._outbox.writer is None:  # as push would do it, for which nothing is left to do mostly
                    try:
                        sending = self.transport.send(item)
                    except Exception as error:
                        self._outbox.fail(error)
                    else:
                        if sending is not None:
                            self._outbox.begin(sending)
                    return
            self._outbox.push(item, key)
        elif isinstance(item, str):
            counters.messages_dropped += 1

    def find_gone(self) -> bool:
        """See :class:`~tornado_websockets.core.handlers.calling.Caller`."""
        is_known, self._is_found_gone = self._is_found_gone, True
        return not is_known

    # What the transport and the outbox find out.

    def on_hung_up(self) -> None:
        """The client hears and says nothing more: end what goes on with it besides its events."""
        if self._conversation is not None:
            self._conversation.end()

    def on_lost(self) -> None:
        """The client has left, though not all that it has sent may be handled."""
        self._left_at = self._left_at or monotonic()
        self._status = LEFT if self._status in (OPEN, LEFT) else CLOSED
        self.on_hung_up()

    def on_slow(self, reason: str) -> None:
        """The client takes too little: cut it off."""
        counters.slow_clients_closed += 1
        logger.warning("Closing a slow client: %s (path %.64r, connection %s)", reason, self.path, self.id)
        self._status = CLOSED
        self.on_hung_up()
        self.transport.abort(SLOW_CLIENT)

    def on_fault(self, error: Exception) -> None:
        """Sending failed, and not because the client has left: cut it off."""
        log_error(self.offer, error, "Sending failed (path %.64r, connection %s)", self.path, self.id)
        self._status = CLOSED
        self.on_hung_up()
        self.transport.abort(INTERNAL_ERROR)

    def on_flood(self, code: int, reason: str) -> None:
        """The client does what no decent one does: cut it off, and handle nothing more of it."""
        if self._status is not CLOSED:
            counters.flooding_clients_closed += 1
            logger.warning("Closing a client: %s (path %.64r, connection %s)", reason, self.path, self.id)
            self._status = CLOSED
            self._outbox.clear()
            self.on_hung_up()
            self.transport.abort(code)

    # For the handler that is running.

    def translate(self, error: BaseException) -> Refused | None:
        """The refusal that an error of some framework stands for, if it is meant as one."""
        return self.endpoint.translate(error)

    def reply(self, frame: Frame, result: Any) -> None:
        """Answer a frame that has an ``id``; without one, or once the connection is closed, nothing is sent."""
        if frame.id is not None and self._status is OPEN:
            self._has_answered = True
            self._send(self.endpoint.encoder.reply(frame.id, result), self)

    def refusal_of_parts(self, frame: Frame) -> Refusal | None:
        """Why a frame cannot be answered in parts, if it cannot."""
        return self.conversation.begin_streams().refusal_of(frame)

    def reply_in_parts(self, frame: Frame, handler: Handler, parts: Parts) -> Refusal | None:
        """Begin to answer a frame with what a generator yields; why not, if it cannot be."""
        streams = self.conversation.begin_streams()
        refusal = streams.refusal_of(frame)
        if refusal is None:
            if self._status is OPEN:
                self.transport.read_on()
                self.transport.keep_line_short()
            streams.begin(frame, handler, parts)
        return refusal

    @property
    def is_hidden(self) -> bool:
        """Whether its WebSocket shows others what goes on: its replies in parts are no part of that."""
        return self.endpoint.is_hidden

    @property
    def encoder(self) -> Encoder:
        """Writes what is sent to it."""
        return self.endpoint.encoder

    def send_part(self, text: str) -> None:
        """Send a text, after all that was sent before; nothing is sent once the connection is closed."""
        if self._status is OPEN:
            self.shard.send(self, text, self)

    def put_part(self, text: str) -> None:
        """The same, from any thread; it may wait until something else is sent, or until :meth:`push_parts`."""
        conversation = self._conversation
        if self._status is OPEN and conversation is not None and conversation.streams is not None:
            self.shard.put(conversation.streams.line, text, self)

    def push_parts(self) -> None:
        """Send what was put."""
        self.shard.push()

    async def keep_pace(self) -> float:
        """Return when its line has taken what was sent, and it is its turn to cause more.

        :returns: seconds for which the line was waited for; zero where it had taken all by itself.
        """
        if self.shard.has_waiting(self):
            await self.shard.settle(self)
        seconds = 0.0
        if self._outbox.writer is not None:
            began = monotonic()
            await self._outbox.flushed()
            seconds = monotonic() - began
        turnstile = self.shard.turnstile
        # Always behind those who wait: else some of many streams would have every turn, and the others what is left.
        if self.shard.count_handled(monotonic()) or turnstile.has_waiting:
            await turnstile.wait()
        return seconds

    async def _handle(self, frame: Frame) -> Refusal | None:
        dispatcher = self.endpoint.dispatcher
        if dispatcher.is_reserved(frame.event):
            return Refusal(Code.RESERVED_EVENT, f"Clients cannot send {frame.event[:64]!r}.", frame.id)
        handler = dispatcher.find(frame.event)
        if handler is None:
            if frame.event in ITS_OWN:
                return await self.conversation.handle(frame)
            handler = dispatcher.find_other(frame.event)
            if handler is None:
                return Refusal(Code.UNKNOWN_EVENT, f"There is no event {frame.event[:64]!r} here.", frame.id)
        streams = None if self._conversation is None else self._conversation.streams
        if streams is not None and (refusal := streams.refusal_of_id(frame)) is not None:
            return refusal
        return await call(handler, frame, self)

    async def _fire(self, moment: str) -> None:
        for event, handler in self.endpoint.dispatcher.handlers_at(moment):
            refusal = await call(handler, Frame(event, {}), self)
            if refusal is not None:
                self.refuse(refusal, event)

    def refuse(self, refusal: Refusal, event: str | None = None) -> None:
        """Answer with a refusal, and count it.

        :param event: that is refused, where it was read.
        """
        counters.messages_refused += 1
        for tell in on_refused:
            tell(self, event, refusal.code)
        try:
            text = self.endpoint.encoder.refusal(refusal)
        except (TypeError, ValueError) as error:  # details that the application has given, and JSON does not know
            counters.handler_errors += 1
            where = refusal.code, self.path, self.id
            log_error(self.offer, error, "The refusal %r cannot be sent (path %.64r, connection %s)", *where)
            text = self.endpoint.encoder.refusal(Refusal(Code.HANDLER_ERROR, FAILED, refusal.id))
        self.answer(text)

    def answer(self, text: str) -> None:
        """Send a text to the client in answer to what it has sent, unless it has gone."""
        if self._status is OPEN:
            self._has_answered = True
            self._send(text, self)
