"""Every WebSocket that is served, found by its path."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

logger = logging.getLogger("tornado_websockets")

#: What every transport puts before the path of a WebSocket.
PREFIX = "/ws"

#: Characters that a concrete path may have, in a handshake and wherever else one is named. It is kept for each of its
#: clients, and travels with each message to other processes.
MAX_PATH = 1024


class Pattern(Protocol):
    """A path that may have parameters."""

    @property
    def text(self) -> str: ...

    @property
    def names(self) -> frozenset[str]: ...

    def match(self, path: str) -> Mapping[str, Any] | None: ...


class Registered(Protocol):
    """What can be found by a path."""

    @property
    def pattern(self) -> Pattern: ...


T = TypeVar("T", bound=Registered)

#: Is given what was added, its place in the order of the registry, and whether it takes the place of what was there.
Listener = Callable[[T, int, bool], None]


class Registry(Generic[T]):
    """Finds what serves a path: an exact path first, then the patterns with parameters, oldest first."""

    def __init__(self) -> None:
        self._exact: dict[str, T] = {}
        self._patterns: dict[str, T] = {}
        self._listeners: list[Listener[T]] = []
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[T]:
        yield from self._exact.values()
        yield from self._patterns.values()

    def add(self, item: T) -> None:
        """Serve ``item`` at its path. It takes the place of an older one there, which is logged."""
        with self._lock:
            text = item.pattern.text
            items, start = (self._patterns, len(self._exact)) if item.pattern.names else (self._exact, 0)
            is_second = text in items
            if is_second:
                logger.warning("A second WebSocket for %r takes the place of the first, whose handlers are gone", text)
            place = start + (list(items).index(text) if is_second else len(items))
            items[text] = item
            for listener in self._listeners:
                listener(item, place, is_second)

    def find(self, url_path: str) -> tuple[T, Mapping[str, Any]] | None:
        """What serves ``url_path``, and the parameters in it."""
        if not url_path.startswith(PREFIX + "/"):
            return None
        path = url_path[len(PREFIX) :]
        if len(path) > MAX_PATH:  # before any pattern works on it
            return None
        if path in self._exact:
            return self._exact[path], {}
        for item in list(self._patterns.values()):
            parameters = item.pattern.match(path)
            if parameters is not None:
                return item, parameters
        return None

    def why_unknown(self, url_path: str) -> str:
        """Why nothing serves ``url_path``, for the log."""
        if url_path.startswith(PREFIX + "/") and len(url_path) > len(PREFIX) + MAX_PATH:
            return f"its path has {len(url_path) - len(PREFIX)} characters, of which {MAX_PATH} are allowed"
        return "there is no WebSocket"

    def listen(self, listener: Listener[T]) -> None:
        """Have ``listener`` called with all there is, in order, and with whatever is added."""
        with self._lock:
            self._listeners.append(listener)
            for place, item in enumerate(self):
                listener(item, place, False)
