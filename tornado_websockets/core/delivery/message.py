"""One message to the clients of a topic, and which of them hear it."""

from dataclasses import dataclass

from .member import Member

_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Audience:
    """Which connections of a topic hear a message. A message without one is for all of them.

    :ivar only: ids of the connections that hear it; ``None`` for all.
    :ivar exclude: ids of those that do not.
    """

    only: frozenset[str] | None = None
    exclude: frozenset[str] = _NOBODY

    def of(self, members: list[Member]) -> list[Member]:
        """Those of ``members`` that hear it."""
        only, exclude = self.only, self.exclude
        return [member for member in members if member.id not in exclude and (only is None or member.id in only)]


@dataclass(slots=True)  # not frozen, by which making one would take three times as long; nobody changes it
class Message:
    """What is sent to the clients of a topic, on this process and the others.

    :ivar topic: whom it concerns; every concrete path is one.
    :ivar event: its name.
    :ivar text: the frame, as it is sent.
    :ivar key: a client that still waits for an earlier message of the same key gets only this one.
    :ivar audience: ``None`` for everybody.
    """

    topic: str
    event: str
    text: str
    key: str | None = None
    audience: Audience | None = None
