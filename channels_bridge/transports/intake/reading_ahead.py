"""Reading on while a handler takes its time: a client that leaves is noticed, and its pings are answered."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Protocol

from tornado_websockets.core.connections.inbox import MAX_WAITING, MAX_WAITING_BYTES
from tornado_websockets.core.logger import log_error
from tornado_websockets.core.protocol.offers import NOTHING_OFFERED, Offer

from ..recognition import has_left

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of one client may wait.

    :ivar messages: of it.
    :ivar size: bytes of them.
    """

    messages: int = MAX_WAITING
    size: int = MAX_WAITING_BYTES


class Reader(Protocol):
    """On whose behalf messages are read."""

    def take_ahead(self, message: Message) -> bool:
        """Answer a message before its turn, if that is possible: then it does not wait for the handler."""

    def on_end(self) -> None:
        """The last message is here, which says that the client has gone."""


class ReadingAhead:
    """Takes a client's messages from the server before anyone asks for them, up to a bound.

    :param receive: of the server; nobody else may call it from now on.
    :param reader: is asked about each message, and told of the last.
    :param context: in which ``receive`` is called.
    :param offer: of the client, whose token is not logged.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Message]],
        reader: Reader,
        bounds: Bounds = Bounds(),
        *,
        context: Context | None = None,
        offer: Offer = NOTHING_OFFERED,
    ) -> None:
        self._bounds = bounds
        self._offer = offer
        self._messages: deque[Message] = deque()
        self._size = 0
        self._is_discarding = False
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._read(receive, reader), context=context)

    async def next(self) -> Message:
        """The next message; after the last one it is not to be called."""
        while not self._messages:
            await self._change()
        message = self._messages.popleft()
        self._size -= _size(message)
        self._changed.set()
        return message

    @property
    def has_waiting(self) -> bool:
        """Whether a message waits to be taken."""
        return bool(self._messages)

    def discard(self) -> None:
        """Let no message wait any more, but for the last one, which says that the client has gone."""
        self._is_discarding = True
        while self._messages and not _is_last(self._messages[0]):
            self._messages.popleft()
        self._size = 0
        self._changed.set()

    def stop(self) -> None:
        """Nothing is wanted any more."""
        self._task.cancel()

    async def _read(self, receive: Callable[[], Awaitable[Message]], reader: Reader) -> None:
        is_last = False
        while not is_last:
            message = await _received(receive, self._offer)
            is_last = _is_last(message)
            if not is_last and (self._is_discarding or reader.take_ahead(message)):
                continue
            self._messages.append(message)
            self._size += _size(message)
            self._changed.set()
            while not is_last and self.is_full:
                await self._change()
        reader.on_end()

    @property
    def is_full(self) -> bool:
        """Whether as much waits as may."""
        return len(self._messages) >= self._bounds.messages or self._size > self._bounds.size

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def _received(receive: Callable[[], Awaitable[Message]], offer: Offer) -> Message:
    """The next message of the server; its end, too, where the server raises rather than say so."""
    try:
        return await receive()
    except Exception as error:
        if not has_left(error):
            log_error(offer, error, "Receiving from a client failed")
        return {"type": "websocket.disconnect", "code": 1006}


def _is_last(message: Message) -> bool:
    return bool(message["type"] != "websocket.receive")


def _size(message: Message) -> int:
    return len(message.get("text") or message.get("bytes") or "")
