"""A client's way through uvicorn: frames written at once, aborting, how much is read."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from tornado_websockets.core.connections.transport import ClientGone
from tornado_websockets.core.protocol.rfc6455 import UNASKED_PONG

from .asgi import Message, Receive, Send
from .deflate import frames_for
from .intake.uvicorn import Arrivals, UvicornIntake, intake_of
from .line import LineTransport
from .recognition import NeededNames, warn_once

_MODULES: Final = "uvicorn.protocols.websockets."

#: What is needed of uvicorn's protocols, and documented nowhere.
NEEDED: Final = NeededNames(
    "queue.empty",
    "queue.get_nowait",
    "transport.abort",
    "transport.get_extra_info",
    "transport.is_closing",
    "transport.write",
    "writable.is_set",
    "writable.wait",
)

#: What is needed of the one that can be bounded as well.
NEEDED_FOR_INTAKE: Final = NeededNames(
    "close_sent",
    "conn.events",
    "conn.extensions.insert",
    "conn.max_message_size",
    "conn.reader.discard",
    "connection_lost",
    "data_received",
    "eof_received",
    "frames",
    "pause_writing",
    "read_paused",
    "resume_writing",
    "transport.pause_reading",
    "transport.resume_reading",
    "transport.set_protocol",
)


def is_uvicorn(thing: object) -> bool:
    """Whether that is the protocol of a client of uvicorn, in whichever of its implementations."""
    return type(thing).__module__.startswith(_MODULES)


class UvicornTransport(LineTransport):
    """One client on uvicorn.

    It reads on only while the application takes messages, and its ``send`` waits for a client that is slow. When the
    application returns, it waits for the client to take what is left; :meth:`cut` does not.

    Uvicorn has three implementations. Of the default one, ``websockets-sansio``, is known how to bound what clients
    send; what browsers compress needs it anyway.

    :param protocol: uvicorn's. What it reads from the client is bounded from now on.
    """

    __slots__ = ("_frame", "_intake", "_queue", "_writable")

    def __init__(self, protocol: Any, receive: Receive, send: Send, *, is_wrapped: bool = False) -> None:
        # What a broadcast asks of every client is kept at hand: each object that it touches on its way costs.
        super().__init__(protocol.transport, receive, send, is_wrapped=is_wrapped)
        self._writable: asyncio.Event = protocol.writable
        self._intake = _intake_of(protocol)
        is_direct = self._intake is not None and getattr(receive, "__self__", None) is protocol
        self._queue: Arrivals | asyncio.Queue[Message] = protocol.queue
        if self._intake is not None and is_direct:
            self._queue = self._intake.replace_queue()
            self._receive = self._queue.get
        frame = None if self._intake is None else frames_for(protocol.conn.extensions[1:])  # the first is the intake
        # Makes what is written of a text; None where that is up to uvicorn, or to what is around the application.
        self._frame = None if is_wrapped else frame

    # What a connection and its outbox ask for.

    def send(self, text: str) -> Awaitable[None] | None:
        # It closes its transport together with whatever else would forbid writing, but for a close of ours.
        if self._frame is not None and self._writable.is_set() and not self._transport.is_closing():
            self._transport.write(self._frame(text))
            return None
        if self._transport.is_closing():
            raise ClientGone
        return self._put({"type": "websocket.send", "text": text}, self._writable)

    def has_more(self) -> bool:
        intake = self._intake
        return self._ahead is not None or not self._queue.empty() or (intake is not None and bool(intake.rest))

    # What is known of uvicorn.

    def _begin_reading(self) -> None:
        if self._intake is not None:
            self._intake.transport = self
            self._intake.release()

    def _stop_reading(self) -> None:
        if self._intake is not None:
            self._intake.hold()

    def _leave_to_server(self) -> None:
        if self._intake is not None:
            self._intake.transport = None  # which has us: neither should wait for the garbage collector
            self._intake.go_on()  # to the client's answer to a close frame

    def _probe(self) -> None:
        if self._intake is not None and self._intake.transport is self and not self._transport.is_closing():
            self._transport.write(UNASKED_PONG)

    def _read(self) -> Awaitable[Message]:
        intake = self._intake
        return self._receive() if intake is None or not intake.rest else self._read_more(intake)

    async def _read_more(self, intake: UvicornIntake) -> Message:
        if self._queue.empty():
            intake.go_on()
        message = await self._receive()
        if intake.rest:
            intake.go_on()  # uvicorn reads on as soon as it has given a message away; so keep it from that
        return message


def _intake_of(protocol: Any) -> UvicornIntake | None:
    """What bounds what the client sends; ``None``, and a warning, where that is not known how to do."""
    if type(protocol).__name__ != "WebSocketsSansIOProtocol":
        warn_once("Of uvicorn's --ws only websockets-sansio is known; what clients send is bounded less well.")
        return None
    name = NEEDED_FOR_INTAKE.missing_in(protocol)
    if name is not None:
        warn_once(
            "This uvicorn, or its websockets, is not known; what clients send is bounded less well: its protocol has "
            f"no {name}."
        )
        return None
    return intake_of(protocol)
