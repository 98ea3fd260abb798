"""Authorization: asks the ``authorize`` of an application whether a client may connect, for a limited time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .. import conf
from ..core.connections.transport import ClientGone
from ..core.counters import counters
from ..core.handlers.leasing import lease_threads, leases
from ..core.handlers.signatures import Run, call_in_thread, is_generator_function, runs_on_loop
from ..core.handlers.workers import Workers
from ..core.logger import log_error
from ..core.registry import PREFIX
from ..core.tasks import is_own_cancellation
from ..database import idle_database, with_database
from ..exceptions import Refused
from .refusing import log_refusal, translate

if TYPE_CHECKING:
    from django.db.models import Model

    from ..core.connections.connection import Connection

Authorize = Callable[[Any], Any]


class AuthorizationUnavailable(Exception):
    """Whether a client may stay cannot be found out now."""


#: Threads in which the sync ``authorize`` of one WebSocket may run at a time, and as many for those who have connected.
MOST_THREADS: Final = 8

#: How long each handshake that is being decided may take yet, by the id of its connection.
_deadlines: dict[str, asyncio.Timeout] = {}


class Authorization:
    """Who may connect to one WebSocket.

    A sync ``authorize`` is called in threads that belong to this WebSocket, so that neither its handlers nor the
    handshakes of another WebSocket wait for it; about those who have connected in others, so that nobody stays for as
    long as strangers knock.

    :param path: of the WebSocket.
    :param authorize: asked with the ``socket``.
    :raises TypeError: it cannot be called so.
    """

    def __init__(self, path: str, authorize: Authorize) -> None:
        _refuse_wrong_arity(path, authorize)
        if is_generator_function(authorize):
            raise TypeError(f"The authorize of {path!r} is a generator function, which is always true: {authorize!r}.")
        self._authorize = authorize
        self._workers = Workers(f"{path} authorize", MOST_THREADS, with_database, idle_database)
        self._rechecks = Workers(f"{path} recheck", MOST_THREADS, with_database, idle_database)

    async def is_granted(self, connection: Connection, run: Run | None = None) -> bool:
        """Whether a client may connect. Why it may not is logged.

        :param run: calls a sync ``authorize`` instead of our threads.
        """
        deadline = begin_decision(connection)
        try:
            async with deadline:
                if run is None:
                    lease_threads()
                run = run_for(connection, run or self._workers.wait)
                is_granted = bool(await ask(self._authorize, connection.socket, run))
        except ClientGone:
            return False
        except BaseException as error:
            if isinstance(error, (GeneratorExit, KeyboardInterrupt)) or is_own_cancellation(error):
                raise
            refused = error if isinstance(error, Refused) else translate(error)
            if refused is not None:
                log_refusal(PREFIX + connection.path, connection.offer.hide(_why(error, refused)))
                return False
            if not deadline.expired():
                counters.connections_refused += 1
                where = connection.path, connection.id
                log_error(connection.offer, error, "authorize failed (path %.64r, connection %s)", *where)
                return False
            is_granted = False
        finally:
            end_decision(connection)
        if not deadline.expired() and is_granted and not connection.closed:
            return True
        if not deadline.expired():
            log_refusal(PREFIX + connection.path, "it was closed meanwhile" if is_granted else "it is not authorized")
        elif not connection.closed:
            log_refusal(PREFIX + connection.path, f"authorize {too_late()}")
        return False

    async def is_still_granted(self, connection: Connection, run: Run | None = None) -> bool:
        """Whether a client who has connected may stay. Its user is read again first.

        :param run: calls what is sync instead of our threads.
        :raises AuthorizationUnavailable: nobody knows: ``authorize`` has failed, or took too long.
        """
        from django.db.models import Model  # later than this module, which commands import that use no model

        run_sync = run or self._rechecks.wait
        try:
            async with asyncio.timeout(conf.get("AUTHORIZE_TIMEOUT")):
                if run is None:
                    lease_threads()
                if isinstance(connection.user, Model):
                    connection.user = await run_sync(partial(call_in_thread, partial(_read_again, connection.user)))
                return bool(await ask(self._authorize, connection.socket, run_sync))
        except Exception as error:
            if isinstance(error, (Refused, UserGone)) or translate(error) is not None:
                return False
            text = connection.offer.hide(f"{type(error).__name__}: {error}")
            raise AuthorizationUnavailable(text) from error
        finally:
            leases.release()


class UserGone(Exception):
    """A user is deleted or not active any more."""


def _read_again(user: Model) -> Model:
    """``user`` as the database has it now: what it has cached, permissions above all, is as old as the handshake."""
    found = user.__class__._default_manager.filter(pk=user.pk).first()  # noqa: SLF001 documented by Django
    if found is None or not getattr(found, "is_active", True):
        raise UserGone
    return found


def begin_decision(connection: Connection) -> asyncio.Timeout:
    """The time that one decision on a client may take. Pairs with :func:`end_decision`."""
    deadline = _deadlines[connection.id] = asyncio.timeout(conf.get("AUTHORIZE_TIMEOUT"))
    return deadline


def end_decision(connection: Connection) -> None:
    """Give back what a decision has needed."""
    leases.release()
    del _deadlines[connection.id]


def run_for(connection: Connection, run: Run) -> Run:
    """``run``, for a client that may have left before a thread is free: then it raises :class:`ClientGone` instead."""
    return lambda call: run(partial(call_for, connection.transport.has_left, call))


def call_for(has_left: Callable[[], bool], call: Callable[[], Any]) -> Any:
    """Call, unless the client has left that it is done for; :class:`ClientGone` is raised then."""
    if has_left():
        raise ClientGone
    return call()


def too_late() -> str:
    """For the log: what took too long."""
    return f"did not answer within {conf.get('AUTHORIZE_TIMEOUT'):g} s (AUTHORIZE_TIMEOUT)"


def abandon(connection: Connection) -> None:
    """Wait no more for the answer to a client who has left, if there is one to come. On its event loop."""
    deadline = _deadlines.get(connection.id)
    if deadline is not None and not deadline.expired():
        deadline.reschedule(asyncio.get_running_loop().time())


def _why(error: BaseException, refused: Refused) -> str:
    """The code and the message of a refusal, or what Django's error says for itself."""
    return f"it is not authorized ({refused if error is refused else f'{refused.code}: {error!r}'})"


def _refuse_wrong_arity(path: str, authorize: Authorize) -> None:
    try:
        inspect.signature(authorize).bind(None)
    except ValueError:  # of some functions written in C, nobody knows
        return
    except TypeError as error:
        raise TypeError(
            f"Expected the authorize of {path!r} to be called as authorize(socket), got {authorize!r}: {error}."
        ) from error


async def ask(authorize: Authorize, socket: Any, run: Run) -> Any:
    """What a function or coroutine function of an application says of a client."""
    if runs_on_loop(authorize):
        answer = authorize(socket)
    else:
        answer = await run(partial(call_in_thread, partial(authorize, socket)))
    return await answer if inspect.isawaitable(answer) else answer
