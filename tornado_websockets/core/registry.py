"""Every WebSocket that is served, found by its path."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from .logger import logger

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


def url_path_of(path: str) -> str:
    """What a client asks for to connect to ``path``."""
    return PREFIX + path


def path_of(url_path: str) -> str | None:
    """The path that a client means who asks for ``url_path``; ``None`` for one that is no WebSocket's."""
    return url_path[len(PREFIX) :] if url_path.startswith(PREFIX + "/") else None


T = TypeVar("T")

#: Is given what was added, its place in the order of the registry, and whether it takes the place of what was there.
Listener = Callable[[T, int, bool], None]


class Registry(Generic[T]):
    """Finds what serves a path: an exact path first, then the patterns with parameters, oldest first."""

    def __init__(self) -> None:
        self._exact: dict[str, T] = {}
        self._patterns: dict[str, tuple[Pattern, T]] = {}
        self._listeners: list[Listener[T]] = []
        self._lock = threading.RLock()

    def __iter__(self) -> Iterator[T]:
        yield from self._exact.values()
        for _, item in self._patterns.values():
            yield item

    def add(self, pattern: Pattern, item: T) -> None:
        """Serve ``item`` at the paths of ``pattern``. It takes the place of an older one there, which is logged."""
        with self._lock:
            text = pattern.text
            of_its_kind: dict[str, Any] = self._patterns if pattern.names else self._exact
            is_second = text in of_its_kind
            if is_second:
                logger.warning("A second WebSocket for %r takes the place of the first, whose handlers are gone", text)
            if pattern.names:
                self._patterns[text] = pattern, item
            else:
                self._exact[text] = item
            place = list(of_its_kind).index(text) if is_second else len(of_its_kind) - 1
            if pattern.names:
                place += len(self._exact)
            for listener in self._listeners:
                listener(item, place, is_second)

    def find(self, url_path: str) -> tuple[T, Mapping[str, Any]] | None:
        """What serves ``url_path``, and the parameters in it."""
        path = path_of(url_path)
        if path is None or len(path) > MAX_PATH:  # before any pattern works on it
            return None
        if path in self._exact:
            return self._exact[path], {}
        for pattern, item in list(self._patterns.values()):
            parameters = pattern.match(path)
            if parameters is not None:
                return item, parameters
        return None

    def why_unknown(self, url_path: str) -> str:
        """Why nothing serves ``url_path``, for the log."""
        path = path_of(url_path)
        if path is not None and len(path) > MAX_PATH:
            return f"its path has {len(path)} characters, of which {MAX_PATH} are allowed"
        return "there is no WebSocket"

    def listen(self, listener: Listener[T]) -> None:
        """Have ``listener`` called with all there is, in order, and with whatever is added."""
        with self._lock:
            self._listeners.append(listener)
            for place, item in enumerate(self):
                listener(item, place, False)
