"""Asking the ``authorize`` of a WebSocket again, about a client that has connected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ..core.logger import logger
from ..core.protocol.closing import FORBIDDEN
from ..core.tasks import keep
from ..serving.authorization import AuthorizationUnavailable

if TYPE_CHECKING:
    from ..core.connections.connection import Connection

#: Seconds until an ``authorize`` that has failed is asked again.
RETRY: Final = 5.0


class Asking:
    """Who is asked about, one question for each connection at a time.

    :param retry: seconds until an ``authorize`` that has failed is asked again; until then its client stays.
    """

    def __init__(self, retry: float = RETRY) -> None:
        self._retry = retry
        self._asked: dict[Connection, bool] = {}  # and whether that shall be done once more

    def ask(self, connection: Connection) -> bool:
        """Have ``authorize`` asked, and ``connection`` closed with 4403 if it may not stay. On its event loop.

        :returns: whether there is anything to be asked.
        """
        if connection.endpoint.authorization is None:
            return False
        if connection in self._asked:
            self._asked[connection] = True
        elif not connection.closed:
            self._asked[connection] = False
            keep(asyncio.get_running_loop().create_task(self._ask(connection)))
        return True

    async def _ask(self, connection: Connection) -> None:
        run = None if connection.leases_threads else connection.run
        try:
            is_granted = await connection.endpoint.authorization.is_still_granted(connection, run)
        except AuthorizationUnavailable as error:
            where = self._retry, error, connection.path
            logger.error("Cannot ask authorize whether a client may stay, will in %g s: %s (path %.64r)", *where)
            connection.shard.loop.call_later(self._retry, self.ask, connection)
            is_granted = True
        finally:
            is_wanted_again = self._asked.pop(connection)
        if not is_granted and not connection.closed:
            path, id_ = connection.path, connection.id
            logger.info("Closing a connection, it may no longer be here (path %.64r, connection %s)", path, id_)
            connection.kick(FORBIDDEN, "Not allowed any more.")
        elif is_wanted_again:
            self.ask(connection)


#: That of this process.
asking = Asking()
