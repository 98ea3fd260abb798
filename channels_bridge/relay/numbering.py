"""The numbers that a sender gives its messages, for each topic, and what a receiver finds missing by them."""

import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .messages import Batch

#: What the entry of a topic or a sender costs besides its name: 250 to 350 bytes on CPython.
_ENTRY = 350


@dataclass(frozen=True, slots=True)
class NumberingBounds:
    """What senders and receivers remember, and which numbers they believe.

    :ivar remembered_bytes: that a sender keeps of the topics that have no clients in its process: a view or a task may
        publish to any number of them. The ones that have clients are as many as these.
    :ivar heard_bytes: that a receiver keeps of all the senders it has heard, and ``senders`` that it keeps for one
        topic.
    :ivar repeated: texts that may come once more. A layer that repeats itself does so with what it gave last, of 200
        texts at most.
    :ivar lost: texts of which it can be believed that they were lost in a row, and are counted.
    """

    remembered_bytes: int = 1024 * 1024
    heard_bytes: int = 8 * 1024 * 1024
    senders: int = 1_000
    repeated: int = 1_000
    lost: int = 1_000_000


def _cost(name: str) -> int:
    return sys.getsizeof(name) + _ENTRY


class Numbering:
    """Numbers a sender's messages, for each topic from 1.

    A topic is forgotten with its last client here; of those without any, the ones that were silent longest are. Sent
    to again, it starts over in an epoch that is higher than any before, and part of the sender's name for this topic:
    receivers then take nothing for a repetition, and count what is missing from 1.

    :param is_here: whether a topic has clients in this process.
    """

    def __init__(self, is_here: Callable[[str], bool], bounds: NumberingBounds = NumberingBounds()) -> None:
        self._is_here = is_here
        self._bounds = bounds
        self._epochs = 0
        self._here: dict[str, tuple[int, int, float]] = {}  # epoch, last number, and when the epoch began
        self._elsewhere: OrderedDict[str, tuple[int, int, float]] = OrderedDict()  # the same, last used last
        self._bytes = 0  # of the second

    def take(self, topic: str, count: int) -> tuple[int, int]:
        """Number ``count`` messages for ``topic``; the epoch, and the number of the first of them."""
        counted = self._pop(topic)
        if counted is None:
            counted = self._epochs, 0, time.time()
            self._epochs += 1
        epoch, last, began = counted
        if self._is_here(topic):
            self._here[topic] = epoch, last + count, began
        else:
            self._elsewhere[topic] = epoch, last + count, began
            self._bytes += _cost(topic)
            while self._bytes > self._bounds.remembered_bytes:
                self.forget(next(iter(self._elsewhere)))
        return epoch, last + 1

    def forget(self, topic: str) -> None:
        """Forget ``topic``, to which nobody here is connected and for which nothing waits."""
        self._pop(topic)

    def began(self, topic: str) -> float | None:
        """When the first message of the current epoch was numbered, in seconds since 1970."""
        counted = self._here.get(topic) or self._elsewhere.get(topic)
        return None if counted is None else counted[2]

    def _pop(self, topic: str) -> tuple[int, int, float] | None:
        if topic in self._elsewhere:
            self._bytes -= _cost(topic)
            return self._elsewhere.pop(topic)
        return self._here.pop(topic, None)


class Tally:
    """Finds out, by the numbers, what a receiver missed.

    Whoever can write to the layer can claim to be any sender, and any number. Therefore a number that cannot follow
    the ones before, by far, is where counting starts over: it hides no text of the real sender, and counts nothing.

    What a sender sent first may be missing too. Whether it was sent before anybody listened here, or was lost, is told
    by when the sender began to count; where the clocks of two hosts differ, that is wrong for a sender that began in
    the moment of joining.
    """

    def __init__(self, bounds: NumberingBounds = NumberingBounds()) -> None:
        self._bounds = bounds
        self._listening: dict[str, float] = {}  # topics, and since when nothing of them was missed
        self._heard: OrderedDict[str, OrderedDict[str, dict[int, int]]] = OrderedDict()
        self._bytes = 0

    def check(self, batch: Batch) -> tuple[int | None, list[str]]:
        """Count ``batch``; how many texts were lost before it, and those of its texts that are new.

        The first is ``None`` where the numbers have nothing to do with those before.
        """
        name, epoch = _split(batch.sender)
        epochs = self._epochs(batch.path, name)
        last = epochs.pop(epoch, None)
        if last is None:
            is_next = epoch > max(epochs) if epochs else self._was_listening(batch)
            last = 0 if is_next else batch.first - 1
        end = batch.first + len(batch.texts) - 1
        gap = batch.first - 1 - last
        is_credible = -self._bounds.repeated <= gap <= self._bounds.lost
        epochs[epoch] = max(last, end) if is_credible else end
        if len(epochs) > 2:  # what was sent last in the one before may come twice
            del epochs[next(iter(epochs))]
        return (max(0, gap), batch.texts[max(0, -gap) :]) if is_credible else (None, batch.texts)

    def listen(self, topic: str) -> None:
        """``topic`` was joined: what is sent from now on should arrive. Pairs with :meth:`forget`."""
        self._listening[topic] = time.time()

    def forget(self, topic: str) -> None:
        """Forget the senders of ``topic``, of which nothing is received any more."""
        self._listening.pop(topic, None)
        self._drop(topic)

    def _was_listening(self, batch: Batch) -> bool:
        """Whether all that this sender has numbered should have arrived."""
        since = self._listening.get(batch.path)
        return since is not None and batch.began is not None and batch.began >= since

    def _drop(self, topic: str) -> None:
        senders = self._heard.pop(topic, None)
        if senders is not None:
            self._bytes -= _cost(topic) + sum(map(_cost, senders))

    def _epochs(self, topic: str, name: str) -> dict[int, int]:
        """The last numbers of a sender for a topic by epoch, two at most, that of the newest batch last."""
        senders = self._heard.get(topic)
        if senders is None:
            senders = self._heard[topic] = OrderedDict()
            self._bytes += _cost(topic)
        if name not in senders:
            senders[name] = {}
            self._bytes += _cost(name)
        self._heard.move_to_end(topic)
        senders.move_to_end(name)
        while self._bytes > self._bounds.heard_bytes or len(senders) > self._bounds.senders:
            self._drop_oldest(senders)
        return senders[name]

    def _drop_oldest(self, senders: OrderedDict[str, dict[int, int]]) -> None:
        """Forget a sender of the topic that grows; where it has only one, the topic that was silent longest."""
        if len(senders) > 1:
            name, _ = senders.popitem(last=False)
            self._bytes -= _cost(name)
            topic = next(reversed(self._heard))  # whose they are
        else:
            topic = next(iter(self._heard))
            self._drop(topic)
        if topic in self._listening:  # who was forgotten shall not seem to have lost all that was heard of it
            self.listen(topic)


def _split(sender: str) -> tuple[str, int]:
    """The name and the epoch of a sender; whoever says no epoch has one."""
    name, _, epoch = sender.rpartition(".")
    return (name, int(epoch)) if name and epoch.isascii() and epoch.isdecimal() else (sender, 0)
