"""The settings of this package, from ``TORNADO_WEBSOCKETS`` in Django's; as they are whenever they are asked for."""

from dataclasses import fields
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from django.conf import settings
from django.core.signals import setting_changed

from .core.protocol.limits import Limits
from .core.stopping import StopTimes

#: The fields of :class:`Limits`, and the keys that set them.
LIMITS = {field.name: field.name.upper() for field in fields(Limits)}

#: Every key of ``TORNADO_WEBSOCKETS``, with its default; what bounds one client is explained at :class:`Limits`.
DEFAULTS: dict[str, Any] = {
    **{key: getattr(Limits(), name) for name, key in LIMITS.items()},
    # Pages that may connect: hosts as in ALLOWED_HOSTS, whole origins, "null", "*". None: those of the host that is
    # asked for, and of CSRF_TRUSTED_ORIGINS.
    "ALLOWED_ORIGINS": None,
    # Who a client is: "session", or dotted paths of functions that are asked with the socket and return a user or None.
    "AUTHENTICATE": ["session"],
    # Seconds that the authorize of a WebSocket may take over one handshake, waiting for its turn included; then it is
    # refused with 403. The session's look-up, and what AUTHENTICATE names, which come first, may take as long each.
    "AUTHORIZE_TIMEOUT": 10.0,
    # Seconds between two looks at whether the user of an open connection is still logged in; who is not is closed with
    # 4401. None: one look when it has been opened; then only what this process is told of a logout or a change counts.
    "REAUTH_INTERVAL": 60.0,
    # Bytes of the body of one request to Django on Tornado; above them it is answered with 413, and not read. That many
    # may be on disk for each; what is in memory has bounds of its own.
    "MAX_BODY_BYTES": 100 * 1024 * 1024,
    # Bytes of the longest message that is sent as it is to a client that accepts compression; longer ones are
    # compressed, once for all who get them. None: by the server, for each client anew. Only uvicorn has compression.
    "COMPRESS_ABOVE": 1024,
    # Where is kept what clients may ask for later. None: in this process; or a URL of Redis, "database",
    # "database:alias", the dotted path of a class that implements tornado_websockets.store.Store.
    "STORE": None,
    # Seconds that the events of a WebSocket with a history are kept, and bytes of those of one concrete path: a client
    # that returns gets them in one message, which browsers take at any length, but other clients up to 1 MiB.
    "HISTORY_SECONDS": 300.0,
    "HISTORY_BYTES": 900_000,
    # Seconds that the newest value of an event is kept, where a WebSocket retains it.
    "RETAIN_SECONDS": 86_400.0,
    # Seconds within which a user who reconnects has not left, for those who are told who is here.
    "PRESENCE_GRACE": 5.0,
    # Goes before the names of channel-layer groups, and of keys of the store, so that two projects, or production and
    # staging, can share a Redis.
    "NAMESPACE": "",
    # Seconds for which a process that was asked to stop serves everything, though it says that it is not ready.
    "STOP_DELAY": 0.0,
    # Seconds over which its clients are told then, at most 5. None: as long as needed for 1,000 a second.
    "DRAIN_SECONDS": None,
    # Whether WebSocket.emit outside of handlers is taken as publish, where the path has no parameters, and
    # socket.broadcast may be called there.
    "EMIT_ANYWHERE": False,
}

_values_of_limits = itemgetter(*LIMITS.values())


def get(key: str) -> Any:
    """The value of a key of ``TORNADO_WEBSOCKETS``, or its default."""
    return configured().get(key, DEFAULTS[key])


def configured() -> dict[str, Any]:
    """``TORNADO_WEBSOCKETS`` as it stands; nothing where it is no dict, which a check says."""
    # Where it is not there, an assignment is the one change that no signal tells of; it is stored beneath.
    if _absence.is_known and _NAME not in vars(getattr(settings, "_wrapped")):  # noqa: B009 the stubs do not know it
        return {}
    values = getattr(settings, _NAME, _absence)
    _absence.is_known = values is _absence
    return values if isinstance(values, dict) else {}


class _Absence:
    """Whether the setting is known not to be there: to find that out takes as long as all else about a setting."""

    is_known = False

    def forget(self, *, setting: str, **_: Any) -> None:
        if setting == _NAME:
            self.is_known = False


_NAME: Final = "TORNADO_WEBSOCKETS"
_absence: Final = _Absence()
setting_changed.connect(_absence.forget)


def most_bytes() -> int:
    """Bytes of a message that a server need not read to its end: it closes, where fewer are answered ``too_large``."""
    longest: int = get("MAX_MESSAGE_BYTES")
    return max(1024 * 1024, longest * 21 // 20)


def limits() -> Limits:
    """What one client may ask of us. As long as the settings stay the same, so does the object."""
    return _limits(*_values_of_limits({**DEFAULTS, **configured()}))


def stop_times() -> StopTimes:
    """How long a stop of this process takes."""
    return StopTimes(delay=get("STOP_DELAY"), drain=get("DRAIN_SECONDS"))


@lru_cache(maxsize=1)
def _limits(*values: Any) -> Limits:
    return Limits(**dict(zip(LIMITS, values, strict=True)))
