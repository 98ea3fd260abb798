"""The API of django-tornado-websockets, on Django Channels."""

from typing import Any


def django_app() -> tuple[str, Any, dict[str, Any]]:
    """The handler by which Tornado serves Django: for the end of ``settings.TORNADO['handlers']``.

    It takes whatever path no handler before it has taken. Django itself is loaded with the first request, so settings
    may call this while they are being read.
    """
    from .wsgi import DjangoContainer, DjangoHandler

    return (".*", DjangoHandler, {"fallback": DjangoContainer()})
