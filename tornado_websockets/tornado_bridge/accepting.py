"""What the server does where it can accept nobody: it tries again in a while, as asyncio's own servers do."""

from __future__ import annotations

import errno
import socket
from typing import Any, Final

from tornado.ioloop import IOLoop

from ..core.logger import logger

#: Errors of a process, or a machine, that has no room for one more connection; the next attempt would fail as well.
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

#: Seconds for which nobody is accepted then.
PAUSE: Final = 1.0


class Listener(socket.socket):
    """A socket that listens, which Tornado asks for connections: for none while there is no room for any.

    Tornado would ask in each turn of the event loop, and log a traceback in each.

    :param bound: takes the place of that one, which is detached.
    """

    def __init__(self, bound: socket.socket) -> None:
        super().__init__(bound.family, bound.type, bound.proto, fileno=bound.detach())
        self.setblocking(False)

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection.

        :raises BlockingIOError: there is none, or no room for one.
        """
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            self._pause(error)
            raise BlockingIOError(errno.EAGAIN, "There is no room for another connection.") from error

    def _pause(self, error: OSError) -> None:
        logger.warning(
            "Accepting no connections for %g s: %s. Raise the limit of open files (ulimit -n; LimitNOFILE= of systemd) "
            "or lower MAX_CONNECTIONS",
            PAUSE,
            error.strerror,
        )
        loop = IOLoop.current()
        loop.update_handler(self, 0)
        loop.call_later(PAUSE, self._resume)

    def _resume(self) -> None:
        if self.fileno() >= 0:  # else it was closed meanwhile
            IOLoop.current().update_handler(self, IOLoop.READ)
