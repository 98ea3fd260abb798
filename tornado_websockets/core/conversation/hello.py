"""The hellos of one client, which are answered one after the other, whatever else goes on."""

import asyncio
from typing import Any, Final, Protocol

from ..delivery.shard import Shard
from ..logger import log_error
from ..protocol.frames import Code, Frame, Refusal
from ..protocol.offers import Offer
from ..recovery.welcome import Hello, read_hello, welcome
from ..tasks import keep

#: Seconds from one hello of a client to the next that a store is asked about which must be waited for.
INTERVAL: Final = 1.0


class Greeted(Protocol):
    """The client that says hello."""

    id: str
    path: str
    offer: Offer
    shard: Shard
    endpoint: Any

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent to it any more."""

    def answer(self, text: str) -> None:
        """Send a text in answer, unless the client has gone."""

    def reply(self, frame: Frame, result: Any) -> None:
        """Answer a frame that has an ``id``."""


class Hellos:
    """Answers them.

    :param client: who says them.
    :ivar is_first: whether none was said yet. The first one is free, later ones count as messages.
    """

    __slots__ = ("_client", "_next", "_task", "is_first")

    def __init__(self, client: Greeted) -> None:
        self._client = client
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0
        self.is_first = True

    async def idle(self) -> None:
        """Return when none is at work."""
        while self._task is not None:
            await asyncio.wait([self._task])

    def end(self) -> None:
        """Answer none any more: the client has gone, and others wait for their turns."""
        if self._task is not None:
            self._task.cancel()

    def take(self, frame: Frame) -> Refusal | None:
        """Begin to answer a hello, while none is at work. On the loop of the client."""
        self.is_first = False
        try:
            hello = read_hello(frame.data)
        except ValueError as error:
            return Refusal(Code.INVALID_DATA, f"{frame.event}: {error}", frame.id)
        if self._client.endpoint.kept_hub is None:
            self._answer([welcome(self._client.id)], frame)
        elif not self._client.closed:  # it may have left since it said so
            self._task = keep(asyncio.get_running_loop().create_task(self._welcome(hello, frame)))
            self._task.add_done_callback(self._end)
        return None

    async def _welcome(self, hello: Hello, frame: Frame) -> None:
        client = self._client
        if client.endpoint.waits_for_store:
            await self._pause()
        turn = client.shard.greetings.wait
        self._answer(await client.endpoint.kept_hub.welcome(client, client.path, hello, turn), frame)

    async def _pause(self) -> None:
        now = asyncio.get_running_loop().time()
        pause, self._next = self._next - now, max(now, self._next) + INTERVAL
        if pause > 0:
            await asyncio.sleep(pause)

    def _answer(self, texts: list[str], frame: Frame) -> None:
        for text in texts:
            self._client.answer(text)
        self._client.reply(frame, None)

    def _end(self, task: "asyncio.Task[None]") -> None:
        self._task = None
        error = None if task.cancelled() else task.exception()
        if error is not None:
            client = self._client
            where = client.path, client.id
            log_error(client.offer, error, "A hello was not answered (path %.64r, connection %s)", *where)
