"""The API of django-tornado-websockets, on Django Channels.

What applications import: ``tornado_websockets.websocket.WebSocket``, ``.modules``, ``.exceptions``, ``.testing``, and
``Socket`` and :func:`django_app` from here. ``tornado_websockets.core`` is private.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.connections.socket import Socket as Socket

    __version__: str
    __version_info__: tuple[str, ...]


def django_app() -> tuple[str, Any, dict[str, Any]]:
    """The handler by which Tornado serves Django: for the end of ``settings.TORNADO['handlers']``.

    It takes whatever path no handler before it has taken. Django itself is loaded with the first request, so settings
    may call this while they are being read.
    """
    from .tornado_bridge.wsgi import DjangoContainer, DjangoHandler

    return (".*", DjangoHandler, {"fallback": DjangoContainer()})


def __getattr__(name: str) -> Any:
    """``Socket``, which takes more along than settings that import this package have use for, and the version."""
    if name == "Socket":
        from .core.connections.socket import Socket

        return Socket
    if name in {"__version__", "__version_info__"}:
        version = _installed_version()
        return version if name == "__version__" else tuple(version.split("."))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _installed_version() -> str:
    """The version of the distribution that this package came with; ``0`` for a copy that was never installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("django-tornado-websockets-channels")
    except PackageNotFoundError:
        return "0"
