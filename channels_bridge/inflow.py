"""How much a client can make uvicorn take in before anyone has seen it."""

import dataclasses
from typing import Any

from tornado_websockets import conf
from tornado_websockets.core.admission import IdleFrames
from tornado_websockets.core.hub import hub

from .intake import Intake
from .recognition import warn_once

#: Pieces of one message that may be kept apart. Each costs daphne and uvicorn up to a hundred bytes besides its own.
MAX_PIECES = 1_000

_CONTINUATION, _CONTROL, _CLOSE, _PING, _PONG = 0x0, 0x8, 0x8, 0x9, 0xA


def merge(pieces: list[bytes | bytearray]) -> None:
    """Put the pieces of a message together once they are many."""
    if len(pieces) > MAX_PIECES:
        whole = pieces[0] if isinstance(pieces[0], bytearray) else bytearray(pieces[0])
        for piece in pieces[1:]:
            whole += piece
        pieces[:] = [whole]


class Inflow:
    """An extension, in the sense of the library ``websockets``, for a connection of uvicorn.

    It refuses messages that become too long, collects the fragments of a message, of which each would be an object, and
    counts frames that carry nothing. What many compressed messages become is bounded by the intake, which gives the
    parser a kilobyte at a time: that inflates to a megabyte at most.

    :param connection: uvicorn's; ``connection.conn`` is that of the library.
    :param most: bytes of one message.
    :ivar intake: what the parser is fed by.
    """

    def __init__(self, connection: Any, most: int, intake: Intake) -> None:
        self.intake = intake
        self._protocol = connection.conn
        self._connection = connection
        self._most = most
        self._size = 0
        self._collected = bytearray()
        self._empty: Any = None
        self._idle = IdleFrames()

    def decode(self, frame: Any, *, max_size: int | None = None) -> Any:  # noqa: ARG002 for those that inflate
        """Look at a frame of the client, which is inflated already."""
        size = len(frame.data)
        if self._connection.frames and not self._protocol.events:  # else some have not been fetched yet
            merge(self._connection.frames)
        opcode = frame.opcode
        if opcode == _CONTINUATION:
            self._size += size
        elif opcode < _CONTROL:
            self._size = size
        if self._size > self._most:
            from websockets.exceptions import PayloadTooBig

            raise PayloadTooBig(None, self._most)
        if (opcode >= _CONTROL or (opcode == _CONTINUATION and not size)) and self._is_flood(opcode):
            self.intake.flood()
        if opcode == _CONTINUATION:
            return self._collect(frame)
        if opcode == _PING and not self._idle.is_answered(is_writable=self._connection.writable.is_set()):
            return dataclasses.replace(frame, opcode=type(opcode)(_PONG))  # which nobody waits for
        return frame

    def _is_flood(self, opcode: int) -> bool:
        return opcode != _CLOSE and self._idle.is_flood()

    def encode(self, frame: Any) -> Any:
        """Let a frame of ours pass."""
        return frame

    def _collect(self, frame: Any) -> Any:
        """Nothing for each fragment, and everything for the last one."""
        self._collected += frame.data
        if frame.fin:
            data, self._collected = bytes(self._collected), bytearray()
            return dataclasses.replace(frame, data=data)
        if self._empty is None:
            self._empty = dataclasses.replace(frame, data=b"")
        return self._empty


def intake_of(connection: Any) -> Intake | None:
    """What bounds what a client of uvicorn can send. Nothing is parsed until it is released.

    :param connection: uvicorn's protocol; of its three implementations only the default one is known.
    :returns: ``None`` where it is another one.
    """
    if type(connection).__name__ != "WebSocketsSansIOProtocol":
        return None
    try:
        return _bound(connection, connection.conn)
    except AttributeError as error:
        warn_once(f"This uvicorn, or its websockets, is not known; what clients send is bounded less well: {error}")
    return None


def known_intake(connection: Any) -> Intake | None:
    """What :func:`intake_of` has made for ``connection`` before."""
    extensions = getattr(getattr(connection, "conn", None), "extensions", ())
    return next((extension.intake for extension in extensions if isinstance(extension, Inflow)), None)


def _bound(connection: Any, protocol: Any) -> Intake:
    known = known_intake(connection)
    if known is not None:
        return known
    most = min(protocol.max_message_size or conf.most_bytes(), conf.most_bytes())
    transport = connection.transport
    # They are there, and so is what is needed later; nothing is changed before.
    _ = connection.frames, connection.writable, connection.read_paused, connection.queue, protocol.events
    _ = transport.set_protocol, transport.pause_reading, transport.resume_reading, transport.get_extra_info

    def pause() -> None:
        if not transport.is_closing():  # which uvloop does not take
            transport.pause_reading()

    def resume() -> None:
        if not (connection.read_paused or transport.is_closing()):  # by uvicorn itself, until its message is taken
            transport.resume_reading()

    def is_full() -> bool:
        return bool(connection.read_paused or transport.is_closing())

    queue = hub.lane().turnstile.queue
    intake = Intake(connection.data_received, pause, resume, queue, transport.abort, stops_by_itself=True)
    intake.is_full = is_full
    connection.data_received = intake.take
    transport.set_protocol(connection)  # uvloop keeps the method
    protocol.max_message_size = most
    protocol.extensions.insert(0, Inflow(connection, most, intake))  # its turn to decode is the last
    return intake
