"""What delivery needs of whoever numbers the events of some topics, and keeps them for those who were away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .message import Message


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands on its topic.

    :ivar sender: who has numbered it.
    :ivar number: that it was given, from 1 on.
    :ivar audience: whom it is for, as :meth:`Audience.to_text` writes it; empty for everybody.
    """

    sender: str
    number: int
    audience: str = ""


@dataclass(slots=True)
class PlacedMessage(Message):
    """A message with its place. Its text says nothing of that: who delivers it writes it in."""

    place: Place | None = None


class Keeper(Protocol):
    """Numbers and keeps events."""

    def finds_losses(self, topic: str) -> bool:
        """Whether what is missing of ``topic`` is found, made good, or else counted, by the places of its events."""

    def listens_on(self, topic: str) -> bool:
        """Whether what others send to ``topic`` is wanted although its last client here has left."""

    async def look(self) -> None:
        """Look for what was lost while others were not heard."""

    def take(self, messages: Sequence[Message]) -> None:
        """Deliver, in their places, messages of one topic that have come from another process, in the order they came.

        On the event loop. There is at least one.
        """
