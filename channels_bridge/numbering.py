"""The numbers that a sender gives its texts, for each path, and what a receiver finds missing by them."""

import sys
from collections import OrderedDict
from collections.abc import Callable

from .messages import Batch

#: Bytes that a sender keeps of the paths that have no clients in its process: a view or a task may publish to any
#: number of them. The ones that have clients are as many as these.
MAX_REMEMBERED = 1024 * 1024

#: Bytes that a receiver keeps of all the senders it has heard, and senders that it keeps for one path.
MAX_HEARD = 8 * 1024 * 1024
MAX_SENDERS = 1_000

#: What the entry of a path or a sender costs besides its name: 250 to 350 bytes on CPython.
_ENTRY = 350

#: Texts that may come once more. A layer that repeats itself does so with what it gave last, of 200 texts at most.
MAX_REPEATED = 1_000

#: Texts of which it can be believed that they were lost in a row, and are counted.
MAX_LOST = 1_000_000


def _cost(name: str) -> int:
    return sys.getsizeof(name) + _ENTRY


class Numbering:
    """Numbers a sender's texts, for each path from 1.

    A path is forgotten with its last client here; of those without any, the ones that were silent longest are. Sent to
    again, it starts over in an epoch that is higher than any before, and part of the sender's name for this path:
    receivers then take nothing for a repetition, and count what is missing from 1.

    :param is_here: whether a path has clients in this process.
    """

    def __init__(self, is_here: Callable[[str], bool]) -> None:
        self._is_here = is_here
        self._epochs = 0
        self._here: dict[str, tuple[int, int]] = {}  # epoch and last number
        self._elsewhere: OrderedDict[str, tuple[int, int]] = OrderedDict()  # the same, last used last
        self._bytes = 0  # of the second

    def take(self, path: str, count: int) -> tuple[int, int]:
        """The epoch, and the number of the first of ``count`` texts for ``path``."""
        counted = self._pop(path)
        if counted is None:
            counted = self._epochs, 0
            self._epochs += 1
        epoch, last = counted
        if self._is_here(path):
            self._here[path] = epoch, last + count
        else:
            self._elsewhere[path] = epoch, last + count
            self._bytes += _cost(path)
            while self._bytes > MAX_REMEMBERED:
                self.forget(next(iter(self._elsewhere)))
        return epoch, last + 1

    def forget(self, path: str) -> None:
        """Nobody here is connected to ``path``, and nothing waits to be sent there."""
        self._pop(path)

    def _pop(self, path: str) -> tuple[int, int] | None:
        if path in self._elsewhere:
            self._bytes -= _cost(path)
            return self._elsewhere.pop(path)
        return self._here.pop(path, None)


class Tally:
    """Finds out, by the numbers, what a receiver missed.

    Whoever can write to the layer can claim to be any sender, and any number. Therefore a number that cannot follow
    the ones before, by far, is where counting starts over: it hides no text of the real sender, and counts nothing.
    """

    def __init__(self) -> None:
        self._heard: OrderedDict[str, OrderedDict[str, dict[int, int]]] = OrderedDict()
        self._bytes = 0

    def check(self, batch: Batch) -> tuple[int | None, list[str]]:
        """How many texts were lost before ``batch``, and those of its texts that are new.

        The first is ``None`` where the numbers have nothing to do with those before.
        """
        name, epoch = _split(batch.sender)
        epochs = self._epochs(batch.path, name)
        last = epochs.pop(epoch, None)
        if last is None:
            is_next = bool(epochs) and epoch > max(epochs)
            last = 0 if is_next else batch.first - 1
        end = batch.first + len(batch.texts) - 1
        gap = batch.first - 1 - last
        is_credible = -MAX_REPEATED <= gap <= MAX_LOST
        epochs[epoch] = max(last, end) if is_credible else end
        if len(epochs) > 2:  # what was sent last in the one before may come twice
            del epochs[next(iter(epochs))]
        return (max(0, gap), batch.texts[max(0, -gap) :]) if is_credible else (None, batch.texts)

    def forget(self, path: str) -> None:
        """What is sent to ``path`` is no longer received."""
        senders = self._heard.pop(path, None)
        if senders is not None:
            self._bytes -= _cost(path) + sum(map(_cost, senders))

    def _epochs(self, path: str, name: str) -> dict[int, int]:
        """The last numbers of a sender for a path by epoch, two at most, that of the newest batch last."""
        senders = self._heard.get(path)
        if senders is None:
            senders = self._heard[path] = OrderedDict()
            self._bytes += _cost(path)
        if name not in senders:
            senders[name] = {}
            self._bytes += _cost(name)
        self._heard.move_to_end(path)
        senders.move_to_end(name)
        while self._bytes > MAX_HEARD or len(senders) > MAX_SENDERS:
            self._drop_oldest(senders)
        return senders[name]

    def _drop_oldest(self, senders: OrderedDict[str, dict[int, int]]) -> None:
        """Forget a sender of the path that grows; where it has only one, the path that was silent longest."""
        if len(senders) > 1:
            name, _ = senders.popitem(last=False)
            self._bytes -= _cost(name)
        else:
            self.forget(next(iter(self._heard)))


def _split(sender: str) -> tuple[str, int]:
    """The name and the epoch of a sender; whoever says no epoch has one."""
    name, _, epoch = sender.rpartition(".")
    return (name, int(epoch)) if name and epoch.isascii() and epoch.isdecimal() else (sender, 0)
