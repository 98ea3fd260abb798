"""A client's way through granian, which sends no close frame while it is asked for the client's next message."""

import asyncio
from collections.abc import Awaitable

from .asgi import AsgiTransport, Receive, Send
from .middleware import owner_of


def is_granian(send: Send) -> bool:
    """Whether that is granian's own ``send``."""
    return type(owner_of(send)).__module__.partition(".")[0] == "granian"


class GranianTransport(AsgiTransport):
    """One client on granian. To close it, the question for its next message is taken back first."""

    __slots__ = ("_reason",)

    def __init__(self, receive: Receive, send: Send) -> None:
        super().__init__(receive, send)
        self._reason = ""

    def close(self, code: int, reason: str) -> Awaitable[None]:
        if self._abort_code is not None:  # the consumer has stopped to read, and finishes
            return super().close(code, reason or self._reason)
        if self._is_receiving:
            self._reason = reason
            self.abort(code)
            return _nothing()
        return self._close_behind_handler(code, reason)

    async def _close_behind_handler(self, code: int, reason: str) -> None:
        if self._ahead is not None:
            self._stop_reading()
            self._ahead = None  # what it has read is not handled any more
            await asyncio.sleep(0)  # for the question to be taken back
        await super().close(code, reason)

    def _end_line(self) -> None:
        """Read on, as granian has nothing to cut a line with, until it says by itself that the client has left."""

    def _stop_reading(self) -> None:
        if self._ahead is not None:
            self._ahead.stop()


async def _nothing() -> None:
    pass
