"""Whose messages go out next: senders take turns, so that nobody waits behind another's flood."""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Final

from ..protocol.closing import Close
from .audience import Audience
from .member import Member
from .message import Message

#: What one delivery may carry to each client before the next one has its turn, and what a sender may send to clients
#: before another sender has its turn.
HEAVY: Final = 64

#: Characters below which a text counts for one message.
LIGHT: Final = 4096

#: Senders without anything waiting that are remembered, for what they had lately.
_MAX_IDLE: Final = 1_000


class Delivery:
    """Texts, or an order to close, on their way to some connections.

    :param targets: the connections, or the topic whose connections are meant: those there are when its turn comes.
    :param key: of a text that makes an earlier one of the same key pointless.
    :ivar reach: how many connections get it, as far as is known.
    :ivar number: its place among all that were submitted.
    """

    __slots__ = ("audience", "done", "items", "number", "reach", "size", "targets", "weight")

    def __init__(
        self,
        item: str | Close,
        targets: str | list[Member],
        key: str | None = None,
        audience: Audience | None = None,
    ) -> None:
        self.items = [(item, key)]
        self.targets = targets
        self.audience = audience
        self.weight = weight_of(item)
        self.size = len(item)
        self.reach = 1 if isinstance(targets, str) else len(targets)
        self.number = 0
        self.done = 0

    @classmethod
    def of(cls, message: Message) -> "Delivery":
        """The delivery of a message to those who hear its topic."""
        return cls(message.text, message.topic, message.key, message.audience)

    @property
    def cost(self) -> int:
        """What the next turn of it takes, in the unit of :func:`weight_of`."""
        return min(HEAVY, self.weight * (self.reach - self.done))

    def absorb(self, later: "Delivery") -> bool:
        """Take on what ``later`` carries, if it goes the same way: a server flushes once for each client then."""
        if isinstance(self.targets, str):
            is_same_way = (self.targets, self.audience) == (later.targets, later.audience)
        else:
            is_same_way = self.targets is later.targets and not self.done
        if not is_same_way or self.weight >= HEAVY:
            return False
        self.items += later.items
        self.weight += later.weight
        self.size += later.size
        return True


def weight_of(item: str | Close) -> int:
    """How much of a turn it takes to send ``item`` to one client, in messages of up to 4 KiB."""
    return 1 + len(item) // LIGHT


class _Sum:
    """Texts, what they weigh, and their bytes."""

    __slots__ = ("count", "size", "weight")

    def __init__(self) -> None:
        self.count = self.weight = self.size = 0

    def add(self, delivery: Delivery) -> None:
        self.count += len(delivery.items)
        self.weight += delivery.weight
        self.size += delivery.size


class Backlog:
    """What one sender has waiting.

    :ivar here: what was added on the event loop's thread, and by ``others`` what by other threads; ``done`` is what has
        had its turn.
    """

    __slots__ = ("done", "here", "on_progress", "others", "tag", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Delivery] = deque()
        self.here, self.others, self.done = _Sum(), _Sum(), _Sum()  # each is written by one thread at a time
        self.tag = 0  # of its next turn, see Scheduler
        self.on_progress: list[Callable[[], None]] = []

    @property
    def load(self) -> int:
        """Weight of the deliveries that wait, each counted once, however many clients get it."""
        return self.here.weight + self.others.weight - self.done.weight

    @property
    def size(self) -> int:
        """Bytes of their texts, likewise."""
        return self.here.size + self.others.size - self.done.size

    @property
    def added(self) -> int:
        """Texts that were ever added; :attr:`finished` of them have had their turn."""
        return self.here.count + self.others.count

    @property
    def finished(self) -> int:
        """See :attr:`added`."""
        return self.done.count

    def tell(self) -> None:
        """Tell those who wait that something has had its turn."""
        if self.on_progress:
            waiters, self.on_progress = self.on_progress, []
            for tell in waiters:
                tell()


