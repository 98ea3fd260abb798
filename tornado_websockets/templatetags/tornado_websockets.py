"""``{% load tornado_websockets %}``: the browser client for a page."""

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


def _prefix() -> str:
    """Where the site is served, without a slash at the end: ``/app``, or nothing at the root."""
    prefix = get_script_prefix()
    if prefix == "/":  # also outside of requests, in threads that Django has not told
        prefix = settings.FORCE_SCRIPT_NAME or prefix
    return prefix.rstrip("/")
