"""Who may look, who may disconnect, and who may try things out."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.conf import settings
from django.db.models import Model

if TYPE_CHECKING:
    from django.http import HttpRequest

LOOK: Final = "websocket_live.look"
DISCONNECT: Final = "websocket_live.disconnect"

#: Headers of proxies: with one, the address of a request is the proxy's.
_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def may_look(user: Any) -> bool:
    """Whether ``user`` may look; a query, unless that is known. Without the app only superusers may."""
    return _has(user, LOOK)


def may_disconnect(user: Any) -> bool:
    """Whether ``user`` may disconnect clients; who does must be able to look, too."""
    return _has(user, LOOK) and _has(user, DISCONNECT)


def read_again(user: Any) -> Any:
    """``user`` as the database has it now: permissions are cached, and somebody may have taken them away."""
    if not isinstance(user, Model):
        return user
    return user.__class__._default_manager.filter(pk=user.pk).first()  # noqa: SLF001 documented by Django


def may_try(request: HttpRequest) -> bool:
    """Whether who has sent ``request`` may try things out: who may look, and under ``DEBUG`` who is on this machine."""
    return may_look(getattr(request, "user", None)) or (settings.DEBUG and _is_on_this_machine(request))


def _has(user: Any, permission: str) -> bool:
    if not getattr(user, "is_active", False):
        return False
    if getattr(user, "is_superuser", False):
        return True
    if not (getattr(user, "is_staff", False) and apps.is_installed("tornado_websockets.live")):
        return False
    has_perm = getattr(user, "has_perm", None)  # which a user model of one's own need not have
    return has_perm is not None and bool(has_perm(permission))


def _is_on_this_machine(request: HttpRequest) -> bool:
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a client that comes by a Unix socket: a proxy
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_loopback and not any(request.headers.get(name) for name in _FORWARDED)
