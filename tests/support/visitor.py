"""A connection as its transport sees it while a handler runs."""

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
