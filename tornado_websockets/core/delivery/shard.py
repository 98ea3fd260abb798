"""One event loop's connections by topic, and in which order it sends to them.

It is long because order, fairness and back-pressure of all that is sent meet here.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Any, Final

from ..protocol.closing import Close
from .audience import Audience, Directory
from .member import Member
from .scheduler import HEAVY, Backlog, Delivery, Scheduler, weight_of
from .turnstile import Door, Turnstile

#: Members of a topic above which those that an audience names are looked up, where a few are asked one after the other.
MANY: Final = 64


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is sent and handled before others have their turn; messages are counted in pieces of up to 4 KiB.

    :ivar budget: messages sent per iteration of the event loop, each to one client: 512 take 5 to 7 ms of a core on
        uvicorn, daphne and Tornado.
    :ivar seconds: that sending may take in one go, however few messages that are: where worker threads are busy, each
        line of Python on the loop may have to wait for them.
    :ivar crowded: messages sent in an iteration while clients wait to be let in, and in the next one behind which some
        have come: uvloop accepts one connection in each, so that these are to be short.
    :ivar handled: messages of all clients that may be handled in one iteration, and ``handling`` seconds that they may
        take, before those that have more wait for another: 32 take about 1 ms of a core on uvicorn and 3 ms on daphne
        where handlers do little.
    :ivar ahead: messages, and ``bytes_ahead`` of them, that one client's messages may have put in line before its next
        one waits until they are out. What is in line for the same clients is sent together, which costs daphne a sixth.
    :ivar waiting: messages that one sender may have in line before a worker thread that sends more has to wait; where
        all have so many, ``ahead`` of its own: the more threads are busy, the longer the loop waits for each line.
    :ivar waiting_bytes: of one sender's messages. A handler on the event loop cannot be made to wait: what it sends
        above this is passed on at once, to be bounded by the outbox of each client.
    :ivar blocked: seconds after which a worker thread is let go on even so.
    """

    budget: int = 512
    seconds: float = 0.01
    crowded: int = 64
    handled: int = 32
    handling: float = 0.003
    ahead: int = 32
    bytes_ahead: int = 64 * 1024
    waiting: int = 1_000
    waiting_bytes: int = 8 * 1024 * 1024
    blocked: float = 10.0


