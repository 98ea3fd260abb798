"""A connection as its transport sees it while a handler runs."""

from collections.abc import Callable
from typing import Any

from tests.support.waiting import until
from tornado_websockets.core.protocol.offers import NOTHING_OFFERED, Offer


class Visitor:
    """Whose connection it is.

    :ivar closed: whether it has left.
    :ivar is_long_gone: whether it did so a while ago.
    """

    offer: Offer = NOTHING_OFFERED
    closed = is_long_gone = False

    def on_lost(self) -> None:
        self.closed = True

    def answer_at_once(self, message: str | bytes) -> bool:
        return False


async def visiting(client: Any, transport: Any, masked: Callable[[bytes], bytes]) -> Visitor:
    """One whose first message is handled, and that has sent more than is read meanwhile."""
    visitor = Visitor()
    transport.begin(visitor)
    client.feed(masked(b"first"))
    assert await transport.receive() == "first"
    client.feed(masked(b"next") * 2_000)
    await until(transport.has_more)
    return visitor
