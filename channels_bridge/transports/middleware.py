"""Finding a server behind what is around the application: its ``send`` and ``receive`` may be wrapped."""

import functools
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any, Final

from .asgi import Send

#: How many wrappers are looked into, one behind the other, and after how many objects no others are.
MAX_DEPTH: Final = 16
MAX_OBJECTS: Final = 256

#: Servers of which nothing is known but that a ``send`` of theirs is no middleware's.
_OTHER_SERVERS: Final = frozenset({"asyncio", "granian", "hypercorn"})

#: Where Sentry's middleware wraps ``send``.
_SENTRY: Final = ("sentry_sdk.integrations.asgi", "_sentry_wrapped_send")


def owner_of(send: Send) -> Any:
    """The object whose ``send`` that is: daphne gives its protocol along, others have a method."""
    return send.args[0] if isinstance(send, functools.partial) and send.args else getattr(send, "__self__", None)


def is_of_other_server(send: Send) -> bool:
    """Whether that is the ``send`` of a server that is known by its name alone."""
    return type(owner_of(send)).__module__.partition(".")[0] in _OTHER_SERVERS


def passed_over(send: Send) -> Send:
    """What is behind those middlewares of which is known that a WebSocket's messages are nothing to them.

    The session middleware of Channels and Sentry's look at the heads of HTTP responses.
    """
    while True:
        inner = _behind_session(send) or _behind_sentry(send)
        if inner is None:
            return send
        send = inner


def _behind_session(send: Send) -> Send | None:
    wrapper = getattr(send, "__self__", None)
    if type(wrapper).__module__ != "channels.sessions":
        return None
    found: Send | None = getattr(wrapper, "real_send", None)
    return found


def _behind_sentry(send: Send) -> Send | None:
    if not isinstance(send, FunctionType) or (send.__module__, send.__name__) != _SENTRY:
        return None
    for name, cell in zip(send.__code__.co_freevars, send.__closure__ or (), strict=True):
        if name == "send":
            found: Send = cell.cell_contents
            return found
    return None


def search(wrapper: Send, is_wanted: Callable[[object], bool]) -> list[Any]:
    """What is wanted behind ``wrapper``: the nearest, or all of them that are equally near.

    Closures, ``__wrapped__``, ``functools.partial``, bound methods and objects that can be called are followed, to a
    depth of :data:`MAX_DEPTH`.
    """
    seen = set[int]()
    level: list[object] = [wrapper]
    for _ in range(MAX_DEPTH):
        fresh = [thing for thing in level if id(thing) not in seen]
        found = {id(thing): thing for thing in fresh if is_wanted(thing)}
        if found or len(seen) > MAX_OBJECTS:
            return list(found.values())
        seen.update(map(id, fresh))
        level = [inner for thing in fresh for inner in _inside(thing) if is_wanted(inner) or _is_function(inner)]
    return []


def _is_function(thing: object) -> bool:
    """Whether it may call what is looked for: classes and their instances' applications are no wrappers."""
    return callable(thing) and not isinstance(thing, type)


def _inside(thing: object) -> Iterator[object]:
    """What a wrapper may have to call."""
    if isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, MethodType):
        yield thing.__self__
        yield from _attributes(thing.__self__)
    elif isinstance(thing, FunctionType):
        yield from filter(None, [getattr(thing, "__wrapped__", None)])
        yield from (cell.cell_contents for cell in thing.__closure__ or () if _is_filled(cell))
    else:
        yield from _attributes(thing)


def _attributes(thing: object) -> Iterator[object]:
    yield from list(getattr(thing, "__dict__", {}).values())
    for kind in type(thing).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            yield getattr(thing, name, None)


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:  # a variable that was never set
        return False
    return True
