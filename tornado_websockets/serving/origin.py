"""The origin rule: whether a page may connect, and whether the host that was asked for is ours; on every transport."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

from .. import conf

#: Hosts that are let in while ``DEBUG`` is on and ``ALLOWED_HOSTS`` is empty, as Django does.
_DEBUG_HOSTS = (".localhost", "127.0.0.1", "[::1]")

#: Characters of a host or an origin that the log shows.
_SHOWN = 64

# An origin as browsers write it: scheme://host[:port], nothing before, nothing after. Host and port are checked below,
# with Django's own functions.
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/?#@\\\s]*)", re.IGNORECASE)

_DEFAULT_PORTS = {"http": "80", "https": "443"}


class Origin(NamedTuple):
    """A whole origin, in lower case, without the port that its scheme has by default."""

    scheme: str
    host: str


def refusal(hosts: Sequence[str], origins: Sequence[str], forwarded_hosts: Sequence[str] = ()) -> str | None:
    """Why a handshake is refused, or ``None`` when it is not.

    A client that sends no ``Origin`` is no browser, and is let in. So is one that sends no ``Host``, but for a page:
    nobody can say then whether it is of the same site.

    :param hosts: values of all ``Host`` headers of the request.
    :param origins: values of all its ``Origin`` headers.
    :param forwarded_hosts: of all its ``X-Forwarded-Host`` headers; they count where ``USE_X_FORWARDED_HOST`` says so.
    """
    if settings.USE_X_FORWARDED_HOST and forwarded_hosts:
        hosts = forwarded_hosts
    if len(hosts) > 1 or len(origins) > 1:
        return "more than one Host or Origin header"
    host = hosts[0] if hosts else None
    allowed_hosts = settings.ALLOWED_HOSTS or (_DEBUG_HOSTS if settings.DEBUG else ())
    if host is not None and not _is_allowed_host(host, tuple(allowed_hosts)):
        return f"the host {host[:_SHOWN]!r} is not in ALLOWED_HOSTS"
    return _refusal_of_origin(origins[0], host) if origins else None


def _refusal_of_origin(text: str, host: str | None) -> str | None:
    allowed = conf.get("ALLOWED_ORIGINS")
    shown = repr(text[:_SHOWN])
    if allowed is not None:
        if any(_fits(text, entry) for entry in allowed):
            return None
        return f"the origin {shown} fits no entry of TORNADO_WEBSOCKETS['ALLOWED_ORIGINS']: add it there to let it in"
    if _is_of_site(text, host):
        return None
    asked = "" if host is None else f", {host[:_SHOWN]!r}"
    is_for_csrf = text.lower().startswith(("http://", "https://"))
    return (
        f"the origin {shown} is not the host that was asked for{asked}: to let it in, add it to "
        f"{'CSRF_TRUSTED_ORIGINS, or to ' if is_for_csrf else ''}TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] with all others"
    )


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a handshake comes of a page of another site, which ``ALLOWED_ORIGINS`` may have let in all the same.

    :param headers: that have passed :func:`refusal`.
    """
    origin, host = headers.get("Origin"), headers.get("Host")
    if settings.USE_X_FORWARDED_HOST:
        host = headers.get("X-Forwarded-Host", host)
    return origin is not None and not _is_of_site(origin, host)


def _is_of_site(text: str, host: str | None) -> bool:
    """Whether a page is of the host that was asked for, or of one that may send its forms."""
    return _is_same_host(text, host) or any(_is_trusted(text, entry) for entry in settings.CSRF_TRUSTED_ORIGINS)


def _is_same_host(text: str, host: str | None) -> bool:
    origin = _read(text)
    return origin is not None and host is not None and _domain(origin.host) == _domain(host) != ""


def _is_trusted(text: str, entry: str) -> bool:
    """Whether an origin is the one that an entry of ``CSRF_TRUSTED_ORIGINS`` names, or one of those, as for a form."""
    if "*" not in entry:
        return text == entry
    try:
        origin, trusted = urlsplit(text), urlsplit(entry)
    except ValueError:
        return False
    return origin.scheme == trusted.scheme and is_same_domain(origin.netloc, trusted.netloc.lstrip("*"))


def _fits(text: str, entry: str) -> bool:
    """Whether an origin is the one that ``entry`` names, or one of those.

    :param entry: ``*``, ``null``, a whole origin, whose host may begin with ``*.``, or a host as in ``ALLOWED_HOSTS``.
    """
    if entry == "*":
        return True
    if "null" in (entry.lower(), text.lower()):
        return entry.lower() == text.lower()
    origin = _read(text)
    if origin is None:
        return False
    if "://" not in entry:
        return validate_host(_domain(origin.host) or origin.host, (entry,))
    allowed = _read(entry)
    if allowed is None or allowed.scheme != origin.scheme:
        return False
    if allowed.host.startswith("*."):
        return origin.host.endswith(allowed.host[1:])
    return allowed.host == origin.host


def is_entry(text: str) -> bool:
    """Whether an origin may fit ``text``, as an entry of ``ALLOWED_ORIGINS``."""
    if "://" in text:
        return _read(text) is not None
    host = text.removeprefix(".").lower()
    return text == "*" or (host != "" and _domain(host) == host)


@lru_cache(maxsize=256)
def _read(text: str) -> Origin | None:
    """A whole origin; ``None`` where ``text`` is none."""
    match = _ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme, host = match["scheme"].lower(), match["host"].lower()
    if scheme in _DEFAULT_PORTS and not _domain(host.removeprefix("*.")):
        return None
    return Origin(scheme, host.removesuffix(f":{_DEFAULT_PORTS.get(scheme)}"))


def _domain(host: str) -> str:
    """A host without its port; empty where it is none. Browsers take underscores, which Django does not."""
    domain, port = split_domain_port(host.replace("_", "-"))
    return host[: len(domain)].lower() if _is_port(port) else ""


@lru_cache(maxsize=256)
def _is_allowed_host(host: str, allowed: tuple[str, ...]) -> bool:
    domain, port = split_domain_port(host)
    return bool(domain) and _is_port(port) and validate_host(domain, allowed)


def _is_port(digits: str) -> bool:
    return not digits or (len(digits) <= 5 and int(digits) <= 65_535)
