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
    handlers: Roster
    workers: Workers

    @property
    def may_emit_anywhere(self) -> bool:
        """Whether it is no error to emit where no handler is running."""

    def before_handler(self) -> None:
        """Called on the event loop before each handler; must not block."""

    def welcome(self, connection: "Connection", socket: Any) -> None:
        """A client has connected; ``socket`` is what its handlers get."""

    def part_with(self, connection: "Connection", socket: Any) -> None:
        """It has gone."""
