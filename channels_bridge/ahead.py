"""Reading on while a handler takes its time: a client that leaves is noticed, and its pings are answered."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from tornado_websockets.turns import MAX_WAITING, MAX_WAITING_BYTES

logger = logging.getLogger("tornado_websockets")

Message = dict[str, Any]


class Ahead:
    """Takes a client's messages from the server before anyone asks for them, up to a bound.

    :param receive: of the server; nobody else may call it from now on.
    :param notice_end: called when the last message is here, which says that the client has gone.
    """

    def __init__(self, receive: Callable[[], Awaitable[Message]], notice_end: Callable[[], None]) -> None:
        self._messages: deque[Message] = deque()
        self._size = 0
        self._changed = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._read(receive, notice_end))

    async def next(self) -> Message:
        """The next message; after the last one it is not to be called."""
        while not self._messages:
            await self._change()
        message = self._messages.popleft()
        self._size -= _size(message)
        self._changed.set()
        return message

    def stop(self) -> None:
        """Nothing is wanted any more."""
        self._task.cancel()

    async def _read(self, receive: Callable[[], Awaitable[Message]], notice_end: Callable[[], None]) -> None:
        is_last = False
        while not is_last:
            try:
                message = await receive()
            except Exception as error:  # a server may raise rather than say that the client has gone
                logger.debug("Receiving from a client failed: %r", error)
                message = {"type": "websocket.disconnect"}
            is_last = message["type"] != "websocket.receive"
            self._messages.append(message)
            self._size += _size(message)
            self._changed.set()
            while not is_last and (len(self._messages) >= MAX_WAITING or self._size > MAX_WAITING_BYTES):
                await self._change()
        notice_end()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _size(message: Message) -> int:
    return len(message.get("text") or message.get("bytes") or "")
