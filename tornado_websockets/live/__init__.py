"""What goes on now? A page for the staff: ``path("websockets/", include("tornado_websockets.live"))``.

It is routed by that, and not by its being in ``INSTALLED_APPS``, which brings the permissions. Nothing of it is loaded,
and no WebSocket of it is there, before ``include`` asks for the patterns.
"""

from typing import Any

app_name = "tornado_websockets_live"


def __getattr__(name: str) -> Any:
    if name != "urlpatterns":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .urls import urlpatterns

    return urlpatterns
