"""Whether a handshake may come from where it says it comes from; the same verdict on every transport."""

import re
from collections.abc import Sequence
from functools import lru_cache

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from . import conf

#: Hosts that are let in while ``DEBUG`` is on and ``ALLOWED_HOSTS`` is empty, as Django does.
_DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]"]

# An origin as browsers write it: scheme://host[:port], nothing before, nothing after. Host and port are checked
# below, with Django's own functions.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?P<host>[^/?#@\\\s]+)", re.IGNORECASE)


def refusal(hosts: Sequence[str], origins: Sequence[str]) -> str | None:
    """Why a handshake is refused, or ``None`` when it is not.

    A client that sends no ``Origin`` is not a browser, and is let in; neither is one that sends no ``Host``.

    :param hosts: values of all ``Host`` headers of the request.
    :param origins: values of all its ``Origin`` headers.
    """
    allowed_hosts = settings.ALLOWED_HOSTS or (_DEBUG_HOSTS if settings.DEBUG else [])
    allowed_origins = conf.get("ALLOWED_ORIGINS")
    if allowed_origins is None:
        allowed_origins = allowed_hosts
    if len(hosts) > 1 or len(origins) > 1:
        return "more than one Host or Origin header"
    if hosts and not _is_allowed(hosts[0], tuple(allowed_hosts)):
        return f"the host {hosts[0][:64]!r} is not in ALLOWED_HOSTS"
    if origins and not _is_allowed_origin(origins[0], allowed_origins):
        return f"the origin {origins[0][:64]!r} is not allowed"
    return None


def _is_allowed_origin(origin: str, allowed: Sequence[str]) -> bool:
    if origin.lower() == "null":  # a sandboxed frame or a file: it has no host to be compared
        return "*" in allowed
    match = _ORIGIN.fullmatch(origin)
    return match is not None and _is_allowed(match["host"], tuple(allowed))


@lru_cache(maxsize=64)
def _is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    domain, port = split_domain_port(host)
    return bool(domain) and _is_port(port) and validate_host(domain, allowed)


def _is_port(digits: str) -> bool:
    return not digits or (len(digits) <= 5 and int(digits) <= 65_535)
