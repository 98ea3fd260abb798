"""How much a client can make uvicorn take in before anyone has seen it."""

import asyncio
import dataclasses
import functools
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from tornado_websockets import conf

from .intake import SLICE, Intake, merge

_CONTINUATION: Final = 0x0
_CONTROL: Final = 0x8
_CLOSE: Final = 0x8
_PING: Final = 0x9
_PONG: Final = 0xA


Message = dict[str, Any]


class Arrivals:
    """Messages for the application, in place of uvicorn's :class:`asyncio.Queue`: for one taker, that costs a third."""

    __slots__ = ("_messages", "_taker")

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._taker: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._messages

    def qsize(self) -> int:
        """How many wait."""
        return len(self._messages)

    def put_nowait(self, message: Message) -> None:
        """Let ``message`` wait, behind all others."""
        self._messages.append(message)
        taker = self._taker
        if taker is not None and not taker.done():
            taker.set_result(None)

    async def get(self) -> Message:
        """The message that waits longest, when there is one."""
        while not self._messages:
            self._taker = taker = asyncio.get_running_loop().create_future()
            await taker
        return self._messages.popleft()


class UvicornIntake(Intake, asyncio.Protocol):
    """Stands in front of uvicorn's protocol, as that of its transport, and behind the parser, as an extension of it.

    As an extension, in the sense of the library ``websockets``, it refuses messages that become too long, collects the
    fragments of a message, of which each would be an object, and counts frames that carry nothing. What many compressed
    messages become is bounded by the size of what is parsed at a time: a kilobyte inflates to a megabyte at most.

    :param protocol: uvicorn's; ``protocol.conn`` is that of the library.
    """

    __slots__ = ("_collected", "_is_alone", "_most", "_protocol", "_size", "_transport")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        most = conf.most_bytes()
        self._most = most = min(protocol.conn.max_message_size or most, most)
        self._size = 0
        self._collected: bytearray | None = None
        self._is_alone = False
        super().__init__()
        protocol.conn.max_message_size = most
        protocol.conn.extensions.insert(0, self)  # its turn to decode is the last
        self._transport.set_protocol(self)

    # What is known of uvicorn.

    def replace_queue(self) -> Arrivals:
        """Replace uvicorn's queue by what is returned, and decide alone from now on when the socket is read.

        The application must take its messages from there. Uvicorn pauses reading with each message, and has it go on
        when that is taken. That is dear, and not needed: what comes meanwhile waits here.
        """
        if not self._is_alone:
            self._is_alone = True
            protocol, arrivals = self._protocol, Arrivals()
            while not protocol.queue.empty():
                arrivals.put_nowait(protocol.queue.get_nowait())
            protocol.queue = arrivals
        found: Arrivals = self._protocol.queue
        return found

    def release(self) -> None:
        if self._is_alone and self._protocol is not None:
            self._protocol.read_paused = True  # as far as uvicorn knows
        super().release()

    def is_full(self) -> bool:
        protocol = self._protocol
        if protocol is None or self._transport.is_closing():
            return True
        # After our close frame only the client's is still wanted, which uvicorn takes by itself.
        return not (protocol.close_sent or protocol.queue.empty())

    def _parse(self, data: bytes) -> None:
        if self._protocol is not None:
            self._protocol.data_received(data)

    def _pause(self) -> None:
        if not self._transport.is_closing():  # which uvloop does not take
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._transport.is_closing():
            return
        if self._is_alone or not self.is_full():  # else uvicorn does it when its message is taken
            self._transport.resume_reading()

    def _cut(self) -> None:
        self._transport.abort()

    # For the transport of asyncio, instead of uvicorn's protocol.

    def data_received(self, data: bytes) -> None:
        protocol = self._protocol
        if self._is_paused or len(data) > SLICE or protocol is None or not protocol.queue.empty():
            self.take(data)
            return
        try:  # as take does, in one call: so most messages come
            protocol.data_received(data)
        except Exception as error:
            self.fail(error)

    def eof_received(self) -> bool | None:
        return bool(self._protocol.eof_received())

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        protocol, self._protocol = self._protocol, None  # which has us: neither should wait for the garbage collector
        protocol.connection_lost(error)
        self.rest = self._collected = None  # a handler may run on
        protocol.frames.clear()
        protocol.conn.reader.discard()

    # For the library ``websockets``.

    def decode(self, frame: Any, *, max_size: int | None = None) -> Any:  # noqa: ARG002 for those that inflate
        """Look at a frame of the client, which is inflated already."""
        protocol = self._protocol
        size, opcode = len(frame.data), frame.opcode
        if protocol.frames and not protocol.conn.events:  # else some have not been fetched yet
            merge(protocol.frames)
        if opcode == _CONTINUATION:
            self._size += size
        elif opcode < _CONTROL:
            self._size = size
        if self._size > self._most:
            from websockets.exceptions import PayloadTooBig

            raise PayloadTooBig(None, self._most)
        if opcode > _CLOSE or (opcode == _CONTINUATION and not size):
            self.count_idle()
        if opcode == _CONTINUATION:
            return self._collect(frame)
        if opcode == _PING and not self.is_answered(is_writable=protocol.writable.is_set()):
            return dataclasses.replace(frame, opcode=type(opcode)(_PONG))  # which nobody waits for
        return frame

    def encode(self, frame: Any) -> Any:
        """Let a frame of ours pass."""
        return frame

    def _collect(self, frame: Any) -> Any:
        """Nothing for each fragment, and everything for the last one."""
        if self._collected is None:
            self._collected = bytearray()
        self._collected += frame.data
        if frame.fin:
            data, self._collected = bytes(self._collected), None
            return dataclasses.replace(frame, data=data)
        return _empty_fragment(frame.__class__, frame.opcode)


@functools.cache
def _empty_fragment(kind: Callable[..., Any], opcode: int) -> Any:
    """What is made of every fragment but the last: the same object for all of them."""
    return kind(opcode, b"", fin=False)


def intake_of(protocol: Any) -> UvicornIntake:
    """What bounds what a client of uvicorn can send. Nothing is parsed until it is released."""
    known = next((each for each in protocol.conn.extensions if isinstance(each, UvicornIntake)), None)
    return UvicornIntake(protocol) if known is None else known
