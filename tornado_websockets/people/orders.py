"""Orders about connections that every process carries out: to close them, and to ask again whether they may stay."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from ..core.control import CONTROL, Note, on_note
from ..core.delivery.audience import Audience
from ..core.protocol.closing import Close
from .asking import asking

if TYPE_CHECKING:
    from ..core.connections.connection import Connection
    from ..core.delivery.hub import Hub
    from ..core.delivery.shard import Shard

#: What their notes are about.
DISCONNECT: Final = "disconnect"
RECHECK: Final = "recheck"


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close connections in order: what was sent to them before comes first.

    :ivar path: the concrete path that they are of.
    :ivar audience: who of its clients they are.
    """

    path: str
    audience: Audience
    close: Close

    @property
    def note(self) -> Note:
        """What other processes are told; after what was sent to the path before."""
        said = {"path": self.path, "to": self.audience.to_text(), "code": self.close.code, "reason": self.close.reason}
        return _note(self.path, DISCONNECT, said)

    def concerns(self, connection: Connection) -> bool:
        """Whether ``connection`` is one of them."""
        return connection.path == self.path and self.audience.includes(connection)

    def connections_of(self, shard: Shard) -> list[Connection]:
        """Those of them that are of ``shard``."""
        return cast("list[Connection]", shard.members_of(self.path, self.audience))

    def carry_out(self, connection: Connection) -> None:
        """Do it to one of them, on its loop."""
        connection.end(self.close)

    def carry_out_late(self, connection: Connection) -> None:
        """Do it to one that was being let in meanwhile: it may have been asked before the reason was there."""
        if not asking.ask(connection):
            connection.end(self.close)


@dataclass(frozen=True, slots=True)
class Recheck:
    """Ask ``authorize`` again whether connections may stay.

    :ivar path: of their WebSocket, which may have parameters.
    :ivar users: whose connections they are, by key.
    """

    path: str
    users: frozenset[str]

    @property
    def note(self) -> Note:
        """What other processes are told."""
        return _note(CONTROL, RECHECK, {"path": self.path, "to": Audience(users=self.users).to_text()})

    def concerns(self, connection: Connection) -> bool:
        """Whether ``connection`` is one of them."""
        return connection.endpoint.path == self.path and connection.user_key in self.users

    def connections_of(self, shard: Shard) -> list[Connection]:
        """Those of them that are of ``shard``."""
        members = cast("list[Connection]", shard.members())
        return [member for member in members if member.user_key in self.users and self.concerns(member)]

    def carry_out(self, connection: Connection) -> None:
        """Do it to one of them, on its loop."""
        asking.ask(connection)

    carry_out_late = carry_out


Order = Disconnect | Recheck


@on_note(DISCONNECT)
def _take_disconnect(hub: Hub, said: Mapping[str, Any]) -> None:
    path, close = said["path"], Close.by_application(said["code"], said["reason"])
    if not isinstance(path, str):
        raise TypeError(f"expected a path, got {path!r:.64}")
    _order(hub, Disconnect(path, Audience.from_text(said["to"]), close), said["id"])


@on_note(RECHECK)
def _take_recheck(hub: Hub, said: Mapping[str, Any]) -> None:
    path, users = said["path"], Audience.from_text(said["to"]).users
    if not isinstance(path, str) or users is None:
        raise TypeError(f"expected a path and users, got {path!r:.64} and {users!r:.64}")
    _order(hub, Recheck(path, users), said["id"])


def _note(topic: str, event: str, said: dict[str, Any]) -> Note:
    """The note of an order, which has a name: it may come by the layer, and by the store as well."""
    return Note(topic, event, json.dumps({**said, "id": uuid.uuid4().hex}), is_order=True)


def _order(hub: Hub, order: Order, id_: object) -> None:
    """Carry out ``order`` in this process, unless that was done."""
    if not isinstance(id_, str):
        raise TypeError(f"expected a name, got {id_!r:.64}")
    if not hub.control.remember(order, id_):
        return

    def carry_out(shard: Shard) -> None:
        for connection in order.connections_of(shard):
            order.carry_out(connection)

    hub.for_each_shard(carry_out)


class LateOrders:
    """Carries out, with those who have just been let in, the orders that came while that was being decided."""

    is_needed = True

    def on_connected(self, connection: Connection) -> None:
        """A client has connected; called on its event loop."""
        control = connection.endpoint.hub.control
        for order in control.since(connection.orders_seen):
            if order.concerns(connection):
                order.carry_out_late(connection)

    def on_disconnected(self, connection: Connection) -> None:
        """Nothing is kept of it."""


late_orders = LateOrders()
