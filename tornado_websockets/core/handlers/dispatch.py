"""Events -> callbacks: which function answers an event, with which arguments, and where it runs."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple

from ...exceptions import NotCallableError, WebSocketEventAlreadyBinded
from ..protocol.frames import CONTROL
from .events import RESERVED, Events
from .signatures import Callback, Handler, read

#: The event whose handler gets what has none.
ANY: Final = "*"


class Rules(NamedTuple):
    """What holds for a handler besides its signature.

    :ivar allow: is asked, with what a handler may take, whether it may run.
    :ivar rate: how often one client may call it, such as ``"10/s"``.
    :ivar prefix: of the event's name, which the handler does not get to see.
    """

    allow: Callback | None = None
    rate: str | None = None
    prefix: str = ""


#: Makes of a handler one that looks at its rules, and at its types, first.
Guard = Callable[[Handler, Rules], Handler]

NO_RULES: Final = Rules()


def _unguarded(handler: Handler, rules: Rules) -> Handler:  # noqa: ARG001 it has none
    return handler


class Dispatcher:
    """The handlers of one WebSocket.

    :param path: for error messages.
    :param names: what a handler may take as arguments.
    :param guard: sees to the rules and types of handlers.
    :param taken: names of events that no handler may have here.
    :ivar events: the registered functions by event.
    :ivar offered: the handlers that a client may call, by event.
    :ivar prefixes: with which the names of the events of modules begin.
    """

    def __init__(
        self, path: str, names: Collection[str], guard: Guard = _unguarded, taken: frozenset[str] = frozenset()
    ) -> None:
        self._path = path
        self._taken = taken
        self._guard = guard
        self.prefixes: set[str] = set()
        self._names = frozenset(names)
        self._handlers: dict[str, Handler] = {}
        self._rules: dict[str, Rules] = {}
        self.offered: dict[str, Handler] = {}
        self._moments: dict[str, list[str]] = {moment: [moment] for moment in RESERVED}
        self._reserved = set(RESERVED)
        self._defaults: set[str] = set()
        self.events = Events(self)

    def register(
        self,
        callback: Callback,
        event: str | None = None,
        *,
        at: str | None = None,
        is_default: bool = False,
        rules: Rules = NO_RULES,
    ) -> None:
        """Let ``callback`` answer ``event``, by default the event of its own ``__name__``.

        :param at: ``"open"`` or ``"close"``: have it called then, and by no client.
        :param is_default: let any other take its place.
        :raises NotCallableError: ``callback`` cannot be called.
        :raises WebSocketEventAlreadyBinded: the event has a handler.
        :raises TypeError: it has no name, or a required parameter that nothing can fill.
        """
        event = event or name_of(callback)
        if event in self._handlers and event not in self._defaults:
            if is_default:
                return
            raise WebSocketEventAlreadyBinded(event, self._path)
        self.replace(callback, event, rules)
        if is_default:
            self._defaults.add(event)
        if at is not None and event not in self._reserved:
            self._moments[at].append(event)
            self._reserved.add(event)
            self.offered.pop(event, None)

    def replace(self, callback: Callback, event: str, rules: Rules | None = None) -> None:
        """Let ``callback`` answer ``event``, and nothing else; errors as :meth:`register`.

        :param rules: by default those that the event has; only who forgets it first is rid of them.
        """
        if not callable(callback):
            raise NotCallableError(callback)
        if not isinstance(event, str) or not event:
            raise TypeError(f"Expected the name of an event as a str that is not empty, got {event!r}.")
        if rules is None and self.events.get(event) is callback:
            return
        if event in self._taken:
            raise ValueError(f"No handler of {self._path!r} may be named {event!r}: presence has that name.")
        if event.startswith(CONTROL):
            raise ValueError(f"The event {event!r} has a name of the protocol's own: those begin with {CONTROL!r}.")
        rules = rules or self._rules.get(event, NO_RULES)
        is_moment = event.removeprefix(rules.prefix) in RESERVED
        handler = self._guard(read(callback, self._names, may_answer_in_parts=not is_moment), rules)
        self._handlers[event], self._rules[event] = handler, rules
        if event not in self._reserved:
            self.offered[event] = handler
        self._defaults.discard(event)
        self.events.show(event, callback)

    def replace_all(self, events: Mapping[str, Callback]) -> None:
        """Let these answer, and no others; nothing changes where one of them cannot."""
        events = dict(events)
        trial = Dispatcher(self._path, self._names, self._guard, self._taken)
        trial._rules = dict(self._rules)
        trial.events.update({event: new for event, new in events.items() if self.events.get(event) is not new})
        for event in self.events.keys() - events.keys():
            self.forget(event)
        self.events.update(events)

    def forget(self, event: str) -> None:
        """Let nothing answer ``event``."""
        self._handlers.pop(event, None)
        self._rules.pop(event, None)
        self.offered.pop(event, None)
        self.events.show(event, None)

    def find(self, event: str) -> Handler | None:
        """The handler of ``event``."""
        return self._handlers.get(event)

    def find_other(self, event: str) -> Handler | None:
        """What gets ``event``, which has no handler of its own: the ``"*"`` of its module, or of the WebSocket."""
        prefix = self.prefix_of(event)
        if event.startswith(CONTROL) or event.removeprefix(prefix) in RESERVED:
            return None
        return self._handlers.get(prefix + ANY)

    def prefix_of(self, event: str) -> str:
        """With which names of a module's events begin, where ``event`` is one; else nothing."""
        return max(filter(event.startswith, self.prefixes), key=len, default="")

    def items(self) -> list[tuple[str, Handler]]:
        """Every event with its handler, in the order of their registration."""
        return list(self._handlers.items())

    def names_offered(self) -> list[str]:
        """The events that a client may send by name: no reserved ones, and no ``"*"``."""
        return [event for event in self.offered if event != self.prefix_of(event) + ANY]

    def is_reserved(self, event: str) -> bool:
        """Whether only a connection itself sets off ``event``."""
        return event in self._reserved

    def handlers_at(self, moment: str) -> list[tuple[str, Handler]]:
        """What is called when a client has connected (``"open"``) or gone (``"close"``), in order."""
        return [(event, self._handlers[event]) for event in self._moments[moment] if event in self._handlers]


def name_of(callback: Callback) -> str:
    """The name of the event that ``callback`` is a handler of, where it is given without one.

    :raises NotCallableError: ``callback`` cannot be called.
    :raises TypeError: it is no function or method with a name.
    """
    if not callable(callback):
        raise NotCallableError(callback)
    name = getattr(callback, "__name__", None)
    if not isinstance(name, str):
        raise TypeError(f"{callback!r} has no __name__ to serve as the name of an event; register a function.")
    if name == "<lambda>":
        raise TypeError(f"{callback!r} has no name to serve as the name of an event; register a function with def.")
    return name
