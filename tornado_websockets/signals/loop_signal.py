"""A signal whose receivers are called on the event loop, and awaited by nobody."""

from typing import Any

from asgiref.sync import iscoroutinefunction
from django.dispatch import Signal


class LoopSignal(Signal):
    """A Django signal for plain functions: Django would have to block the event loop to await an async one."""

    def connect(self, receiver: Any, *arguments: Any, **options: Any) -> None:
        """See :class:`django.dispatch.Signal`.

        :raises TypeError: ``receiver`` is a coroutine function.
        """
        if iscoroutinefunction(receiver):
            raise TypeError(
                f"Expected a plain function as receiver, got {receiver!r}, for which the event loop would have to "
                "wait. A plain one can start a task."
            )
        super().connect(receiver, *arguments, **options)
