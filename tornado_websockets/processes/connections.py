"""Who is connected to one process, and what has happened there: the answer of each to those who look."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ..core.connections.connection import Connection
from ..core.counters import counters
from ..core.stopping import stopping
from .identity import identity
from .survey import Details, answers

if TYPE_CHECKING:
    from ..core.delivery.hub import Hub
    from ..core.delivery.shard import Shard

#: The question.
CONNECTIONS: Final = "connections"

#: Connections, paths and users that one process tells of each time; of the rest it tells how many they are.
MOST: Final = 100

#: Connections that are looked at in one iteration of the event loop: a millisecond.
AT_A_TIME: Final = 500

#: Characters of what is looked for, of a user's name, and of a path.
MAX_TEXT: Final = 200


@dataclass(slots=True)
class _Seen:
    """What was seen so far of the connections of a process."""

    find: str
    total: int = 0
    found: int = 0
    behind: list[Connection] = field(default_factory=list)
    others: list[Connection] = field(default_factory=list)
    paths: Counter[tuple[str, str]] = field(default_factory=Counter)
    users: Counter[tuple[str, str]] = field(default_factory=Counter)

    def look_at(self, connection: Connection) -> None:
        self.total += 1
        user = _user_of(connection)
        self.paths[connection.path, connection.endpoint.path] += 1
        if user is not None:
            self.users[user] += 1
        if self.find and not any(self.find in text.lower() for text in _texts_of(connection, user)):
            return
        self.found += 1
        listed = self.others if connection.backlog is None else self.behind
        if len(listed) < MOST:
            listed.append(connection)


@answers(CONNECTIONS)
async def report(hub: Hub, said: Details) -> Details:
    """What this process says of its connections; ``find`` in the question picks those that have it somewhere.

    Those whose client falls behind come first.
    """
    find = said.get("find", "")
    if not isinstance(find, str):
        raise TypeError(f"expected what to find as a string, got {find!r:.64}")
    seen = _Seen(find[:MAX_TEXT].lower())
    for shard in hub.shards:
        if shard.is_here:
            await _look(shard, seen)
        elif shard.loop.is_running():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_look(shard, seen), shard.loop))
    listed = [*seen.behind, *seen.others][:MOST]
    return {
        "started": identity.started,
        "seconds": monotonic(),
        "stopping": stopping.has_begun,
        "counters": counters.as_dict(),
        "paths": [[path[:MAX_TEXT], pattern, count] for (path, pattern), count in seen.paths.most_common(MOST)],
        "paths_total": len(seen.paths),
        "users": [[key, name, count] for (key, name), count in seen.users.most_common(MOST)],
        "users_total": len(seen.users),
        "connections": [_row(connection) for connection in listed],
        "connections_total": seen.total,
        "connections_found": seen.found,
    }


async def _look(shard: Shard, seen: _Seen) -> None:
    members = shard.members()
    for number, member in enumerate(members, 1):
        if isinstance(member, Connection):
            seen.look_at(member)
        if number % AT_A_TIME == 0:
            await asyncio.sleep(0)


def _row(connection: Connection) -> dict[str, Any]:
    key, name = _user_of(connection) or (None, "")
    return {
        "id": connection.id,
        "path": connection.path,
        "user": key,
        "name": name,
        "address": (connection.address or "")[:MAX_TEXT],
        "backlog": connection.backlog,
    }


def _user_of(connection: Connection) -> tuple[str, str] | None:
    """Key and name of its user; ``None`` for nobody."""
    key = connection.user_key
    return None if key is None else (key, name_of(connection.user))


def name_of(user: Any) -> str:
    """The name of a user for people, as far as it has one."""
    try:
        return str(user.get_username())[:MAX_TEXT]
    except Exception:  # a user of the project's own, which may have no name, or ask a database for it
        return ""


def _texts_of(connection: Connection, user: tuple[str, str] | None) -> Iterator[str]:
    yield connection.path
    yield connection.id
    yield connection.address or ""
    yield from user or ()
