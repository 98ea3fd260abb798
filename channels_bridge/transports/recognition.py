"""Recognising what belongs to a server, which may never have been imported, or look different in its next version."""

import functools
import sys

from tornado_websockets.core.logger import logger

_ABSENT = object()

#: How uvicorn words the error for what comes after a close frame: of ours, or of its own when no pong came.
_AFTER_CLOSING = "after sending 'websocket.close'"

#: How hypercorn's error ends, for what comes after a close frame of ours.
_STATE_CLOSED = "ASGIWebsocketState.CLOSED"


def is_a(thing: object, module: str, name: str) -> bool:
    """Whether ``thing`` is of the class ``name`` in ``module``."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(thing, kind)


class NeededNames:
    """Names that another library does not document, and that are needed of its objects.

    :param names: with dots for those of an attribute.
    """

    def __init__(self, *names: str) -> None:
        self.names = names
        self._missing: dict[type, str | None] = {}  # each class is looked at once

    def missing_in(self, thing: object) -> str | None:
        """The first of the names that ``thing`` lacks, or ``None``."""
        kind = type(thing)
        if kind not in self._missing:
            self._missing[kind] = next((name for name in self.names if not _has(thing, name)), None)
        return self._missing[kind]

    def missing_of(self, kind: type) -> str | None:
        """The first of the names that objects of that class will lack, or ``None``: they are methods."""
        return next((name for name in self.names if not _has(kind, name)), None)


def _has(thing: object, name: str) -> bool:
    for part in name.split("."):
        thing = getattr(thing, part, _ABSENT)
    return thing is not _ABSENT


@functools.cache
def warn_once(text: str) -> None:
    """Log a warning, the first time that it is given."""
    logger.warning("%s", text)


def is_stop_known(server: object, needed: NeededNames, what: str, part: str) -> bool:
    """Whether a server has all that is needed to take part in how it stops; if not, a warning says what it lacks.

    :param what: the name of the server.
    :param part: of it, which ``server`` is.
    """
    name = needed.missing_in(server)
    if name is not None:
        warn_once(f"This version of {what} is not known, so it stops by rules of its own: its {part} has no {name}.")
    return name is None


def has_left(error: BaseException) -> bool:
    """Whether a server says by ``error`` that nothing reaches the client any more. Every other error is a fault.

    ASGI has ``OSError`` for a client that has left. What comes after a close frame of ours is another error on each
    server: it is late, and nobody's fault. Granian raises neither, and daphne and hypercorn drop what comes after the
    client has left.
    """
    if isinstance(error, OSError) or is_a(error, "autobahn.exception", "Disconnected"):
        return True
    if is_a(error, "hypercorn.utils", "UnexpectedMessageError"):
        return str(error).endswith(_STATE_CLOSED)
    return isinstance(error, RuntimeError) and _AFTER_CLOSING in str(error)