class Shard:
    """The connections of one event loop, by topic.

    Everything sent to them, from whichever thread, goes through :meth:`submit`, which keeps the order in which each
    sender called it. On the loop's own thread, with nothing waiting, it is sent within the call; else senders take
    turns. A sender is the connection whose handler sends; for what comes from elsewhere it is the topic.

    :ivar topics: the members of each topic that has some.
    :ivar thread: the identity of the loop's own.
    :ivar waiting: what waits for its turn.
    :ivar budget: messages that may still be sent in this turn of the loop. Above ``reserve`` of them, what is below
        :data:`~.scheduler.LIGHT` and finds nothing waiting may go to its client directly, as :meth:`send` would do it,
        if it is counted here: so a reply passes neither the shard nor the scheduler.
    :ivar door: where those wait who connect at the same moment as many others.
    :ivar turnstile: where clients wait that have sent more than was handled by now.
    :ivar greetings: where those wait who have said hello: many may come back at once; nobody else waits behind them.
    :ivar endings: are awaited when its loop is about to stop.
    :ivar arriving: who was counted in and does not take part yet: whether they may is being decided.
    :ivar bulky: where large messages wait to be decoded, one in each iteration of the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, pace: Pace = Pace()) -> None:
        self.loop = loop
        self.pace = pace
        self.topics: dict[str, dict[Member, None]] = {}
        self.door = Door(loop)
        self.turnstile = Turnstile(loop)
        self.greetings = Turnstile(loop)
        self.bulky = Turnstile(loop, most=1)
        self.arriving: set[Member] = set()
        self.endings: set[Callable[[], Coroutine[Any, Any, None]]] = set()
        self._directories: dict[str, Directory] = {}  # of topics with many members, from when one is needed
        self.thread = threading.get_ident()
        self.waiting = Scheduler()
        self.budget = pace.budget
        self.reserve = pace.budget // 2
        self._closing: deque[tuple[int, Member, Close]] = deque()
        self._rosters: dict[str, list[Member]] = {}  # of topics that were asked for theirs since they changed
        self._ordered: dict[Any, str] = {}  # members that send, and are sent to, in the order of their topic
        self._is_serving = False
        self._handled = 0
        self._came = 0  # how many had come to the door when this was looked at last
        self._began = 0.0
        self._is_woken = False
        self._leaving = 0

    @property
    def is_here(self) -> bool:
        """Whether the caller is on this loop's thread."""
        return threading.get_ident() == self.thread

    def subscribe(self, member: Member, topic: str, *, is_ordered: bool = False) -> None:
        """Let ``member`` hear what is sent to ``topic``.

        :param is_ordered: whether all that it is sent, or sends, keeps the one order of the topic: what is numbered
            there must arrive by its numbers, whoever has sent it.
        """
        self.topics.setdefault(topic, {})[member] = None
        self._rosters.pop(topic, None)
        if is_ordered:
            self._ordered[member] = topic
        if topic in self._directories:
            self._directories[topic].add(member)

    def unsubscribe(self, member: Member, topic: str) -> None:
        """Let it hear that no more."""
        members = self.topics.get(topic, {})
        members.pop(member, None)
        self._rosters.pop(topic, None)
        self._ordered.pop(member, None)
        if topic in self._directories:
            self._directories[topic].discard(member)
        if not members:
            self.topics.pop(topic, None)
            self._directories.pop(topic, None)

    def move(self, member: Member, topic: str) -> None:
        """``member`` has another user. From any thread."""
        if self.is_here:
            if topic in self._directories and member in self.topics[topic]:
                self._directories[topic].add(member)
        else:
            self.loop.call_soon_threadsafe(self.move, member, topic)

    def members_of(self, topic: str, audience: Audience | None = None) -> list[Member]:
        """The members of ``topic`` now, or those of them in ``audience``. On the loop."""
        members = self.topics.get(topic, {})
        if audience is None:
            return list(members)
        if not audience.is_narrow or len(members) <= MANY:
            return audience.of(members)
        directory = self._directories.get(topic)
        if directory is None:
            directory = self._directories[topic] = Directory(members)
        return directory.find(audience)

    def begin_departure(self) -> None:
        """Count a connection that has left its topics, and still has work: its ``close`` handler, and what that sends.

        Pairs with :meth:`end_departure`.
        """
        self._leaving += 1

    def end_departure(self) -> None:
        """It has no work left."""
        self._leaving -= 1

    @property
    def is_empty(self) -> bool:
        """Whether all connections have gone, and have nothing left to do; and none is on its way in."""
        return not self.topics and not self._leaving and not self.arriving

    @property
    def is_closing(self) -> bool:
        """Whether orders to close wait for what was submitted before."""
        return bool(self._closing)

    def submit(self, delivery: Delivery, sender: Hashable) -> None:
        """Deliver after all that ``sender`` has submitted before.

        A worker thread that is faster than the loop waits here. Raises ``RuntimeError`` when the loop is closed.
        """
        pace = self.pace
        if not self.is_here:
            self._hold_up(self._enqueue(delivery, sender))
        elif self.waiting.has_waiting or self.budget <= 0 or not self._advance(delivery, self.budget):
            backlog = self._enqueue(delivery, sender)
            if backlog.size > pace.waiting_bytes:
                self._flush(backlog)
        elif self.budget < self.reserve:
            self._wake()

    def place(self, delivery: Delivery, sender: Hashable) -> Backlog:
        """Put ``delivery`` in line as :meth:`submit` does, but deliver nothing and wait for nobody; errors as there.

        Whoever calls it under a lock calls :meth:`push_on` with what is returned when it has let go of that.
        """
        return self._enqueue(delivery, sender)

    def push_on(self, backlog: Backlog) -> None:
        """Do what :meth:`place` has left out: deliver what this turn of the loop allows, or make a thread wait."""
        if not self.is_here:
            self._hold_up(backlog)
        elif not self._is_serving:
            self._serve()
            if backlog.size > self.pace.waiting_bytes:
                self._flush(backlog)

    def roster_of(self, topic: str) -> list[Member]:
        """Who hears ``topic`` now; from any thread. On the loop's own it is the same list until that changes."""
        members = self.topics.get(topic)
        if members is None:
            return []
        if not self.is_here:
            return list(members)
        roster = self._rosters.get(topic)
        if roster is None:
            roster = self._rosters[topic] = list(members)
        return roster

    def send(self, member: Member, text: str, sender: Hashable) -> bool:
        """:meth:`submit` for a single member; whether it was sent within the call."""
        if self.waiting.has_waiting or self.budget <= 0 or not self.is_here:
            self.submit(Delivery(text, [member]), self._ordered.get(member, sender))
            return False
        self.budget -= weight_of(text)
        member.deliver(text)
        if self.budget < self.reserve:
            self._wake()
        return True

    def put(self, members: list[Member], text: str, sender: Hashable) -> None:
        """:meth:`submit` what may wait until :meth:`push`, or until anything else is sent. From any thread.

        :param members: what is put for the same list in a row is sent together.
        """
        self._add(Delivery(text, members), sender)

    def push(self) -> None:
        """Deliver what waits: now what this turn of the loop allows, and then the rest. On the loop."""
        if self.waiting.has_waiting and not self._is_serving:
            self._serve()
            self._close()  # orders that came behind it
            if self.waiting.has_waiting:
                self._wake()

    def has_waiting(self, sender: Hashable) -> bool:
        """Whether something that ``sender`` has submitted waits for its turn."""
        return self.waiting.has_waiting and self._backlog_of(sender) is not None

    def has_much_waiting(self, sender: Hashable) -> bool:
        """Whether ``sender`` has to wait before it causes more; some is let pass, to be sent together."""
        if not self.waiting.has_waiting:
            return False
        backlog = self._backlog_of(sender)
        return backlog is not None and (backlog.load > self.pace.ahead or backlog.size > self.pace.bytes_ahead)

    async def settle(self, sender: Hashable) -> None:
        """Return when everything that ``sender`` has submitted so far has had its turn."""
        backlog = self._backlog_of(sender)
        if backlog is not None:
            await _progress_of(backlog, backlog.added)

    async def settle_here(self, sender: Hashable) -> None:
        """:meth:`settle`, for whoever may be on another loop, which has nothing to wait with."""
        if self.is_here:
            await self.settle(sender)

    def count_handled(self, now: float) -> bool:
        """Count a message that was handled; whether who has more to be handled should let others go first.

        :param now: seconds, of a clock that never goes back.
        """
        if not self._handled:
            self._began = now
            self._wake()
        self._handled += 1
        return self._handled >= self.pace.handled or now > self._began + self.pace.handling

    def count_large(self) -> bool:
        """Count something large that has come; whether so much has in this turn that it should wait for another."""
        return self.turnstile.has_waiting or self.count_handled(monotonic())

    def close(self, member: Member, close: Close) -> None:
        """Deliver an order to close after all that was submitted so far, by whomever. From any thread."""
        self._closing.append((self.waiting.number(), member, close))
        if self.is_here:
            self._close()
        else:
            self._wake()

    def close_all(self, code: int, reason: str = "") -> None:
        """Close every connection in order.

        :param code: for the clients, one of RFC 6455 such as 1001, "going away".
        """
        for member in self.members():
            member.end(Close(code, reason))

    def cancel_handlers(self) -> None:
        """Cancel every handler that is running, ``close`` handlers excepted."""
        for member in self.members():
            member.cancel_handler()

    def refuse_arriving(self, close: Close) -> None:
        """Let nobody in who is on the way; who is accepted even so is closed."""
        for member in list(self.arriving):
            member.end(close)
            member.cancel_handler()

    def wait_for(self, condition: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Block a worker thread, for a limited time, until ``condition`` returns on the loop.

        Does nothing where an event loop would be blocked.
        """
        if is_loop_running():
            return
        future = asyncio.run_coroutine_threadsafe(condition(), self.loop)
        try:
            future.result(self.pace.blocked)
        except (TimeoutError, CancelledError):  # it takes too long, or the loop ends
            future.cancel()

    def members(self) -> list[Member]:
        """Everybody who hears anything, once."""
        return list({member: None for members in self.topics.values() for member in members})

    def _enqueue(self, delivery: Delivery, sender: Hashable) -> Backlog:
        is_for_few = delivery.audience is not None and delivery.audience.is_narrow
        if isinstance(delivery.targets, str) and not is_for_few:
            delivery.reach = len(self.topics.get(delivery.targets, ()))
        backlog = self._add(delivery, sender)
        self._wake()
        return backlog

    def _add(self, delivery: Delivery, sender: Hashable) -> Backlog:
        add = self.waiting.add if self.is_here else self.waiting.hand_in
        return add(self._ordered.get(sender, sender), delivery)

    def _backlog_of(self, sender: Hashable) -> Backlog | None:
        return self.waiting.backlog_of(self._ordered.get(sender, sender))

    def _hold_up(self, backlog: Backlog) -> None:
        """Make a worker thread wait that is faster than the loop."""
        pace = self.pace
        most = pace.waiting if self.waiting.load <= pace.waiting else min(pace.ahead, pace.waiting)
        if backlog.load > most or backlog.size > pace.waiting_bytes:
            self.wait_for(partial(_progress_of, backlog, backlog.added))
        if backlog.size > pace.waiting_bytes and is_loop_running():  # another loop, which could not be made to wait
            self.loop.call_soon_threadsafe(self._flush, backlog)

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            (self.loop.call_soon if self.is_here else self.loop.call_soon_threadsafe)(self._pump)

    def _pump(self) -> None:
        self._is_woken = False  # before anything is taken, so that what a thread adds meanwhile wakes us again
        is_crowded = self.door.came != self._came or self.door.has_waiting
        self._came = self.door.came
        self.budget, self._handled = self.pace.crowded if is_crowded else self.pace.budget, 0
        self._serve()
        self._close()

    def _serve(self) -> None:
        """Deliver what waits, as much as is left of the budget."""
        self._is_serving = True
        end = monotonic() + self.pace.seconds
        try:
            while self.waiting.has_waiting and self.budget > 0:
                backlog = self.waiting.first()
                if backlog is None:
                    if self.waiting.has_waiting:  # a thread is handing in what will
                        self._wake()
                    break
                before = self.budget
                is_done = True  # also where a target raises: then it is not tried again
                try:
                    is_done = self._advance(backlog.waiting[0], min(self.budget, HEAVY))
                finally:
                    self.waiting.charge(backlog, before - self.budget, is_done)
                    if self.waiting.has_waiting:
                        self._wake()
                if monotonic() > end:
                    break
        finally:
            self._is_serving = False

    def _close(self) -> None:
        """Deliver the orders to close before which nothing waits any more."""
        if self._closing:
            oldest = self.waiting.oldest()
            while self._closing and self._closing[0][0] < oldest:
                _, member, close = self._closing.popleft()
                member.deliver(close)

    def _flush(self, backlog: Backlog) -> None:
        """Deliver all of it, however much that is for one iteration of the event loop."""
        before = self.budget
        for delivery in self.waiting.take_all(backlog):
            while not self._advance(delivery, self.pace.budget):
                pass
        backlog.tag += before - self.budget

    def _advance(self, delivery: Delivery, budget: int) -> bool:
        """Deliver to as many targets as ``budget`` allows, but to one at least; whether that was all."""
        if isinstance(delivery.targets, str):
            delivery.targets = self.members_of(delivery.targets, delivery.audience)
            delivery.reach = len(delivery.targets)
        start = delivery.done
        delivery.done += max(1, budget // delivery.weight)
        targets = delivery.targets[start : delivery.done]
        self.budget -= delivery.weight * len(targets)
        if len(delivery.items) == 1:  # most often, and a loop for each member takes a tenth of all that is done for it
            [(item, key)] = delivery.items
            for member in targets:
                member.deliver(item, key)
        else:
            for member in targets:
                for item, key in delivery.items:
                    member.deliver(item, key)
        return delivery.done >= len(delivery.targets)


async def _progress_of(backlog: Backlog, target: int) -> None:
    """Return when so many of its deliveries have had their turn."""
    while backlog.finished < target:
        progress = asyncio.Event()
        backlog.on_progress.append(progress.set)
        await progress.wait()


def is_loop_running() -> bool:
    """Whether blocking the calling thread would block an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
