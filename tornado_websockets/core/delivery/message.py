"""One message to the clients of a topic."""

from dataclasses import dataclass

from .audience import Audience


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
