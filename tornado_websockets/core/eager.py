"""Starting a coroutine in the caller's turn of the event loop, without a task unless it must wait."""

from collections.abc import Awaitable, Generator, Iterator
from typing import Any


def start(awaitable: Awaitable[Any]) -> "Rest | None":
    """Run ``awaitable`` until it first waits for something; ``None`` when it did not have to.

    Until it waits, ``asyncio.current_task()`` is the caller's task. Where the rest is awaited in another one, it must
    not have entered ``asyncio.timeout()`` before: so whoever starts an application's coroutine is to await it as well.

    :returns: what is left of it, to be awaited.
    """
    steps = awaitable.__await__()
    if not hasattr(steps, "throw"):  # a plain iterator, as granian's are
        steps = _delegate(steps)
    try:
        waits_for = next(steps)
    except StopIteration:
        return None
    return Rest(steps, waits_for)


def _delegate(steps: Iterator[Any]) -> Generator[Any, Any, None]:
    yield from steps


class Rest:
    """A coroutine that was started, to be awaited to its end."""

    __slots__ = ("_steps", "_waits_for")

    def __init__(self, steps: Generator[Any, Any, None], waits_for: Any) -> None:
        self._steps = steps
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        steps, waits_for = self._steps, self._waits_for
        try:
            while True:
                try:
                    value = yield waits_for
                except GeneratorExit:
                    raise
                except BaseException as error:
                    waits_for = steps.throw(error)
                else:
                    waits_for = steps.send(value)
        except StopIteration:
            return
        finally:
            steps.close()
