"""Starting over in a forked process: the threads, tasks and clients that it sees are its parent's."""

import os
import threading
import weakref
from collections.abc import Callable
from types import MethodType
from typing import Any, Final

Forget = Callable[[], Any]

# What is called, in the order of registration, and whose method it is: called without, once that has gone.
_forgets: list[tuple[weakref.ref[Any] | None, Callable[..., Any]]] = []

#: How many of them there are when those of objects that have gone are taken out for the first time.
_FEW: Final = 64


class _Cleaning:
    """When that is done next: where there are twice as many as were left, so that many are not looked at often."""

    due = _FEW


def after_fork(forget: Forget) -> None:
    """Call ``forget`` in each process that is forked from this one.

    :param forget: a bound method does not keep its object alive.
    """
    if len(_forgets) >= _Cleaning.due:
        _forgets[:] = [(owner, function) for owner, function in _forgets if owner is None or owner() is not None]
        _Cleaning.due = max(_FEW, 2 * len(_forgets))
    if isinstance(forget, MethodType):
        _forgets.append((weakref.ref(forget.__self__), forget.__func__))
    else:
        _forgets.append((None, forget))


class ForkGuard:
    """Calls ``forget`` once in each process that is forked from this one, at the latest when it is next checked.

    uWSGI forks without the hooks of Python, unless it is told to use them (``py-call-osafterfork``).

    :param forget: makes what it belongs to start anew.

    :ivar pid: of the process that it has seen last: what stands in the way of every message compares that itself.
    """

    def __init__(self, forget: Forget) -> None:
        self._forget = forget
        self.pid = os.getpid()
        self._lock = threading.Lock()  # held for as long as it takes to start anew, and never in the first process
        after_fork(self.check)

    def check(self) -> None:
        """Start anew if this is another process than it was; costs less than 0.1 µs where it is not."""
        if self.pid != os.getpid():
            with self._lock:
                if self.pid != os.getpid():
                    self._forget()
                    self.pid = os.getpid()


def _forget_all() -> None:
    for owner, function in _forgets:
        if owner is None:
            function()
        elif (thing := owner()) is not None:
            function(thing)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_all)
