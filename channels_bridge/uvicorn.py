"""What is known of uvicorn that ASGI does not say."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from tornado_websockets.core.admission import FLOODING
from tornado_websockets.core.hangup import Line
from tornado_websockets.core.hub import hub
from tornado_websockets.core.wire import text_frame

from .inflow import Inflow, intake_of
from .intake import Intake
from .recognition import warn_once
from .server import Message, Receive, Server
from .stopping import stop_with_uvicorn


class Uvicorn(Server):
    """Uvicorn reads on only while the application takes messages, and its ``send`` waits for a slow client.

    When the application returns, it waits for the client to take what is left; :meth:`cut` does not.
    """

    __slots__ = (
        "_intake",
        "_is_closing",
        "_is_writable",
        "_line",
        "_queue",
        "_receive",
        "_transport",
        "_write",
        "is_plain",
    )

    def __init__(self, protocol: Any, receive: Receive) -> None:
        stop_with_uvicorn(hub.lane())
        self._transport = transport = protocol.transport
        # What a broadcast asks of every client is kept at hand: each object that it touches on its way costs.
        self._is_writable = protocol.writable.is_set
        self._is_closing = transport.is_closing
        self._write = transport.write
        # Uvicorn has three implementations. Only the default one is known; what browsers compress needs it anyway.
        self._intake = intake_of(protocol)
        if self._intake is None:
            warn_once("Of uvicorn's --ws only websockets-sansio is known; what clients send is bounded less well.")
        self.is_plain = self._intake is not None and all(isinstance(one, Inflow) for one in protocol.conn.extensions)
        self._queue = protocol.queue
        self._receive = receive
        self._line = Line(transport.get_extra_info("socket").fileno())

    def opened(self, on_flood: Callable[[int], None]) -> None:
        if self._intake is not None:
            self._intake.on_flood = functools.partial(on_flood, FLOODING)
            self._intake.release()

    def hold(self) -> None:
        if self._intake is not None:
            self._intake.hold()

    def ended(self) -> None:
        if self._intake is not None:
            self._intake.go_on()  # to the client's answer to a close frame

    def receive(self) -> Awaitable[Message]:
        intake = self._intake
        return self._receive() if intake is None or not intake.rest else self._receive_more(intake)

    async def _receive_more(self, intake: Intake) -> Message:
        if self._queue.empty():
            intake.go_on()
        message = await self._receive()
        if intake.rest:
            intake.go_on()  # uvicorn reads on as soon as it has given a message away; so keep it from that
        return message

    def write(self, text: str) -> bool:
        # It closes its transport together with whatever else would forbid writing, but for a close of ours.
        if not self.is_plain or not self._is_writable() or self._is_closing():
            return False
        self._write(text_frame(text))
        return True

    def cut(self) -> None:
        self._transport.abort()

    def has_more(self) -> bool:
        return not self._queue.empty() or (self._intake is not None and bool(self._intake.rest))

    def is_found_dead(self, now: float) -> bool:
        return self._is_closing() or self._line.is_found_dead(now)
