"""The WebSocket of the live page: what goes on in all processes, and how a client is disconnected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async

from ..core.delivery.audience import Audience
from ..core.logger import logger
from ..core.protocol.closing import FORBIDDEN, Close
from ..core.registry import url_path_of
from ..exceptions import PublishError, Refused
from ..people.orders import Disconnect
from ..processes.connections import CONNECTIONS, MAX_TEXT, name_of
from ..processes.reading import read_reports
from ..processes.survey import Survey
from ..serving.origin import is_from_elsewhere
from ..transactions import Options, publish
from ..websocket import WebSocket, endpoint_of, registry
from .permissions import may_disconnect, may_look, read_again

if TYPE_CHECKING:
    from ..core.connections.socket import Socket

#: Its path.
PATH: Final = "/tornado_websockets/live"

#: Where the connections that a client was shown are kept, by their ids.
_SHOWN: Final = "shown"

#: How many of them: whom somebody is about to disconnect may not be among the slowest any more.
MOST_SHOWN: Final = 5_000


@dataclass(frozen=True, slots=True)
class LookPace:
    """How often, in seconds.

    :ivar interval: from one look to the next.
    :ivar recheck: after which who looks is asked for the permission once more.
    """

    interval: float = 2.0
    recheck: float = 30.0


def _may_connect(socket: Socket) -> bool:
    """Cookies count here, whatever AUTHENTICATE says, so no page of another site may connect by them."""
    return not is_from_elsewhere(socket.headers) and may_look(socket.user)


live = WebSocket(PATH, authorize=_may_connect, authenticate=["session"])
endpoint_of(live).is_hidden = True


@live.on
async def look(socket: Socket, data: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Tell again and again what all processes say, for as long as somebody looks.

    ``find`` in the data picks connections that have it in their path, user, address or id.
    """
    find = data.get("find", "")
    if not isinstance(find, str) or len(find) > MAX_TEXT:
        raise Refused("invalid_data", f"Expected what to find as a string of at most {MAX_TEXT} characters.")
    async with aclosing(watch(socket, find)) as looks:
        async for seen in looks:
            yield seen


async def watch(socket: Socket, find: str, pace: LookPace = LookPace()) -> AsyncGenerator[dict[str, Any], None]:
    """What ``socket`` is told by :func:`look`."""
    may_still_disconnect, asked = await _permissions(socket), monotonic()
    async with Survey(endpoint_of(live).hub) as survey:
        while True:
            if monotonic() - asked > pace.recheck:
                may_still_disconnect, asked = await _permissions(socket), monotonic()
            answers = await survey.ask(CONNECTIONS, {"find": find})
            reports = read_reports(answers)
            _note_shown(socket, [row for report in reports for row in report.connections])
            yield {
                "processes": [
                    {**report.says, "id": report.process, "name": report.name, "delay": report.delay}
                    for report in reports
                ],
                "is_whole": answers.is_whole,
                "may_disconnect": may_still_disconnect,
                "served": [websocket.path for websocket in registry if not endpoint_of(websocket).is_hidden],
                "me": socket.id,
            }
            await asyncio.sleep(pace.interval)


@live.on
async def disconnect(socket: Socket, data: dict[str, Any]) -> None:
    """Disconnect a client that is shown, on whichever process it is."""
    if not await _permissions(socket):
        raise Refused("forbidden", "You may look, but not disconnect.")
    id_ = data.get("id")
    if not isinstance(id_, str):
        raise Refused("invalid_data", "Expected the id of a connection as a string.")
    shown = socket.state.get(_SHOWN, {}).get(id_)
    if shown is None:
        raise Refused("gone", "This client is not shown here any more.")
    path = shown["path"]
    order = Disconnect(path, Audience(connections=frozenset((id_,))), Close.by_application(FORBIDDEN, "Disconnected."))
    by = f"{name_of(socket.user)} ({socket.user.pk})"
    whom = "nobody in particular" if shown["user"] is None else f"{shown['name']} ({shown['user']})"
    logger.warning("%r disconnects %r (path %.64r, connection %s)", by[:128], whom[:128], path, id_)
    try:
        await publish(_hub_of(path), order.note, Options())
    except PublishError as error:
        raise Refused("unavailable", "The other processes cannot be told now.") from error


def _note_shown(socket: Socket, rows: list[dict[str, Any]]) -> None:
    """Keep the newest of what a client was shown."""
    shown = socket.state.setdefault(_SHOWN, {})
    for row in rows:
        shown.pop(row["id"], None)
        shown[row["id"]] = row
    for id_ in list(islice(shown, max(0, len(shown) - MOST_SHOWN))):
        del shown[id_]


def _hub_of(path: str) -> Any:
    """By which clients of a concrete path are told: where it has a history, an order follows what was sent before."""
    found = registry.find(url_path_of(path))
    return endpoint_of(live if found is None else found[0]).hub


async def _permissions(socket: Socket) -> bool:
    """Whether who looks may disconnect as well. Closes the connection of one who may not even look any more."""
    user = await sync_to_async(read_again)(socket.user)
    if not await sync_to_async(may_look)(user):
        socket.close(FORBIDDEN, "Not allowed any more.")
        raise Refused("forbidden", "You may not look any more.")
    return await sync_to_async(may_disconnect)(user)
