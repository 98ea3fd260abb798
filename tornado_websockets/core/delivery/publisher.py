"""What whatever carries messages to other processes has to offer."""

import asyncio
from concurrent.futures import Future
from typing import Protocol

from ..control import Note
from .message import Message


class Publisher(Protocol):
    """Takes messages to the clients of other processes, and brings in theirs."""

    @property
    def is_listening(self) -> bool:
        """Whether it brings in what others publish; where it does not, leaving a topic waits for nobody."""

    async def join(self, topic: str) -> None:
        """A client of ``topic`` is connecting here: bring in what others publish there."""

    async def leave(self, topic: str) -> None:
        """The last client of ``topic`` here has gone."""

    def stretch(self, topic: str) -> int | None:
        """The number of the time without a break since when all is brought in that others publish there.

        From any thread.

        Numbers are never given again; 0 means that nothing is brought in at the moment. ``None`` where there are no
        other processes that could publish.
        """

    def publish(self, message: Message | Note, outcome: "Future[None] | None" = None) -> None:
        """Send to the others, in order. Never raises and never blocks; what fails is counted and logged.

        :param outcome: is given word of how it went: ``PublishError`` where it failed.
        """

    def begin_test(self) -> None:
        """Send nothing to other processes: what is tested shall not be heard where users are. For several at a time."""

    def end_test(self) -> None:
        """Go on as before, when all have ended."""

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that it sends from; ``None`` where it sends nothing."""

    def is_congested(self, topic: str) -> bool:
        """Whether much waits to be sent to ``topic``, and will be: who can wait, should. Costs next to nothing."""

    async def room(self, topic: str) -> None:
        """Return when that is no longer so, on any event loop; after some seconds in any case."""
