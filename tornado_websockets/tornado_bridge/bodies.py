"""Bodies of requests to Tornado: refused, or kept until Django reads them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING

from django.conf import settings
from tornado.http1connection import HTTP1Connection

from ..core.forking import after_fork
from ..core.handlers.executor import Threads
from ..core.logger import logger

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest
    from tornado.iostream import IOStream
    from tornado.web import RequestHandler


#: Bytes that go to a file at a time. A thread takes each piece, so that bodies in tiny chunks do not cost one each.
BODY_PIECE = 64 * 1024

#: Bytes that all bodies together may have in memory, but for a piece each. Where there is no room, a body goes to disk
#: from its first piece on.
ROOM = 16 * 1024 * 1024

#: Seconds that a client has to see that its body is refused, and how many at a time have them: each keeps a descriptor.
PARTING, MOST_PARTING = 1.0, 100

#: Write files, and close them. A disk that is slow or behind lets writers wait, for 200 ms and more, and to close a
#: file of 100 MB takes 6 ms; the event loop, which serves everybody else, must not wait for either.
_disk = Threads("Bodies", 4)


#: Descriptors of the connections that are closed in a moment.
_parting: set[int] = set()


class _Room:
    """Memory that all bodies share: each takes its part, and gives it back.

    :param size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> int:
        """Reserve ``size`` bytes, or none where there are not so many; returns how many."""
        with self._lock:
            taken = size if size <= self._left else 0
            self._left -= taken
            return taken

    def give_back(self, size: int) -> None:
        """Let others have ``size`` bytes."""
        with self._lock:
            self._left += size


_room = _Room(ROOM)


class Body:
    """The body of one request: in memory while it is short, else in a file that has no name.

    It is kept as Django's ASGI handler does: ``FILE_UPLOAD_MAX_MEMORY_SIZE`` says what is short,
    ``FILE_UPLOAD_TEMP_DIR`` where the file is. Methods are called on the event loop, and no client that takes its time
    holds a thread.
    """

    def __init__(self) -> None:
        self.size = 0
        self._piece = bytearray()
        self._is_stored = False
        self._is_closed = False
        # For the threads.
        self._lock = threading.Lock()
        self._file: SpooledTemporaryFile[bytes] | None = None
        self._room = 0

    async def add(self, chunk: bytes) -> None:
        """Keep one more chunk. The next one may come when this returns.

        :raises OSError: the disk does not take it.
        """
        self.size += len(chunk)
        self._piece += chunk
        if len(self._piece) >= BODY_PIECE:
            await self._store()

    async def read(self) -> IO[bytes]:
        """Open the whole body as a file, which :meth:`close` closes.

        :raises OSError: the disk does not take it, or the body was closed.
        """
        if not self._is_stored:
            return BytesIO(self._piece)
        await self._store(is_all=True)
        if self._file is None or self._is_closed:
            raise OSError("The body was given up before it was read.")
        return self._file

    def close(self) -> None:
        """Forget the body, whatever is still being written."""
        self._is_closed = True
        if self._is_stored:
            try:
                _disk.submit(self._discard)
            except RuntimeError:  # no thread can be had
                self._discard()

    async def _store(self, *, is_all: bool = False) -> None:
        piece, self._piece = self._piece, bytearray()
        self._is_stored = True
        await asyncio.get_running_loop().run_in_executor(_disk, self._write, piece, is_all)

    # In threads.

    def _write(self, piece: bytearray, is_all: bool) -> None:
        with self._lock:
            if self._is_closed:
                return
            if self._file is None:
                self._room = _room.take(settings.FILE_UPLOAD_MAX_MEMORY_SIZE)
                most = self._room or 1  # with 0, it would never go to disk
                self._file = SpooledTemporaryFile(most, dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115 closed by close
            self._file.write(piece)
            if self._file.tell() > self._room:
                self._leave_room()
            if is_all:
                self._file.seek(0)

    def _discard(self) -> None:
        with self._lock:
            self._leave_room()
            if self._file is not None:
                self._file.close()

    def _leave_room(self) -> None:
        _room.give_back(self._room)
        self._room = 0


def has_body(request: HTTPServerRequest) -> bool:
    """Whether a body follows the head of the request."""
    return "Transfer-Encoding" in request.headers or request.headers.get("Content-Length", "").strip(" 0") != ""


def refuse_body(handler: RequestHandler, reason: str, status: int = 413) -> None:
    """Answer without reading the body, log why, and close the connection, or Tornado would read the rest."""
    logger.warning("Refused the body of %s %.64r: %s", handler.request.method, handler.request.path, reason)
    handler.set_status(status)
    handler.set_header("Connection", "close")
    handler.set_header("Content-Length", "0")
    handler.flush()
    if isinstance(handler.request.connection, HTTP1Connection):
        handler.request.connection.set_max_body_size(sys.maxsize)  # else Tornado has an answer of its own, 400
        _end_gently(handler.request.connection.stream)
    handler.finish()


def _end_gently(stream: IOStream) -> None:
    """Send no more, and keep the connection for a moment for a client that still sends.

    A connection that is closed with something unread is reset, and clients that do not read while they send then report
    that instead of the answer: 13 of 20 of ``http.client`` did, and this way only where more is left than the kernel
    buffers, some megabytes.
    """
    if stream.closed() or len(_parting) >= MOST_PARTING:
        return
    with suppress(OSError):
        stream.socket.shutdown(socket.SHUT_WR)
        copy = os.dup(stream.socket.fileno())  # Tornado closes its own
        _parting.add(copy)
        asyncio.get_running_loop().call_later(PARTING, _part, copy)


def _part(descriptor: int) -> None:
    _parting.discard(descriptor)
    os.close(descriptor)


def _forget() -> None:
    """Start without threads and bodies, as a forked process must."""
    global _disk, _room
    _disk, _room = Threads("Bodies", 4), _Room(ROOM)
    _parting.clear()


after_fork(_forget)
