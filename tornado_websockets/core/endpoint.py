"""What a connection needs of its WebSocket."""

from typing import TYPE_CHECKING, Any, Protocol

from .dispatch import Dispatcher
from .frames import Encoder
from .roster import Roster
from .workers import Workers

if TYPE_CHECKING:
    from .connection import Connection


class Endpoint(Protocol):
    """What a connection needs of its WebSocket."""

    context: Any
    dispatcher: Dispatcher
    encoder: Encoder
    workers: Workers

    @property
    def handlers(self) -> Roster:
        """The open connections."""

    def refuse_to_broadcast(self, event: str, path: str, running: "Connection | None") -> None:
        """Raise what forbids a broadcast to ``path``, if anything does.

        :param running: the connection whose handler wants it, if one does.
        """

    def before_handler(self) -> None:
        """Called on the event loop before each handler; must not block."""

    def welcome(self, connection: "Connection", socket: Any) -> None:
        """A client has connected; ``socket`` is what its handlers get."""

    def part_with(self, connection: "Connection", socket: Any) -> None:
        """It has gone."""
