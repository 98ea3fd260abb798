"""Bodies of requests to daphne: a handshake has none, and what comes in chunks is decoded a little at a time."""

import functools
import sys
from collections.abc import Iterable
from typing import Any, Final

from tornado_websockets.core.logger import logger

from ..recognition import NeededNames, is_a, warn_once
from .intake import SLICE, Intake

#: What is needed of what Twisted makes for each client, and documented nowhere. The channel parses its requests.
NEEDED: Final = NeededNames(
    "_channel._command",
    "_channel._path",
    "_channel._transferDecoder",
    "_channel._waitingForTransport",
    "_channel.allHeadersReceived",
    "_channel.connectionLost",
    "_channel.dataReceived",
    "_channel.length",
    "_channel.loseConnection",
    "_channel.rawDataReceived",
    "_channel.requests",
)

#: What is needed of Twisted's module for HTTP, and documented nowhere.
NEEDED_OF_MODULE: Final = NeededNames("_ChunkedTransferDecoder.dataReceived", "_ChunkedTransferDecoder.state")

#: Ends of lines in what is decoded in one go, two for each chunk: those that a slice may have. Counting takes 3 µs.
MOST_LINES: Final = SLICE // 3

#: What a handshake with a body is answered: there is none to be told apart from what comes behind the handshake.
REFUSAL: Final = b"HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def pace_bodies(ports: Iterable[Any]) -> None:
    """Let the requests of those who will connect to ``ports`` be looked at, each as far as its body goes."""
    for factory in {id(factory): factory for factory in map(_factory_of, ports)}.values():
        make = factory.protocol
        missing = NEEDED_OF_MODULE.missing_in(sys.modules.get("twisted.web.http")) or _missing_in(make)
        if missing is None:
            factory.protocol = functools.partial(_made, make)
        else:
            warn_once(
                f"This version of Twisted is not known: its requests have no {missing}. So a body in many small "
                "chunks is decoded in one turn of daphne's event loop, and others wait for that."
            )


def _factory_of(port: Any) -> Any:
    """Daphne's, which makes what parses the requests of a client; TLS is around it."""
    return getattr(port.factory, "wrappedFactory", port.factory)


def _missing_in(make: Any) -> str | None:
    """The first of the names that what is made will lack. Some of them it has while it reads a request."""
    made = make()
    channel = getattr(made, "_channel", None)
    if channel is not None:
        channel._command = channel._path = b""  # noqa: SLF001
    return NEEDED.missing_in(made)


def _made(make: Any) -> Any:
    """What parses the requests of one client."""
    made = make()
    channel = made._channel  # noqa: SLF001
    channel.__class__ = _bridged(channel.__class__)
    return made


class ChunkedBody(Intake):
    """Stands in front of Twisted's decoder of one body in chunks, which takes 5 µs and more for each, in one go.

    Of a chunk that is known to be large, all that has come is one piece: that costs no more than a small one.

    :param channel: Twisted's, of a class of ours.
    :ivar decoder: of the body.
    """

    __slots__ = ("_channel", "decoder")

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self.decoder = channel._transferDecoder  # noqa: SLF001
        super().__init__()
        self.release()

    def take(self, data: bytes) -> None:
        is_little = len(data) <= self._piece() or data.count(b"\r") <= MOST_LINES
        if is_little and self.is_reading and not self.is_full():
            self._feed(data)
        else:
            super().take(data)

    def is_full(self) -> bool:
        return bool(self._channel.transport.disconnecting)

    def _piece(self) -> int:
        decoder = self.decoder
        return SLICE + getattr(decoder, "length", 0) if decoder.state == "BODY" else SLICE

    def _parse(self, data: bytes) -> None:
        channel = self._channel
        channel.bridge_kind.rawDataReceived(channel, data)
        if channel.transport.disconnecting:
            self.drop()  # nobody wants it; TLS waits for what the client says last, and so has to be read
        elif channel._transferDecoder is not self.decoder:  # noqa: SLF001
            self._end()

    def _end(self) -> None:
        """All of the body was decoded. What has come behind it is the channel's."""
        if self._channel.bridge_body is self:
            self._channel.bridge_body = None
        behind = self.rest
        self.drop()
        if behind:
            self._channel.dataReceived(bytes(behind))

    def _pause(self) -> None:
        self._channel.transport.pauseProducing()

    def _resume(self) -> None:
        if not self._channel._waitingForTransport:  # noqa: SLF001 else the client first has to read
            self._channel.transport.resumeProducing()

    def _cut(self) -> None:
        self._channel.transport.abortConnection()


@functools.cache
def _bridged(kind: type) -> Any:
    """The class of a channel whose bodies are looked at."""

    class BridgedChannel(kind):  # type: ignore[misc]
        bridge_kind = kind
        bridge_body: ChunkedBody | None = None

        def allHeadersReceived(self) -> None:  # noqa: N802 Twisted's names
            """Refuse a handshake that has a body, before any of it is read: daphne would take all of it first."""
            if self.length == 0 or not _is_handshake(self.requests[-1]):
                super().allHeadersReceived()
                return
            path = self._path.partition(b"?")[0].decode("latin-1")
            logger.warning(
                "Refused the body of %s %.64r: a WebSocket takes none", self._command.decode("latin-1"), path
            )
            self.transport.write(REFUSAL)
            self.loseConnection()

        def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
            """Take what is no line: a body, or what comes behind it before it is answered."""
            decoder, body = self._transferDecoder, self.bridge_body
            if self.transport.disconnecting:
                return
            if not is_a(decoder, "twisted.web.http", "_ChunkedTransferDecoder"):
                super().rawDataReceived(data)
                return
            if body is None or body.decoder is not decoder:
                body = self.bridge_body = ChunkedBody(self)
            body.take(data)

        def connectionLost(self, *arguments: Any) -> None:  # noqa: N802
            body, self.bridge_body = self.bridge_body, None  # which has us: neither should wait for the collector
            if body is not None:
                body.rest = None
            super().connectionLost(*arguments)

    return BridgedChannel


def _is_handshake(request: Any) -> bool:
    """Whether daphne takes that for the handshake of a WebSocket."""
    upgrades: list[bytes] = request.requestHeaders.getRawHeaders(b"Upgrade", [])
    return bool(upgrades) and upgrades[0].lower() == b"websocket"
