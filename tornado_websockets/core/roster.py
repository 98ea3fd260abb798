"""The open connections of one WebSocket, as the list that applications see."""

from collections.abc import Iterable, Iterator, MutableSequence
from typing import Any

from .socket import Socket


class Roster(MutableSequence[Any]):
    """A list of connections, oldest first, from which each can be taken without a search.

    An application may change it, too. What it puts there comes last, unless it is a connection.

    :param members: to begin with.
    :ivar strangers: those that are not connections.
    """

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def __init__(self, members: Iterable[Any] = ()) -> None:
        self._connections: dict[Socket, None] = {}
        self.strangers: list[Any] = []
        self.extend(members)

    def __repr__(self) -> str:
        return repr(list(self))

    def __len__(self) -> int:
        return len(self._connections) + len(self.strangers)

    def __iter__(self) -> Iterator[Any]:
        return iter([*self._connections, *self.strangers])  # as of now: clients come and go in another thread

    def __contains__(self, member: object) -> bool:
        return member in (self._connections if isinstance(member, Socket) else self.strangers)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (list, Roster)) else NotImplemented

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        del self[index]
        self.extend(value if isinstance(index, slice) else [value])

    def __delitem__(self, index: Any) -> None:
        for member in self[index] if isinstance(index, slice) else [self[index]]:
            self.remove(member)

    def insert(self, index: int, value: Any) -> None:  # noqa: ARG002 each has its place
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
