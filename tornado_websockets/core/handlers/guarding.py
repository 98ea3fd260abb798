"""What is asked before a handler runs: how often its client may call it, whether it may at all, whether the data fit.

A handler that has none of this is called as it is; it does not pass here.
"""

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, fields
from functools import partial
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol, cast
from weakref import WeakKeyDictionary

from ...exceptions import NotCallableError, Refused
from ..protocol.frames import Code, Frame
from ..protocol.limits import Rate
from .calling import Caller, current
from .dispatch import Rules
from .signatures import PARTS, Call, Callback, Handler, Run, Source, call_in_thread, read, values_of

#: What a handler may take, by name: made anew for each call.
Values = dict[str, Any]

#: What leads to a call, where something is awaited first.
Steps = Callable[[Run], Awaitable[Any]]

_RATE = re.compile(r"([1-9][0-9]{0,8})/([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_UNITS: Final = {"s": "second", "m": "minute", "h": "hour"}


class Shape(Protocol):
    """What data are to be, as far as a call needs to know."""

    def validate(self, data: Any) -> Any:
        """What a handler gets for ``data`` that have come. Raises :class:`Refused` where they do not fit."""

    def dump(self, value: Any) -> Any:
        """What is sent for a value that a handler has returned."""


class Types(NamedTuple):
    """What a handler says of its data and of its reply, or of each part of that, where it says something."""

    data: Shape | None = None
    reply: Shape | None = None


def may_block(shape: Shape | None) -> bool:
    """Whether it must be asked in a worker thread, since it may query a database."""
    return bool(getattr(shape, "may_block", False))


class Bound:
    """How often each client may ask for something.

    :param text: ``"10/s"``, ``"5/m"`` or ``"100/h"``; so many may come at a time.
    :raises TypeError: it is no ``str``.
    :raises ValueError: it is none of those.
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"Expected a rate such as '10/s', '5/m' or '100/h', got {text!r}.")
        found = _RATE.fullmatch(text)
        if found is None:
            raise ValueError(f"Expected a rate such as '10/s', '5/m' or '100/h', got {text!r}.")
        self._count, self._unit = int(found[1]), found[2]
        self._rates: WeakKeyDictionary[Caller, Rate] = WeakKeyDictionary()

    def take(self, caller: Caller) -> None:
        """Count one more of ``caller``. Raises :class:`Refused` where that is too many."""
        now = monotonic()
        rate = self._rates.get(caller)
        if rate is None:
            rate = self._rates[caller] = Rate(self._count / _SECONDS[self._unit], now, self._count)
        if not rate.take(now):
            raise Refused(Code.RATE_LIMITED, f"This may be asked for {self._count} times a {_UNITS[self._unit]}.")


@dataclass(frozen=True, slots=True)
class Typed(Handler):
    """A handler whose data are validated, and nothing else; its calls cost as little as they can.

    :ivar types: what it says of its data.
    :ivar validate: theirs, found once.
    """

    types: Types
    validate: Callable[[Any], Any]

    def begin(self, source: Source, frame: Frame) -> Awaitable[Any]:
        """See :class:`Handler`. Raises :class:`Refused` where the data do not fit."""
        return Handler.begin(self, source, frame._replace(data=self.validate(frame.data)))


@dataclass(frozen=True, slots=True)
class Guarded(Handler):
    """A handler that not everything gets to.

    :ivar allow: is asked whether it may run.
    :ivar asks_first: whether :attr:`allow` is asked before the data are looked at, since it takes none.
    :ivar waits: whether something is awaited before it is called.
    :ivar run_aside: runs what may block and is no handler, so that no slow handler keeps it waiting.
    :ivar run_look: the same for looks at the data, of which there are fewer at a time.
    """

    rules: Rules
    types: Types
    bound: Bound | None
    allow: Handler | None
    asks_first: bool
    waits: bool
    run_aside: Run
    run_look: Run

    def begin(self, source: Source, frame: Frame) -> Awaitable[Any]:
        """See :class:`Handler`. May raise :class:`Refused`."""
        return self.start(self.bind(values_of(source, frame)), source.run)

    def bind(self, values: Values) -> Call:
        """The callback with what it takes of ``values``, or the steps that lead to it. May raise :class:`Refused`."""
        caller = current.get()
        if self.bound is not None and caller is not None:
            self.bound.take(caller)
        if self.rules.prefix:
            values["event"] = values["event"].removeprefix(self.rules.prefix)
        if self.waits:
            return partial(self._take_steps, values)
        if self.types.data is not None:
            values["data"] = self.types.data.validate(values["data"])
        return Handler.bind(self, values)

    def start(self, call: Call, run: Run) -> Awaitable[Any]:
        """Begin what :meth:`bind` has made; awaiting the result gives what there is to reply."""
        result = cast("Steps", call)(run) if self.waits else Handler.start(self, call, run)
        if self.types.reply is None:
            return result
        return _dump(self.types.reply, result, _threads_for(self.run_aside, else_=run))

    @property
    def dump_may_block(self) -> bool:
        """See :class:`Handler`."""
        return may_block(self.types.reply)

    def dump(self, value: Any) -> Any:
        """What is sent for ``value``, a part of its answer."""
        return value if self.types.reply is None else self.types.reply.dump(value)

    async def _take_steps(self, values: Values, run: Run) -> Any:
        aside = _threads_for(self.run_aside, else_=run)
        if self.asks_first:
            await self._ask(values, aside)
        if self.types.data is not None:
            look = _threads_for(self.run_look, else_=run)
            values["data"] = await _look(self.types.data, self.types.data.validate, values["data"], look)
        if not self.asks_first:
            await self._ask(values, aside)
        return await Handler.start(self, Handler.bind(self, values), run)

    async def _ask(self, values: Values, run: Run) -> None:
        if self.allow is not None and not await self.allow.start(self.allow.bind(values), run):
            raise Refused(Code.FORBIDDEN, "This is not allowed.")


def _threads_for(own: Run, *, else_: Run) -> Run:
    """``own``, unless the caller brings a thread of its own, as a test does."""
    caller = current.get()
    return own if caller is not None and caller.leases_threads else else_


async def _dump(shape: Shape, result: Awaitable[Any], run: Run) -> Any:
    value = await result
    return value if isinstance(value, PARTS) else await _look(shape, shape.dump, value, run)


async def _look(shape: Shape, look: Callable[[Any], Any], value: Any, run: Run) -> Any:
    """Let a shape validate or dump, where it may."""
    return await run(partial(call_in_thread, partial(look, value))) if may_block(shape) else look(value)


def guard(
    handler: Handler,
    rules: Rules,
    *,
    names: Collection[str],
    read_types: Callable[[Callback], Types],
    run_aside: Run,
    run_look: Run,
) -> Handler:
    """``handler`` with all that is asked before it runs, or as it is where that is nothing.

    :param names: what a handler, and so ``rules.allow``, may take as arguments.
    :param read_types: finds out what a function says of its data and its reply.
    :param run_aside: see :class:`Guarded`; likewise ``run_look``.
    :raises NotCallableError, TypeError, ValueError: something of ``rules``, or a type, cannot be used.
    """
    if rules.allow is not None and not callable(rules.allow):
        raise NotCallableError(rules.allow, "allow")
    allow = None if rules.allow is None else read(rules.allow, names)
    bound = None if rules.rate is None else Bound(rules.rate)
    types = read_types(handler.callback)
    if types.data is None and allow is not None:
        types = types._replace(data=read_types(allow.callback).data)
    needs_event = handler.takes("event") or (allow is not None and allow.takes("event"))
    if not needs_event:
        rules = rules._replace(prefix="")
    if types == Types() and rules == Rules():
        return handler
    parts: dict[str, Any] = {field.name: getattr(handler, field.name) for field in fields(Handler)}
    if types.data is not None and types.reply is None and rules == Rules() and not may_block(types.data):
        return Typed(**parts, types=types, validate=types.data.validate)
    return Guarded(
        **parts,
        rules=rules,
        types=types,
        bound=bound,
        allow=allow,
        asks_first=allow is not None and not allow.takes("data"),
        waits=allow is not None or may_block(types.data),
        run_aside=run_aside,
        run_look=run_look,
    )
