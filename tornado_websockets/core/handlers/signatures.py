"""What a handler takes as arguments, read off its signature, and where it runs."""

import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from types import AsyncGeneratorType, GeneratorType, MethodType
from typing import Any, Protocol

from asgiref.sync import iscoroutinefunction

from ..logger import logger
from ..protocol.frames import Frame

Callback = Callable[..., Any]

Call = Callable[[], Any]


Run = Callable[[Call], Awaitable[Any]]

#: What answers in parts.
Parts = Generator[Any, Any, Any] | AsyncGenerator[Any, Any]

#: Its classes.
PARTS = (GeneratorType, AsyncGeneratorType)

#: What a handler may take besides the parameters of the path.
HANDLER_ARGUMENTS = frozenset({"self", "socket", "data", "event"})

#: What ``**kwargs`` do not get, which had their name before there were these.
_ONLY_BY_NAME = frozenset({"self", "event"})

_STARS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Source(Protocol):
    """The client whose event is handled, as far as its handler is called with something of it.

    :ivar run: runs what may block, away from the event loop.
    :ivar kwargs: the parameters of its path.
    """

    endpoint: Any
    socket: Any
    kwargs: Mapping[str, Any]
    run: Run


def values_of(source: Source, frame: Frame) -> dict[str, Any]:
    """All that a handler may take, by name: made anew for each call."""
    own = {"self": source.endpoint.context, "socket": source.socket, "data": frame.data, "event": frame.event}
    return own | dict(source.kwargs)


class MissingSelf:
    """Says in the log, once for each handler, that there is nobody for its ``self``.

    A method of a class body, whose ``context`` is set later, is fine; if that is forgotten, it gets ``None``.
    """

    __slots__ = ("_callback", "_is_told")

    def __init__(self, callback: Callback) -> None:
        self._callback = callback
        self._is_told = False

    def tell(self) -> None:
        """Log it, the first time."""
        if self._is_told:
            return
        self._is_told = True
        logger.warning(
            "The handler %r takes self, which is the context of its WebSocket, and that is not set: set it "
            "(ws.context = ...), or register a bound method",
            self._callback,
        )


@dataclass(frozen=True, slots=True)
class Handler:
    """A callback and the names of the values it takes; its signature was read when it was registered.

    ``takes_rest`` is for ``**kwargs``, which get all but ``self`` and ``event``; ``answers_in_parts`` for generators,
    whose call runs nothing yet; ``missing_self`` for those that need a ``self``.
    """

    callback: Callback
    positional: tuple[str, ...]
    keywords: tuple[str, ...]
    runs_on_loop: bool
    takes_rest: bool
    answers_in_parts: bool
    missing_self: MissingSelf | None

    def begin(self, source: Source, frame: Frame) -> Awaitable[Any]:
        """Begin to run it for an event; awaiting the result gives what it, or its awaitable, returns."""
        if self.positional or self.takes_rest:  # hardly ever
            return self.start(self.bind(values_of(source, frame)), source.run)
        kwargs: dict[str, Any] = {}
        for name in self.keywords:
            if name == "data":
                kwargs[name] = frame.data
            elif name == "socket":
                kwargs[name] = source.socket
            elif name == "self":
                context = kwargs[name] = source.endpoint.context
                if context is None and self.missing_self is not None:
                    self.missing_self.tell()
            else:
                kwargs[name] = frame.event if name == "event" else source.kwargs[name]
        if self.runs_on_loop:
            return self.callback(**kwargs)  # type: ignore[no-any-return]
        return self.start(partial(self.callback, **kwargs), source.run)

    def bind(self, values: dict[str, Any]) -> Call:
        """The callback with what it takes of ``values``."""
        if self.missing_self is not None and values["self"] is None:
            self.missing_self.tell()
        args = [*map(values.__getitem__, self.positional)]  # hardly ever any
        kwargs = {name: values[name] for name in self.keywords}
        if self.takes_rest:
            taken = {*_ONLY_BY_NAME, *self.positional}
            kwargs.update((name, value) for name, value in values.items() if name not in taken)
        return partial(self.callback, *args, **kwargs)

    def takes(self, name: str) -> bool:
        """Whether it is called with the value of that name."""
        is_rest = self.takes_rest and name not in _ONLY_BY_NAME
        return is_rest or name in self.positional or name in self.keywords

    def start(self, call: Call, run: Run) -> Awaitable[Any]:
        """Begin what :meth:`bind` has made; awaiting the result gives what it, or its awaitable, returns.

        :param run: runs a function that may block, away from the event loop.
        """
        if self.runs_on_loop:
            return call()  # type: ignore[no-any-return]
        return _make(call) if self.answers_in_parts else _call_elsewhere(call, run)

    @property
    def dump_may_block(self) -> bool:
        """Whether :meth:`dump` must be called in a worker thread."""
        return False

    def dump(self, value: Any) -> Any:
        """What is sent for ``value``, a part of its answer."""
        return value


