"""``{% load tornado_websockets %}``: the browser client for a page, and where the page stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.conf import settings
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils.html import format_html

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

register = template.Library()

#: The script, as Django's ``static`` knows it.
SCRIPT = "tornado_websockets/tornadowebsocket.js"


@register.simple_tag
def websocket_client(*, nonce: object = None) -> SafeString:
    """Write the script tag that defines ``TornadoWebSocket``.

    Where the site is served below a path, ``data-prefix`` tells the client of it.

    :param nonce: of the page's Content Security Policy, such as ``request.csp_nonce``.
    """
    # An undefined variable of a template is an empty str. One that makes a nonce when it is first written may be false.
    attributes = {"src": static(SCRIPT), "data-prefix": _prefix(), "nonce": "" if nonce is None else str(nonce)}
    return format_html("<script{}></script>", flatatt({name: value for name, value in attributes.items() if value}))


@register.simple_tag
def websocket_position(path: str) -> str:
    """Write where a path with a history stands, for a page that shows what is in the database.

    It stands above what shows the rows, in a template whose query sets are evaluated below it; else the view asks
    ``WebSocket.position`` in its first line. With the store down it is a position that nobody knows.

    :param path: concrete, such as ``/room/lobby``.
    :raises LookupError: there is no WebSocket at ``path``.
    :raises ValueError: it has no history.
    """
    from ..core.registry import url_path_of
    from ..serving.announcing import not_found
    from ..serving.discovery import discover
    from ..websocket import registry

    discover()
    found = registry.find(url_path_of(path))
    if found is None:
        raise LookupError(not_found(registry, path))
    websocket, parameters = found
    return websocket.position(**parameters)


def _prefix() -> str:
    """Where the site is served, without a slash at the end: ``/app``, or nothing at the root."""
    prefix = get_script_prefix()
    if prefix == "/":  # also outside of requests, in threads that Django has not told
        prefix = settings.FORCE_SCRIPT_NAME or prefix
    return prefix.rstrip("/")
