"""The open connections of one WebSocket, as the list that applications see."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self, SupportsIndex

from .socket import Socket


class Roster(list[Any]):
    """A list of connections, oldest first, from which each can be taken without a search.

    An application may change it, too. What it puts there comes last, unless it is a connection. It is a ``list`` for
    those who ask what it is; what it holds is kept elsewhere, and every method of a list goes there.

    :param members: to begin with.
    :ivar strangers: those that are not connections.
    """

    __hash__ = None  # as of a list

    def __init__(self, members: Iterable[Any] = ()) -> None:
        super().__init__()
        self._connections: dict[Socket, None] = {}
        self.strangers: list[Any] = []
        self.extend(members)

    def __repr__(self) -> str:
        return repr(self.copy())

    def __len__(self) -> int:
        return len(self._connections) + len(self.strangers)

    def __iter__(self) -> Iterator[Any]:
        return iter([*self._connections, *self.strangers])  # as of now: clients come and go in another thread

    def __contains__(self, member: object) -> bool:
        return member in (self._connections if isinstance(member, Socket) else self.strangers)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Roster):
            return self.copy() == other.copy()
        return self.copy() == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __getitem__(self, index: Any) -> Any:
        return self.copy()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        del self[index]
        self.extend(value if isinstance(index, slice) else [value])

    def __delitem__(self, index: Any) -> None:
        for member in self[index] if isinstance(index, slice) else [self[index]]:
            self.remove(member)

    def __add__(self, other: Any) -> list[Any]:
        return self.copy() + list(other)

    def __radd__(self, other: Any) -> list[Any]:
        return list(other) + self.copy()

    def __mul__(self, count: SupportsIndex) -> list[Any]:
        return self.copy() * count

    __rmul__ = __mul__

    def __copy__(self) -> list[Any]:
        return self.copy()

    def copy(self) -> list[Any]:
        """A plain list of what it has now."""
        return list(iter(self))

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> None:
        """Bring the connections into another order, which stays."""
        self._connections = dict.fromkeys(sorted(self._connections, key=key, reverse=reverse))  # type: ignore[arg-type,type-var]

    def __iadd__(self, others: Iterable[Any]) -> Self:  # type: ignore[misc]  # what + gives is a plain list
        self.extend(others)
        return self

    def __reversed__(self) -> Iterator[Any]:
        return iter(self.copy()[::-1])

    def index(self, value: Any, *bounds: Any) -> int:
        return self.copy().index(value, *bounds)

    def count(self, value: Any) -> int:
        return self.copy().count(value)

    def append(self, value: Any) -> None:
        """Add ``value``."""
        self.insert(len(self), value)

    def extend(self, values: Iterable[Any]) -> None:
        """Add all of ``values``."""
        for value in list(values):
            self.append(value)

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Take one out, and return it."""
        value = self.copy()[index]
        self.remove(value)
        return value

    def reverse(self) -> None:
        """Bring the connections into the opposite order, which stays."""
        self._connections = dict.fromkeys(reversed(list(self._connections)))

    def insert(self, index: SupportsIndex, value: Any) -> None:  # noqa: ARG002 each has its place
        """Add ``value`` at the end."""
        if isinstance(value, Socket):
            self._connections[value] = None
        else:
            self.strangers.append(value)

    def clear(self) -> None:
        """Take all out."""
        self._connections.clear()
        self.strangers.clear()

    def remove(self, value: Any) -> None:
        """Take ``value`` out; ``ValueError`` if it is not there."""
        if isinstance(value, Socket) and value in self._connections:
            del self._connections[value]
        else:
            self.strangers.remove(value)
