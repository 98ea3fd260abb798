"""What a connection needs of its WebSocket."""

from typing import Any, Protocol

from .dispatch import Dispatcher
from .frames import Encoder
from .workers import Workers


class Endpoint(Protocol):
    """What a connection needs of its WebSocket."""

    context: Any
    dispatcher: Dispatcher
    encoder: Encoder
    handlers: list[Any]
    workers: Workers

    @property
    def may_emit_anywhere(self) -> bool:
        """Whether it is no error to emit where no handler is running."""

    def before_handler(self) -> None:
        """Called on the event loop before each handler; must not block."""