async def _make(call: Call) -> Any:
    return call()


async def _call_elsewhere(call: Call, run: Run) -> Any:
    result = await run(partial(call_in_thread, call))
    return await result if inspect.isawaitable(result) else result


def call_in_thread(call: Call) -> Any:
    """Call, for somebody who awaits the result elsewhere."""
    try:
        return call()
    except StopIteration as error:  # no future can carry it: whoever awaits would wait for ever
        function = call.func if isinstance(call, partial) else call  # what else is in it, a client has sent
        raise RuntimeError(f"{function!r} raised StopIteration") from error


def read(callback: Callback, names: Collection[str], *, may_answer_in_parts: bool = False) -> Handler:
    """The handler that ``callback`` is; errors as :meth:`Dispatcher.register`.

    :param names: of what it may take.
    :param may_answer_in_parts: whether it may be a generator function.
    """
    if isinstance(callback, type):
        raise TypeError(f"Expected a function or method as a handler, got the class {callback!r}, which would be made.")
    makes_generator = is_generator_function(callback)
    if makes_generator and not may_answer_in_parts:
        raise TypeError(f"{callback!r} is a generator function, and nobody is answered in parts here; return instead.")
    _, every = signature_of(callback)
    parameters = [parameter for parameter in every if parameter.kind not in _STARS]
    for parameter in parameters:
        if parameter.name not in names and parameter.default is parameter.empty:
            raise TypeError(
                f"Nothing can fill the parameter {parameter.name!r} of {callback!r}; "
                f"a handler may take {', '.join(sorted(names))}, and parameters that have a default."
            )
    takes_self = any(parameter.name == "self" and parameter.default is parameter.empty for parameter in parameters)
    positional = takewhile(lambda p: p.kind is p.POSITIONAL_ONLY and p.name in names, parameters)
    return Handler(
        callback,
        positional=tuple(p.name for p in positional),
        keywords=tuple(p.name for p in parameters if p.kind is not p.POSITIONAL_ONLY and p.name in names),
        runs_on_loop=runs_on_loop(callback),
        takes_rest=any(p.kind is p.VAR_KEYWORD for p in every),
        answers_in_parts=makes_generator,
        missing_self=MissingSelf(callback) if takes_self else None,
    )


def is_generator_function(callback: Callback) -> bool:
    """Whether calling it makes a generator or an async one: functions, methods, partials, objects with a ``__call__``.

    A generator that ``types.coroutine`` has made awaitable is a coroutine.
    """
    while isinstance(callback, partial):
        callback = callback.func
    return any(
        inspect.isasyncgenfunction(each) or (inspect.isgeneratorfunction(each) and not _is_awaitable(each))
        for each in (callback, getattr(callback, "__call__", None))  # noqa: B004 an object's
    )


def _is_awaitable(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)


def signature_of(callback: Callback) -> tuple[Callback, list[inspect.Parameter]]:
    """The parameters of ``callback``, and the function whose they are.

    They are its own; where it only hands on what it gets, as many decorators do, those of what it wraps.
    """
    call = getattr(callback, "__call__", None)  # noqa: B004 an object's may be decorated
    owner, shown, wrapped = callback, callback, None
    if isinstance(callback, MethodType):  # what the function of a method wraps would take its self as one of ours
        owner, stand_in = _stand_in(callback.__func__)
        shown = MethodType(stand_in, callback.__self__)
    elif isinstance(callback, partial):
        owner, stand_in = _stand_in(callback.func)
        shown = partial(stand_in, *callback.args, **callback.keywords)
    elif isinstance(call, MethodType) and not hasattr(callback, "__signature__"):
        return signature_of(call)
    else:
        wrapped = getattr(callback, "__wrapped__", None)
    try:
        parameters = list(_signature(shown).parameters.values())
    except ValueError as error:
        if wrapped is not None:
            return signature_of(wrapped)
        raise TypeError(f"The signature of {callback!r} cannot be read; wrap it in a function.") from error
    if wrapped is not None and parameters and all(parameter.kind in _STARS for parameter in parameters):
        return signature_of(wrapped)
    return owner, parameters


def _signature(callback: Callback) -> inspect.Signature:
    if sys.version_info >= (3, 14):  # which evaluates annotations when they are asked for: most do not matter
        from annotationlib import Format

        return inspect.signature(callback, follow_wrapped=False, annotation_format=Format.FORWARDREF)
    return inspect.signature(callback, follow_wrapped=False)


def _stand_in(callback: Callback) -> tuple[Callback, Callback]:
    """Whose the parameters of ``callback`` are, and a function that shows them, to be made a method or a partial."""

    def stand_in() -> None:
        """Never called."""

    owner, parameters = signature_of(callback)
    stand_in.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return owner, stand_in


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
