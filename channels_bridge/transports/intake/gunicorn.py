"""How much a client can make gunicorn's own worker for ASGI take in before anyone has seen it."""

import asyncio
import functools
from time import monotonic
from typing import Any, Final, Protocol

from tornado_websockets import conf
from tornado_websockets.core.connections.pings import IdleFrames
from tornado_websockets.core.delivery.hub import hub

from .intake import PARSING_SECONDS, merge

#: Bytes of one client's messages that may wait for the application; gunicorn itself counts messages, up to 32.
MAX_PARSED_BYTES: Final = 1024 * 1024

_CONTINUATION: Final = 0x0
_PING: Final = 0x9
_PONG: Final = 0xA
_NO_MESSAGE: Final = (_CONTINUATION, _PING, _PONG)

Frame = tuple[int, bytes]


class Listener(Protocol):
    """The transport of the client, as far as it is told of what comes."""

    def on_pong(self) -> None:
        """The client has answered a ping."""

    def cut_off_flooder(self) -> None:
        """The client sends too much that carries nothing."""


class GunicornIntake:
    """Stands between gunicorn's parser and its queue for the application.

    Gunicorn reads no more than its parser wants, so that it is enough to keep that waiting.

    :param protocol: gunicorn's, which is of a class of ours from now on.
    :ivar transport: is told of pongs, and of floods.
    :ivar is_waiting: whether the parser waits for the application to take what is there.
    """

    __slots__ = ("_frames", "_is_open", "_size", "_turn_end", "is_waiting", "transport")

    def __init__(self, protocol: Any) -> None:
        self._is_open = asyncio.Event()
        self._frames = IdleFrames()
        self._size = 0
        self._turn_end = 0.0
        self.is_waiting = False
        self.transport: Listener | None = None
        protocol.max_message_size = min(protocol.max_message_size or conf.most_bytes(), conf.most_bytes())
        protocol.bridge_intake = self
        protocol.__class__ = _bridged(protocol.__class__)

    def release(self) -> None:
        """The handshake is through, or all is over: parse what comes."""
        self._is_open.set()

    def hold(self) -> None:
        """Parse nothing more, whatever comes."""
        self._is_open.clear()

    async def turn(self, *, has_more: bool) -> None:
        """Return when the next frame may be parsed.

        :param has_more: whether some of it is here; what is waited for is parsed as it comes.
        """
        await self._is_open.wait()
        if has_more and monotonic() > self._turn_end:
            await hub.shard().turnstile.wait()
            self.begin_turn()

    def begin_turn(self) -> None:
        """Let frames be parsed, for a moment."""
        self._turn_end = monotonic() + PARSING_SECONDS

    def has_room(self, size: int, *, is_first: bool) -> bool:
        """Whether a message of so many bytes may wait for the application, and if so, count it.

        :param is_first: whether none waits; then one always may.
        """
        if is_first:
            self._size = 0
        if self._size and self._size + size > MAX_PARSED_BYTES:
            return False
        self._size += size
        return True

    def look_at(self, frame: Frame, pieces: list[bytes | bytearray], *, is_writable: bool) -> Frame:
        """What is to be made of a frame that is no message.

        :param pieces: the fragments, so far, of the message that is coming in.
        :param is_writable: whether the client takes what is sent.
        """
        opcode, payload = frame
        if opcode == _PONG and self.transport is not None:
            self.transport.on_pong()
        carries_nothing = opcode != _CONTINUATION or not pieces[-1]
        if carries_nothing and self._frames.is_flood():
            self._flood()
            return _PONG, b""
        if opcode == _CONTINUATION:
            merge(pieces)
        if opcode == _PING and not self._frames.is_answered(is_writable=is_writable):
            return _PONG, b""  # which nobody waits for
        return opcode, payload

    def _flood(self) -> None:
        self.hold()
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.cut_off_flooder()


def intake_of(protocol: Any) -> GunicornIntake:
    """What bounds what a client of gunicorn can send. Nothing is parsed until it is released."""
    known: GunicornIntake | None = vars(protocol).get("bridge_intake")
    return GunicornIntake(protocol) if known is None else known


@functools.cache
def _bridged(kind: type) -> Any:
    """The class of a protocol whose frames an intake looks at: one for all of them."""

    class BridgedProtocol(kind):  # type: ignore[misc]
        bridge_intake: GunicornIntake

        @property
        def bridge_has_waiting(self) -> bool:
            """Whether a message waits for the application."""
            return not self._receive_queue.empty()

        def feed_eof(self) -> None:
            """The client has hung up: that is to be found out, too, while nothing is parsed."""
            super().feed_eof()
            self.bridge_intake.release()

        async def _read_frame(self) -> Frame | None:
            has_more = bool(self._buffer)
            await self.bridge_intake.turn(has_more=has_more)
            frame: Frame | None = await super()._read_frame()
            if not has_more:
                self.bridge_intake.begin_turn()
            if frame is None or frame[0] not in _NO_MESSAGE:
                return frame
            is_writable = not self.transport.get_write_buffer_size()
            return self.bridge_intake.look_at(frame, self._fragments, is_writable=is_writable)

        async def _put_message(self, message: dict[str, Any]) -> None:
            intake = self.bridge_intake
            size = len(message.get("text") or message.get("bytes") or "")
            queue, space = self._receive_queue, self._queue_space
            intake.is_waiting = True
            try:
                while not intake.has_room(size, is_first=queue.empty()) and not self._close_sent:
                    space.clear()
                    await space.wait()
                await super()._put_message(message)
            finally:
                intake.is_waiting = False

        def _unmask(self, payload: bytes, key: bytes) -> bytes:
            """A megabyte byte by byte would hold the event loop for 50 ms."""
            size = len(payload)
            mask = (key * (size // 4 + 1))[:size]
            return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")

    return BridgedProtocol
