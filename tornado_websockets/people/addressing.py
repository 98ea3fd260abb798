"""Whom ``WebSocket.to`` names: users, connections and the tab that has asked, read into an audience."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from django.core.exceptions import SynchronousOnlyOperation

from ..auth.keys import to_python, user_key
from ..core.connections.socket import Socket, connection_of
from ..core.delivery.audience import MAX_NAME, Audience
from . import NOT_GIVEN

T = TypeVar("T")

#: The header by which a page names its own connection.
HEADER: Final = "X-WebSocket-ID"


def read_audience(user: Any, connection: Any, exclude: Any) -> Audience:
    """The audience that these arguments of ``WebSocket.to`` name; errors as there."""
    if user is connection is exclude is NOT_GIVEN:
        raise TypeError("Expected user, connection or exclude: whom it is for, or not for.")
    users = None if user is NOT_GIVEN else read_users(user)
    connections = None if connection is NOT_GIVEN else _read(_several(connection, "connection"), _connection_id)
    if exclude is NOT_GIVEN:
        return Audience(users, connections)
    excluded = list(_several(exclude, "exclude"))
    requests = [each for each in excluded if _is_request(each)]
    others = [each for each in excluded if not _is_request(each)]
    return Audience(
        users,
        connections,
        _read(others, _excluded_id),
        exclude_tabs=frozenset(tab for request in requests for tab in _tabs(request)),
        is_local=not requests and all(isinstance(each, Socket) for each in others),
    )


def read_users(user: Any) -> frozenset[str]:
    """The keys of one user or several; errors as of ``WebSocket.to``."""
    return _read(_several(user, "user"), _user_key)


def read_user(user: Any) -> str:
    """The key of one user; errors as of ``WebSocket.to``."""
    return _user_key(user)


def _read(values: Iterable[Any], read: Callable[[Any], T]) -> frozenset[T]:
    return frozenset(map(read, values))


def _several(value: Any, name: str) -> Iterator[Any]:
    """One or several, as several."""
    is_one = isinstance(value, (str, int, Socket)) or _is_row(value) or _is_request(value)
    if is_one or hasattr(value, "is_authenticated"):
        return iter((value,))
    if isinstance(value, (bytes, bytearray, Mapping)):
        raise _wrong(name, value)
    return iter(value if isinstance(value, Iterable) else (value,))


def _user_key(user: Any) -> str:
    if hasattr(user, "is_authenticated"):
        key = None if _is_new(user) else user_key(user)
        if key is None:
            raise TypeError(f"Expected a user who is logged in and saved, got {user!r}.")
        return _checked(key, "user")
    if user is None or isinstance(user, (bool, float, bytes)) or _is_row(user):
        raise _wrong("user", user)
    try:
        return _checked(str(to_python(user)), "user")
    except ValueError:
        if isinstance(user, (str, int)):
            raise
        raise _wrong("user", user) from None


def _is_new(user: Any) -> bool:
    """Whether it was built, and neither loaded nor saved, and its model makes keys up: this is one, for all we know.

    Nobody can have connected under a key that was just made up. A user that is built with a key it has, instead of
    loaded, cannot be told from that: its key alone says who is meant.
    """
    if not _is_row(user) or not user._state.adding:  # noqa: SLF001 documented by Django, as all of these
        return False
    return bool(user._meta.pk.has_default()) or hasattr(user.pk, "resolve_expression")  # noqa: SLF001


def _connection_id(connection: Any) -> str:
    if isinstance(connection, Socket):
        return connection_of(connection).id
    if isinstance(connection, str):
        return _checked(connection, "connection")
    raise _wrong("connection", connection)


def _excluded_id(connection: Any) -> str:
    try:
        return _connection_id(connection)
    except TypeError:
        raise _wrong("exclude", connection) from None


def _checked(name: str, argument: str) -> str:
    if 1 <= len(name) <= MAX_NAME:
        return name
    raise ValueError(f"Expected 1 to {MAX_NAME} characters as {argument}, got {len(name)}: {name[:64]!r}.")


_EXPECTED: Final = {
    "user": "a user, a primary key, or several",
    "connection": "a socket, its id, or several",
    "exclude": "a socket, its id, a request, or several",
}


def _wrong(name: str, value: object) -> TypeError:
    hint = " To send to everybody, leave it out." if value is None else ""
    return TypeError(f"Expected {_EXPECTED[name]} as {name}, got {value!r:.100}.{hint}")


def _is_row(value: Any) -> bool:
    from django.db.models import Model  # later than this module, which commands import that use no model

    return isinstance(value, Model)


def _is_request(value: Any) -> bool:
    """Whether it is a request of Django, or one of Django REST framework, which has one of Django's in it."""
    from django.http import HttpRequest  # likewise

    return isinstance(value, HttpRequest) or isinstance(getattr(value, "_request", None), HttpRequest)


def _tabs(request: Any) -> Iterator[tuple[str, str | None]]:
    """The connection that ``request`` names, and whose it must be: anybody can name any."""
    id_ = request.headers.get(HEADER, "")
    if 1 <= len(id_) <= MAX_NAME:
        yield id_, _user_of(request)


def _user_of(request: Any) -> str | None:
    try:
        return user_key(getattr(request, "user", None))
    except SynchronousOnlyOperation as error:  # an async view, in which request.user would query
        from django.contrib.auth import SESSION_KEY

        try:
            key = request.session.get(SESSION_KEY)  # there without a query, once request.auser() was awaited
        except SynchronousOnlyOperation:
            text = "In an async view, await request.auser() before you exclude the request: else its user is unknown."
            raise SynchronousOnlyOperation(text) from error
        return None if key is None else str(to_python(key))
