"""The authentication classes of Django REST framework, for WebSockets."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ..core.connections.socket import connection_of
from ..core.registry import url_path_of


def drf(authentication: type[Any]) -> Callable[[Any], Any]:
    """Make an authenticator of an authentication class, such as ``TokenAuthentication``.

    The class gets the handshake as a request: its headers, cookies and query string. The header ``Authorization`` is
    the one that came; where the token was offered as a subprotocol, one is made of it, under the class's own keyword.
    Where what the class returns as ``request.auth`` is a token with ``exp``, the connection ends when that has come.

    :param authentication: a subclass of ``rest_framework.authentication.BaseAuthentication``.
    :raises TypeError: it is something else.
    """
    if not isinstance(authentication, type) or not callable(getattr(authentication, "authenticate", None)):
        raise TypeError(
            f"Expected an authentication class of Django REST framework, got {authentication!r}: "
            "drf(TokenAuthentication)."
        )

    def authenticate(socket: Any) -> Any:
        asked = authentication()
        found = asked.authenticate(_request_of(socket, asked))
        if found is None:
            return None
        user, credentials = found
        if socket.expires_at is None:
            socket.expires_at = _end_of(credentials)
        return user

    authenticate.__qualname__ = f"drf({authentication.__name__})"
    return authenticate


def _request_of(socket: Any, asked: Any) -> Any:
    from django.http import HttpRequest, parse_cookie
    from rest_framework.request import Request

    request = HttpRequest()
    request.method = "GET"
    request.path = request.path_info = url_path_of(socket.path)
    request.GET = socket.query
    request.COOKIES = parse_cookie(socket.headers.get("cookie", ""))
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in socket.headers.items()}
    request.META.update(
        QUERY_STRING=socket.query_string, REMOTE_ADDR=socket.address or "", PATH_INFO=request.path, REQUEST_METHOD="GET"
    )
    made = Request(request)
    if socket.token is not None and not connection_of(socket).offer.is_token_of_header:
        request.META["HTTP_AUTHORIZATION"] = f"{_keyword_of(asked, made)} {socket.token}"
    return made


def _keyword_of(asked: Any, request: Any) -> str:
    """What stands before a token in the header, by the class."""
    keyword = getattr(asked, "keyword", None)  # TokenAuthentication has one
    if isinstance(keyword, str):
        return keyword
    words = (asked.authenticate_header(request) or "").split()  # of WWW-Authenticate, where the scheme comes first
    return words[0] if words else "Bearer"


def _end_of(credentials: Any) -> datetime | None:
    """When a JSON Web Token ends."""
    payload = getattr(credentials, "payload", credentials)
    seconds = payload.get("exp") if isinstance(payload, Mapping) else None
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, (int, float)) else None