class Scheduler:
    """The deliveries of many senders: each sender's in order, and the sender that will have had least goes first.

    This is fair queuing by virtual time. A sender's tag shows what it has had; a turn moves it on by what the turn
    costs, and the sender whose tag will be the lowest then has its turn. A sender that had nothing waiting begins at
    the tag of those who are served. So who sends little goes before those who flood, however many they are, and a
    flood gets what the others leave.

    Deliveries are added by any thread, and taken by the thread of the event loop, which never waits for a lock: whoever
    has one may wait for the interpreter itself, behind all threads that are busy.

    :ivar has_waiting: whether anything waits, or may have come just now. It is a plain value, since it is looked at
        before each text is sent.
    """

    def __init__(self) -> None:
        self._backlogs: dict[Hashable, Backlog] = {}
        self._heap: list[tuple[int, int, Backlog]] = []
        self._turns = count()  # where tags are equal, first come is first served
        self._numbers = count(1)  # of deliveries
        self._clock = 0  # the highest tag of a sender that was served
        self._serving: Backlog | None = None
        self._arrivals: deque[tuple[Backlog, Delivery]] = deque()  # of other threads, until the loop takes them in
        self._lock = threading.Lock()  # of these
        self._here = self._others = self._done = 0  # weight of all, as of a backlog's
        self.has_waiting = False

    @property
    def load(self) -> int:
        """Weight of the deliveries of all that wait."""
        return self._here + self._others - self._done

    def number(self) -> int:
        """One that is above those of all deliveries which the caller has added so far. From any thread."""
        return next(self._numbers)

    def oldest(self) -> float:
        """The number of the oldest delivery that waits; infinity when none does."""
        self._take_in()
        backlogs = [backlog for _, _, backlog in self._heap]
        if self._serving is not None:
            backlogs.append(self._serving)
        return min((backlog.waiting[0].number for backlog in backlogs), default=inf)

    def add(self, sender: Hashable, delivery: Delivery) -> Backlog:
        """Let ``delivery`` wait behind those of the same sender, on the loop; returns all that it has waiting."""
        delivery.number = next(self._numbers)  # before those of other threads are taken in, which may have later ones
        self._take_in()
        backlog = self._backlogs.get(sender)
        if backlog is None:
            self._forget_idle()
            backlog = self._backlogs.setdefault(sender, Backlog())
        backlog.here.add(delivery)
        self._here += delivery.weight
        self._append(backlog, delivery)
        self.has_waiting = True
        return backlog

    def hand_in(self, sender: Hashable, delivery: Delivery) -> Backlog:
        """:meth:`add` from another thread than the loop's."""
        with self._lock:
            backlog = self._backlogs.get(sender) or self._backlogs.setdefault(sender, Backlog())
            delivery.number = next(self._numbers)
            backlog.others.add(delivery)
            self._others += delivery.weight
            self._arrivals.append((backlog, delivery))
            self.has_waiting = True
        return backlog

    def backlog_of(self, sender: Hashable) -> Backlog | None:
        """What ``sender`` has waiting, if anything. From any thread."""
        backlog = self._backlogs.get(sender)
        return backlog if backlog is not None and backlog.added > backlog.finished else None

    def first(self) -> Backlog | None:
        """The backlog whose turn it is, until :meth:`charge` is called; ``None`` where nothing waits, or not yet."""
        self._take_in()
        if not self._heap:
            self._rest()
            return None
        self._forget_idle()
        backlog = heappop(self._heap)[2]
        self._serving = backlog
        self._clock = max(self._clock, backlog.tag)
        delivery = backlog.waiting[0]
        while len(backlog.waiting) > 1 and delivery.absorb(backlog.waiting[1]):
            del backlog.waiting[1]
        return backlog

    def charge(self, backlog: Backlog, cost: int, is_done: bool) -> None:
        """End the turn of :meth:`first`.

        :param cost: in the unit of :func:`weight_of`.
        :param is_done: whether its first delivery has reached everyone.
        """
        self._serving = None
        backlog.tag += cost
        if is_done:
            self._finish(backlog)
        if backlog.waiting:
            self._line_up(backlog)
        elif not self._heap:
            self._rest()
        if is_done:
            backlog.tell()

    def take_all(self, backlog: Backlog) -> list[Delivery]:
        """All that ``backlog`` has waiting, which is regarded as finished."""
        self._take_in()
        taken = list(backlog.waiting)
        while backlog.waiting:
            self._finish(backlog)
        self._heap = [entry for entry in self._heap if entry[2] is not backlog]
        heapify(self._heap)
        if not self._heap and self._serving is None:
            self._rest()
        backlog.tell()
        return taken

    def _take_in(self) -> None:
        """Let what other threads have handed in wait with the rest."""
        while self._arrivals:
            self._append(*self._arrivals.popleft())

    def _append(self, backlog: Backlog, delivery: Delivery) -> None:
        backlog.waiting.append(delivery)
        if len(backlog.waiting) == 1:
            backlog.tag = max(backlog.tag, self._clock)
            self._line_up(backlog)

    def _rest(self) -> None:
        """Forget what anybody has had, as nothing waits; unless a thread is just handing in more."""
        if self._lock.acquire(blocking=False):
            if not self._arrivals:
                self._backlogs.clear()
                self._clock = 0
                self.has_waiting = False
            self._lock.release()

    def _line_up(self, backlog: Backlog) -> None:
        heappush(self._heap, (backlog.tag + backlog.waiting[0].cost, next(self._turns), backlog))

    def _finish(self, backlog: Backlog) -> None:
        delivery = backlog.waiting.popleft()
        backlog.done.add(delivery)
        self._done += delivery.weight

    def _forget_idle(self) -> None:
        """Forget those who have nothing waiting, once they are many; while no other thread adds some."""
        if len(self._backlogs) > 2 * len(self._heap) + _MAX_IDLE and self._lock.acquire(blocking=False):
            busy = {sender: backlog for sender, backlog in self._backlogs.items() if backlog.added > backlog.finished}
            self._backlogs = busy
            self._lock.release()
