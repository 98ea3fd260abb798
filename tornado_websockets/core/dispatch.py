"""Events -> callbacks: which function answers an event, with which arguments, and where it runs."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from asgiref.sync import iscoroutinefunction

from ..exceptions import NotCallableError, WebSocketEventAlreadyBinded

Callback = Callable[..., Any]
Run = Callable[[Callable[[], Any]], Awaitable[Any]]

#: Events that only a connection itself sets off.
RESERVED = frozenset({"open", "close"})

_STARS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Handler:
    """A callback and the names of the values it takes; its signature was read when it was registered.

    ``takes_rest`` is for ``**kwargs``, which get all but ``self``.
    """

    callback: Callback
    positional: tuple[str, ...]
    keywords: tuple[str, ...]
    runs_on_loop: bool
    takes_rest: bool

    def __call__(self, values: Mapping[str, Any], run: Run) -> Awaitable[Any]:
        """Call back with what it takes of ``values``; awaiting the result gives what it, or its awaitable, returns.

        :param run: runs a function that may block, away from the event loop.
        """
        args = [*map(values.__getitem__, self.positional)]  # hardly ever any
        kwargs = {name: values[name] for name in self.keywords}
        if self.takes_rest:
            taken = {"self", *self.positional}
            kwargs.update((name, value) for name, value in values.items() if name not in taken)
        if self.runs_on_loop:
            awaitable: Awaitable[Any] = self.callback(*args, **kwargs)
            return awaitable
        return self._run(run, args, kwargs)

    async def _run(self, run: Run, args: list[Any], kwargs: dict[str, Any]) -> Any:
        result = await run(lambda: call_in_thread(self.callback, *args, **kwargs))
        return await result if inspect.isawaitable(result) else result


class Dispatcher:
    """The handlers of one WebSocket.

    :param path: for error messages.
    :param names: what a handler may take as arguments.
    """

    def __init__(self, path: str, names: Collection[str]) -> None:
        self._path = path
        self._names = frozenset(names)
        self._handlers: dict[str, Handler] = {}
        self._callbacks: dict[str, Callback] = {}
        self._moments: dict[str, list[str]] = {moment: [moment] for moment in RESERVED}
        self._reserved = set(RESERVED)

    @property
    def callbacks(self) -> Mapping[str, Callback]:
        """Name of event -> registered function, read only."""
        return MappingProxyType(self._callbacks)

    def register(self, callback: Callback, event: str | None = None, *, at: str | None = None) -> None:
        """Let ``callback`` answer ``event``, by default the event of its own ``__name__``.

        :param at: ``"open"`` or ``"close"``: have it called then, and by no client.
        :raises NotCallableError: ``callback`` cannot be called.
        :raises WebSocketEventAlreadyBinded: the event has a handler.
        :raises TypeError: it has no name, or a required parameter that nothing can fill.
        """
        if not callable(callback):
            raise NotCallableError(callback)
        event = event or getattr(callback, "__name__", None)
        if not isinstance(event, str):
            raise TypeError(f"{callback!r} has no __name__ to serve as the name of an event; register a function.")
        if event in self._handlers:
            raise WebSocketEventAlreadyBinded(event, self._path)
        self._handlers[event] = _read(callback, self._names)
        self._callbacks[event] = callback
        if at is not None:
            self._moments[at].append(event)
            self._reserved.add(event)

    def find(self, event: str) -> Handler | None:
        """The handler of ``event``."""
        return self._handlers.get(event)

    def is_reserved(self, event: str) -> bool:
        """Whether only a connection itself sets off ``event``."""
        return event in self._reserved

    def handlers_at(self, moment: str) -> list[tuple[str, Handler]]:
        """What is called when a client has connected (``"open"``) or gone (``"close"``), in order."""
        return [(event, self._handlers[event]) for event in self._moments[moment] if event in self._handlers]


def call_in_thread(callback: Callback, *args: Any, **kwargs: Any) -> Any:
    """Call, for somebody who awaits the result elsewhere."""
    try:
        return callback(*args, **kwargs)
    except StopIteration as error:  # no future can carry it: whoever awaits would wait for ever
        raise RuntimeError(f"{callback!r} raised StopIteration") from error


def _read(callback: Callback, names: Collection[str]) -> Handler:
    if inspect.isgeneratorfunction(callback) or inspect.isasyncgenfunction(callback):
        raise TypeError(f"{callback!r} is a generator function, which nothing would run; make it an async def.")
    every = _parameters(callback)
    parameters = [parameter for parameter in every if parameter.kind not in _STARS]
    for parameter in parameters:
        if parameter.name not in names and parameter.default is parameter.empty:
            raise TypeError(
                f"Nothing can fill the parameter {parameter.name!r} of {callback!r}; "
                f"a handler may take {', '.join(sorted(names))}, and parameters that have a default."
            )
    positional = takewhile(lambda p: p.kind is p.POSITIONAL_ONLY and p.name in names, parameters)
    return Handler(
        callback,
        positional=tuple(p.name for p in positional),
        keywords=tuple(p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY and p.name in names),
        runs_on_loop=runs_on_loop(callback),
        takes_rest=any(p.kind is p.VAR_KEYWORD for p in every),
    )


def _parameters(callback: Callback) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(callback).parameters.values())
    except ValueError as error:
        raise TypeError(f"The signature of {callback!r} cannot be read; wrap it in a function.") from error


def runs_on_loop(callback: Callback) -> bool:
    """Whether calling it gives an awaitable at once: ``async def``, or a Tornado coroutine (known by its mark)."""
    while isinstance(callback, partial):
        callback = callback.func
    call = getattr(callback, "__call__", callback)  # noqa: B004 an object with an async __call__
    return (
        iscoroutinefunction(callback)
        or iscoroutinefunction(call)
        or getattr(callback, "__tornado_coroutine__", False) is True
    )
