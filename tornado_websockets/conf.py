"""The settings of this package, from ``TORNADO_WEBSOCKETS`` in Django's; read whenever they are asked for."""

from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.conf import settings

from .core.frames import Limits

#: Every key of ``TORNADO_WEBSOCKETS``, with its default.
DEFAULTS: dict[str, Any] = {
    # Bytes of UTF-8 in one message from a client. Above 1 MiB, or a twentieth above this, it is closed.
    "MAX_MESSAGE_BYTES": 1_000_000,
    # Arrays and objects within one another in one message from a client, the message itself included.
    "MAX_DEPTH": 64,
    # Arrays and objects in one message from a client, in all, the message itself included.
    "MAX_CONTAINERS": 50_000,
    # Bytes that may wait to be sent to one client before it is closed with 4008.
    "MAX_OUTBOX_BYTES": 8 * 1024 * 1024,
    # Seconds a client may leave a message untaken before it is closed with 4008.
    "OUTBOX_TIMEOUT": 10.0,
    # Hosts that pages may be served from which connect here, as in ALLOWED_HOSTS. None: ALLOWED_HOSTS itself.
    "ALLOWED_ORIGINS": None,
    # Messages a second that one client may send; more are refused. None: any number.
    "MAX_MESSAGES_PER_SECOND": None,
    # Connections at a time to this process, in all and from one address; more are refused. None: any number.
    "MAX_CONNECTIONS": None,
    "MAX_CONNECTIONS_PER_ADDRESS": None,
    # Seconds that the authorize of a WebSocket may take over one handshake, waiting for its turn included; then it is
    # refused with 403. On Tornado the session's look-up, which comes first, may take as long.
    "AUTHORIZE_TIMEOUT": 10.0,
    # Seconds between two looks at whether the user of an open connection is still logged in; who is not is closed with
    # 4401. None: one look when it has been opened; then only what this process is told of a logout or a change counts.
    "REAUTH_INTERVAL": 60.0,
    # Bytes of the body of one request to Django on Tornado; above them it is answered with 413, and not read. That many
    # may be on disk for each; what is in memory has bounds of its own.
    "MAX_BODY_BYTES": 100 * 1024 * 1024,
    # Whether WebSocket.emit outside of handlers is taken as publish, where the path has no parameters, and
    # socket.broadcast may be called there.
    "EMIT_ANYWHERE": False,
}


#: The fields of :class:`Limits`, and where they come from.
_LIMITS = {
    "max_bytes": "MAX_MESSAGE_BYTES",
    "max_depth": "MAX_DEPTH",
    "max_containers": "MAX_CONTAINERS",
    "max_outbox_bytes": "MAX_OUTBOX_BYTES",
    "outbox_timeout": "OUTBOX_TIMEOUT",
    "max_messages_per_second": "MAX_MESSAGES_PER_SECOND",
    "max_connections": "MAX_CONNECTIONS",
    "max_connections_per_address": "MAX_CONNECTIONS_PER_ADDRESS",
}
_values_of_limits = itemgetter(*_LIMITS.values())


def get(key: str) -> Any:
    """The value of a key of ``TORNADO_WEBSOCKETS``, or its default."""
    return configured().get(key, DEFAULTS[key])


def configured() -> dict[str, Any]:
    """``TORNADO_WEBSOCKETS`` as it stands."""
    return getattr(settings, "TORNADO_WEBSOCKETS", None) or {}


def most_bytes() -> int:
    """Bytes of a message that a server need not read to its end: it closes, where fewer are answered ``too_large``."""
    longest: int = get("MAX_MESSAGE_BYTES")
    return max(1024 * 1024, longest * 21 // 20)


def limits() -> Limits:
    """What one client may ask of us. As long as the settings stay the same, so does the object."""
    return _limits(*_values_of_limits({**DEFAULTS, **configured()}))


@lru_cache(maxsize=1)
def _limits(*values: Any) -> Limits:
    return Limits(**dict(zip(_LIMITS, values, strict=True)))
