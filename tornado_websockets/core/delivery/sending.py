"""What sending returns: work that has begun, and may be awaited."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from typing import Any

from ...exceptions import PublishError


class Started(Coroutine[Any, Any, None]):
    """Work that is already running. Awaiting it only waits for the outcome.

    It is a coroutine, so that ``asyncio.create_task`` takes it.
    """

    __slots__ = ("_steps",)

    _steps: Generator[Any, Any, None]

    @abstractmethod
    def __await__(self) -> Generator[Any, Any, None]: ...

    def send(self, value: Any) -> Any:
        return self._begin().send(value)

    def throw(self, *error: Any) -> Any:
        return self._begin().throw(*error)

    def close(self) -> None:
        self._begin().close()

    def _begin(self) -> Generator[Any, Any, None]:
        if not hasattr(self, "_steps"):
            self._steps = self.__await__()
        return self._steps


class Sending(Started):
    """A message on its way to clients of this process. Awaiting it is optional, and gives a slow client time.

    :param wait: awaits that it is out, called with ``arguments``.
    """

    __slots__ = ("_arguments", "_wait")

    def __init__(self, wait: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
        self._wait = wait
        self._arguments = arguments

    def __await__(self) -> Generator[Any, Any, None]:
        yield from self._wait(*self._arguments).__await__()


class Publication(Started):
    """A message on its way to the other processes. Awaiting it raises ``PublishError`` when it did not get there.

    :param outcome: is done when it has got there, or failed.
    :param is_silent: raise nothing: what fails is logged.
    """

    __slots__ = ("_is_silent", "_outcome")

    def __init__(self, outcome: "Future[Any] | None" = None, *, is_silent: bool = False) -> None:
        self._outcome = outcome
        self._is_silent = is_silent

    def __await__(self) -> Generator[Any, Any, None]:
        if self._outcome is None:
            return
        try:
            yield from asyncio.wrap_future(self._outcome).__await__()
        except PublishError:
            if not self._is_silent:
                raise
