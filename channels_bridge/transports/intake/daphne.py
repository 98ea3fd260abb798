"""How much a client can make daphne take in before anyone has seen it."""

import asyncio
import functools
from typing import Any, Final, Protocol

from .intake import Intake, merge

#: Messages of one client that daphne may have parsed before the first of them is handled, and bytes of them.
MAX_PARSED: Final = 32
MAX_PARSED_BYTES: Final = 1024 * 1024

_CONTINUATION: Final = 0x0


class Listener(Protocol):
    """The transport of the client, as far as it is told of pings."""

    @property
    def is_writable(self) -> bool:
        """Whether the client takes what is sent."""

    def on_pong(self) -> None:
        """The client has answered a ping."""


class DaphneIntake(Intake):
    """Stands in front of Autobahn's parser, which takes whatever comes and keeps it in memory.

    :param protocol: daphne's, which is of a class of ours until :meth:`leave` is called.
    :ivar close_reason: what is to be in the close frame that daphne is about to send.
    """

    __slots__ = ("_protocol", "_read_before", "close_reason")

    transport: Listener | None  # type: ignore[assignment]  # the one that is made for daphne

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._read_before = 0
        self.close_reason: str | None = None
        super().__init__()
        protocol.bridge_intake = self
        protocol.__class__ = _bridged(protocol.__class__)
        # What has come behind the handshake is looked at again, as a whole, with each read.
        data, protocol.data = protocol.data, b""
        if data:
            self.take(data)

    def leave(self) -> None:
        """Forget what waits, and let the protocol be what it was: the application or the connection has ended."""
        self.transport = None
        self.drop()
        if vars(self._protocol).pop("bridge_intake", None) is not None:
            self._protocol.__class__ = self._protocol.bridge_kind

    def is_full(self) -> bool:
        protocol = self._protocol
        read: int = protocol.trafficStats.incomingOctetsWireLevel
        queue: asyncio.Queue[Any] = protocol.application_queue  # it has no bound
        waiting = queue.qsize()
        if not waiting:
            self._read_before = read
        is_much = waiting >= MAX_PARSED or read - self._read_before > MAX_PARSED_BYTES
        return is_much or protocol.state == protocol.STATE_CLOSED

    def _parse(self, data: bytes) -> None:
        self._protocol.bridge_kind.dataReceived(self._protocol, data)

    def _pause(self) -> None:
        self._protocol.transport.pauseProducing()

    def _resume(self) -> None:
        self._protocol.transport.resumeProducing()

    def _cut(self) -> None:
        self._protocol.dropConnection(abort=True)


def intake_of(protocol: Any) -> DaphneIntake:
    """What bounds what a client of daphne can send. Nothing is parsed until it is released."""
    known: DaphneIntake | None = vars(protocol).get("bridge_intake")
    return DaphneIntake(protocol) if known is None else known


@functools.cache
def _bridged(kind: type) -> Any:  # noqa: C901 it is many short methods
    """The class of a protocol whose frames an intake looks at.

    One class for all of them: methods that were set on each protocol would be objects of their own, and make its
    ``__dict__`` grow.
    """

    class BridgedProtocol(kind):  # type: ignore[misc]
        bridge_kind = kind
        bridge_intake: DaphneIntake
        maxMessagePayloadSize: int  # noqa: N815 Autobahn's
        message_data: Any
        frame_data: Any

        def dataReceived(self, data: bytes) -> None:  # noqa: N802 Twisted's names, and Autobahn's
            self.bridge_intake.take(data)

        def onMessageFrame(self, pieces: list[bytes]) -> None:  # noqa: N802
            """Take one fragment of a message, and keep them together."""
            if self.current_frame.opcode == _CONTINUATION and not any(pieces):
                self.bridge_intake.count_idle()
            super().onMessageFrame(pieces)
            merge(self.message_data)

        def onPing(self, payload: bytes) -> None:  # noqa: N802
            intake = self.bridge_intake
            intake.count_idle()
            transport = intake.transport
            if intake.is_answered(is_writable=transport is None or transport.is_writable):
                super().onPing(payload)

        def onPong(self, payload: bytes) -> None:  # noqa: N802, ARG002 any will do
            self.bridge_intake.count_idle()
            if self.bridge_intake.transport is not None:
                self.bridge_intake.transport.on_pong()

        def sendMessage(self, *arguments: Any, **options: Any) -> None:  # noqa: N802
            """Send what was written, of any length: Autobahn holds it to daphne's limit for what a client sends."""
            limit: int = self.maxMessagePayloadSize
            self.maxMessagePayloadSize = 0
            try:
                super().sendMessage(*arguments, **options)
            finally:
                self.maxMessagePayloadSize = limit

        def serverClose(self, code: int | None = None) -> None:  # noqa: N802
            """Daphne gives on no reason, and no code but 1000 and 3000 to 4999."""
            reason = self.bridge_intake.close_reason
            if code is None or reason is None:
                super().serverClose(code)
            elif self.state == self.STATE_OPEN:
                self.sendCloseFrame(code=code, reasonUtf8=reason.encode(), isReply=False)

        def connectionLost(self, *arguments: Any) -> None:  # noqa: N802
            try:
                super().connectionLost(*arguments)
            finally:
                self.bridge_intake.leave()  # which has us: neither should wait for the garbage collector
                self.data, self.message_data, self.frame_data = b"", None, None  # a handler may run on

    return BridgedProtocol
