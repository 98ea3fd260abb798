"""What recovery needs of a store. Projects may have one of their own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from .record import Entry, Event, Record, Retention

T = TypeVar("T")


class Store(Protocol):
    """Keeps the newest events of each topic, who has sent there, and its retained values, for several processes.

    A class of a project's own is named by ``TORNADO_WEBSOCKETS["STORE"]``, and called with a :class:`Retention`. Its
    methods are called from threads, several at a time, and may wait and raise as they like: calls that fail or hang
    cost recovery, and nothing else. Every change of a topic is whole or not at all, and is seen by all processes from
    when the call returns.

    A topic's record is made, with a new epoch, by the first call that wants it. It may be dropped as a whole, but not
    in part: whoever finds the old epoch shall find all that went with it. It lasts at
    least for :attr:`Retention.sender_seconds` after the last event, and the last question, of any process.

    :ivar waits: whether a call may take longer than it takes to switch threads. Those of a store that does not wait
        are made on the event loop, and where they raise, have changed nothing.
    """

    waits: bool

    def append(self, topic: str, sender: str, first: int, entries: Sequence[Entry], keep: int) -> None:
        """Keep what ``sender`` has sent under the numbers from ``first`` on.

        Numbers that are not above the sender's last are skipped: this is the second try of a call that seemed to fail.
        Without entries, all before ``first`` is sent, and cannot be kept any more.

        :param first: may leave out numbers: what had them cannot be kept any more.
        :param keep: events of the topic that are kept at most, of all senders together; 0 where only retained values
            matter.
        """

    def publish(self, topic: str, token: str, entries: Sequence[Entry], keep: int) -> tuple[str, int]:
        """Number and keep entries of a process that has no clients on ``topic``.

        :param token: of the call; one that comes again, within a minute, changes nothing and has the same answer.
        :returns: the shared sender of the topic, and the number of the first entry.
        """

    def read(self, topic: str, with_events: bool = True) -> Record:
        """What is known of ``topic``.

        :param with_events: whether its events are wanted.
        """

    def lasts(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """The position of each of ``topics`` that has a record, with one question for all of them."""

    def retained(self, topic: str) -> Mapping[str, Event]:
        """The newest retained value of each event, by its name."""

    def forget(self, topic: str, event: str | None = None) -> None:
        """Drop the retained value of ``event``, or else all events and values of ``topic``; numbers stay."""


class StoreFactory(Protocol):
    """What ``STORE`` names: a class, usually."""

    def __call__(self, retention: Retention) -> Store: ...


class Asked(Protocol):
    """A store that is asked with care: one that fails or hangs takes nobody along.

    :ivar retention: how long, and how much, it keeps.
    :ivar begin_anew: gives a topic another record, of which nobody knows a position and that has nothing but the
        retained values. ``None`` where other processes see what the store keeps.
    :ivar retain: keeps an event, whoever sent it, as the newest value of a topic under a name, and tells nobody how far
        its sender has come. ``None`` where other processes see what the store keeps: the sender has it kept there.
    """

    retention: Retention
    begin_anew: Callable[[str], None] | None
    retain: Callable[[str, str, Event], None] | None

    @property
    def store(self) -> Store:
        """Whose methods may be asked."""

    @property
    def is_closed(self) -> bool:
        """Whether it is told what it is to keep: it is not while it hangs."""

    async def ask(self, method: Callable[..., T], *arguments: object) -> T:
        """Call ``method`` of the store; raises ``StoreError`` for whatever goes wrong."""

    def ask_and_wait(self, method: Callable[..., T], *arguments: object) -> T:
        """:meth:`ask` for sync code."""
