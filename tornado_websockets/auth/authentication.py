"""Who a client is: asks what ``AUTHENTICATE``, or a WebSocket's ``authenticate``, names, before ``authorize``."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.utils.module_loading import import_string

from .. import conf
from ..core.connections.transport import ClientGone
from ..core.counters import counters
from ..core.handlers.leasing import lease_threads, leases
from ..core.handlers.workers import Workers
from ..core.logger import logger
from ..core.registry import PREFIX
from ..core.tasks import is_own_cancellation
from ..database import idle_database, with_database
from ..exceptions import Refused
from ..serving.authorization import MOST_THREADS, ask, begin_decision, end_decision, run_for, too_late
from ..serving.refusing import log_refusal

if TYPE_CHECKING:
    from ..core.connections.connection import Connection
    from ..core.handlers.signatures import Run

Authenticator = str | Callable[[Any], Any]

#: Stands for the user of the session, or of a middleware.
SESSION: Final = "session"


class AuthenticationUnavailable(Exception):
    """Who a client is cannot be found out now."""


class Authentication:
    """Who the clients of one WebSocket are.

    A token that nobody accepts refuses its client: it never becomes the user of a cookie that came beside it.

    :param path: of the WebSocket.
    :param given: what is asked instead of ``AUTHENTICATE``; ``None`` for that.
    :raises TypeError: it is no list of ``"session"``, dotted paths and callables.
    """

    def __init__(self, path: str, given: Sequence[Authenticator] | None = None) -> None:
        if given is not None and not is_list_of_authenticators(given):
            raise TypeError(
                f"Expected the authenticate of {path!r} as a list of 'session', dotted paths and functions, "
                f"got {given!r}."
            )
        self._given = None if given is None else tuple(given)
        self._workers = Workers(f"{path} authenticate", MOST_THREADS, with_database, idle_database)
        # Others, so that nobody stays for as long as strangers knock.
        self._rechecks = Workers(f"{path} login", MOST_THREADS, with_database, idle_database)

    @property
    def paths(self) -> tuple[str, ...]:
        """Dotted paths that were given for this WebSocket alone."""
        return tuple(each for each in self._given or () if isinstance(each, str) and each != SESSION)

    @property
    def takes_cookies(self) -> bool:
        """Whether ``"session"`` was given for this WebSocket itself."""
        return SESSION in (self._given or ())

    async def is_identified(self, connection: Connection, run: Run | None = None) -> bool:
        """Find out who a client is, and set its ``user``; whether it may go on. Why it may not is logged.

        :param run: calls sync authenticators instead of our threads.
        """
        authenticators = self._authenticators()
        if authenticators == (SESSION,) and connection.offer.token is None:
            return True  # the transport has asked it already
        refusal = await self._decide(
            connection,
            self._identify(connection, authenticators, run_for(connection, run or self._workers.wait)),
            run is None,
        )
        if refusal:
            log_refusal(PREFIX + connection.path, refusal)
        return refusal is None

    async def is_still(self, connection: Connection) -> bool:
        """Whether the same user is named for a client when that is asked again; only where one has been named.

        :raises AuthenticationUnavailable: nobody knows.
        """
        others = [each for each in self._authenticators() if each != SESSION]
        try:
            async with asyncio.timeout(conf.get("AUTHORIZE_TIMEOUT")):
                lease_threads()
                user = await self._first(connection, others, self._rechecks.wait)
        except Exception as error:
            if is_refusal(error):
                return False
            # Its own text, which may quote the token, is nobody's business.
            raise AuthenticationUnavailable(f"authenticate raised {type(error).__name__}") from None
        finally:
            leases.release()
        return user is not None and _is_active(user) and _identity_of(user) == connection.named

    def _authenticators(self) -> tuple[Authenticator, ...]:
        return tuple(conf.get("AUTHENTICATE")) if self._given is None else self._given

    async def _decide(self, connection: Connection, identify: Any, is_leasing: bool) -> str | None:
        """Await ``identify`` for a limited time. Why the client is refused, empty where the log has that already."""
        deadline = begin_decision(connection)
        try:
            async with deadline:
                if is_leasing:
                    lease_threads()
                refusal: str | None = await identify
        except ClientGone:
            return ""
        except BaseException as error:
            if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
                raise
            if deadline.expired():
                return "" if connection.closed else f"authenticate {too_late()}"
            if is_refusal(error):
                why = str(error) if isinstance(error, Refused) else repr(error)
                return f"authenticate refused it ({connection.offer.hide(why)})"
            _log_failure(connection, error)
            return ""
        finally:
            end_decision(connection)
        return "it was closed meanwhile" if refusal is None and connection.closed else refusal

    async def _identify(self, connection: Connection, authenticators: Sequence[Authenticator], run: Run) -> str | None:
        """Set the user of a client; why it is refused, if it is."""
        of_session, connection.user, connection.rests_on_session = connection.user, anonymous(), False
        others = [each for each in authenticators if each != SESSION]
        has_token, has_credentials = connection.offer.token is not None, connection.offer.has_credentials
        if SESSION not in authenticators or (has_token and _is_of_cookie(of_session, connection.session)):
            of_session = None
        before = len(others) if has_credentials or of_session is None else authenticators.index(SESSION)
        user = await self._first(connection, others[:before], run)
        if user is None and is_somebody(of_session):
            connection.user, connection.rests_on_session = of_session, not has_token
            return None
        user = user or await self._first(connection, others[before:], run)
        if user is None:
            return "nothing that is asked (AUTHENTICATE, or its authenticate) accepts its token" if has_token else None
        if not _is_active(user):
            return "its user is not active"
        connection.user, connection.named = user, _identity_of(user)
        return None

    async def _first(self, connection: Connection, authenticators: Sequence[Authenticator], run: Run) -> Any:
        """The first user that one of them names."""
        for each in authenticators:
            authenticator = import_string(each) if isinstance(each, str) else each
            user = await ask(authenticator, connection.socket, run)
            if isinstance(user, (bool, str, int, tuple)):
                raise TypeError(f"Expected a user, or None, from {authenticator!r}, got a {type(user).__name__}.")
            if is_somebody(user):
                return user
        return None


def is_list_of_authenticators(value: object) -> bool:
    """Whether ``value`` may be an ``authenticate``; what dotted paths name is not looked at."""
    return isinstance(value, (list, tuple)) and all(isinstance(each, str) or callable(each) for each in value)


def is_refusal(error: BaseException) -> bool:
    """Whether an authenticator says no by that; all else that it raises is a fault."""
    of_framework = sys.modules.get("rest_framework.exceptions")
    if of_framework is not None and isinstance(error, of_framework.APIException):
        return bool(error.status_code < 500)  # 401 of AuthenticationFailed, 403 of PermissionDenied
    return isinstance(error, (PermissionDenied, Refused))


def is_somebody(user: Any) -> bool:
    """Whether that is a user who has been authenticated."""
    return user is not None and bool(getattr(user, "is_authenticated", True))


def anonymous() -> Any:
    """Nobody: an ``AnonymousUser``, or ``None`` without ``django.contrib.auth``."""
    if not apps.is_installed("django.contrib.auth"):
        return None
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


def _is_of_cookie(user: Any, session: Any) -> bool:
    """Whether a cookie may say who this is, not a middleware that has read the token. Never blocks."""
    from django.contrib.auth import SESSION_KEY

    return is_somebody(user) and bool(getattr(session, "accessed", False)) and SESSION_KEY in session


def _is_active(user: Any) -> bool:
    return bool(getattr(user, "is_active", True))


def _identity_of(user: Any) -> Any:
    """What tells ``user`` apart from others: a key, else how its class compares, else what it has now."""
    primary_key = getattr(user, "pk", None)
    if primary_key is not None:
        return str(primary_key)
    kind: Any = type(user)
    if kind.__eq__ is not object.__eq__:
        return _copy_of(user)  # whose attributes handlers may set
    names = chain(getattr(user, "__dict__", ()), *(_slots_of(each) for each in kind.__mro__))
    return kind, {name: getattr(user, name, None) for name in names}


def _copy_of(user: Any) -> Any:
    """A copy, or ``user`` itself where none can be made: of one that asks another object for what it has not, say."""
    with suppress(Exception):
        return copy(user)
    return user


def _slots_of(kind: type) -> list[str]:
    """The slots that a class adds, by the names that its private ones have from outside."""
    slots = vars(kind).get("__slots__", ())
    names = (slots,) if isinstance(slots, str) else slots
    own = kind.__name__.lstrip("_")
    return [f"_{own}{name}" if name.startswith("__") and not name.endswith("__") else name for name in names]


def _log_failure(connection: Connection, error: BaseException) -> None:
    """Log an error as text, without the token, which it may well quote.

    There is no ``exc_info``: programs that gather errors show the variables of each frame with it.
    """
    counters.connections_refused += 1
    text = connection.offer.hide("".join(traceback.format_exception(error)).rstrip())
    logger.error("authenticate failed (path %.64r, connection %s)\n%s", connection.path, connection.id, text)
