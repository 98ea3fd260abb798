"""What a connection needs of its WebSocket."""

from typing import TYPE_CHECKING, Any, Protocol

from ...exceptions import Refused
from ..delivery.hub import Hub
from ..handlers.dispatch import Dispatcher
from ..handlers.workers import Workers
from ..protocol.frames import Encoder
from .admission import Admission

if TYPE_CHECKING:
    from ..recovery.keeping.kept_hub import KeptHub


class Endpoint(Protocol):
    """A WebSocket, as its connections see it."""

    websocket: Any
    context: Any
    hub: Hub
    admission: Admission
    dispatcher: Dispatcher
    encoder: Encoder
    workers: Workers
    path: str
    authentication: Any
    authorization: Any
    presence: Any
    is_hidden: bool
    is_rechecked: bool

    @property
    def kept_hub(self) -> "KeptHub | None":
        """The hub, where events are numbered and kept."""

    def read_query(self, query_string: str) -> Any:
        """The parameters in a query string."""

    def user_key(self, user: Any) -> str | None:
        """What ``user`` is known by; ``None`` for nobody."""

    def translate(self, error: BaseException) -> Refused | None:
        """The refusal that an error of some framework stands for, if it is meant as one."""

    def write_html(self, *fragment: Any) -> str:
        """The frame of a piece of a page, which is rendered for that."""

    def refuse_to_broadcast(self, event: str, topic: str) -> None:
        """Raise what forbids a broadcast to ``topic`` from where this is called, if anything does."""

    def on_connected(self, connection: Any) -> None:
        """A client has connected; its ``open`` handler has not run yet."""

    def on_disconnected(self, connection: Any) -> None:
        """The client has disconnected; its ``close`` handler has not run yet."""
