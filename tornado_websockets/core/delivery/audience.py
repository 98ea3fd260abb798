"""Which connections of a topic hear a message, how they are found, and the text as which that goes elsewhere."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ..protocol.parsing import parse_foreign
from .member import Member

#: Characters of a name in an audience: ids of connections have 32, keys of users are mostly shorter.
MAX_NAME: Final = 1_024

#: Tabs are arrays in an array in an object.
_DEPTH: Final = 3

_NOBODY: frozenset[Any] = frozenset()

#: The fields of the text: users, connections, excluded ones, excluded tabs.
_FIELDS: Final = frozenset("ucxt")


@dataclass(frozen=True, slots=True)
class Audience:
    """Which connections of a topic hear a message. A message without one is for all of them.

    Users go by their keys as texts. Who is named by ``users`` and by ``connections`` hears, where both are given; an
    empty one is nobody.

    :ivar users: whose connections hear it; ``None`` for everybody's.
    :ivar connections: ids of those that hear it; ``None`` for all.
    :ivar exclude: ids of those that do not.
    :ivar exclude_tabs: ids of those that do not, each with the user that it must be of, ``None`` for nobody's: they
        were named by a client, who shall not be able to hide anything from others.
    :ivar is_local: whether all that it excludes has connected to this process, so that others need not know of it.
    """

    users: frozenset[str] | None = None
    connections: frozenset[str] | None = None
    exclude: frozenset[str] = _NOBODY
    exclude_tabs: frozenset[tuple[str, str | None]] = _NOBODY
    is_local: bool = field(default=False, compare=False)

    @property
    def concerns_others(self) -> bool:
        """Whether other processes have to know it: not if it only excludes connections of this one."""
        return self.is_narrow or not self.is_local

    @property
    def is_narrow(self) -> bool:
        """Whether it names who hears, and does not only exclude."""
        return self.users is not None or self.connections is not None

    def excludes(self, id_: str, user: str | None) -> bool:
        """Whether a connection of that id, of that user, is spared."""
        return id_ in self.exclude or (bool(self.exclude_tabs) and (id_, user) in self.exclude_tabs)

    def includes(self, member: Member) -> bool:
        """Whether ``member`` hears it."""
        return (
            (self.users is None or member.user_key in self.users)
            and (self.connections is None or member.id in self.connections)
            and not self.excludes(member.id, member.user_key)
        )

    def of(self, members: Iterable[Member]) -> list[Member]:
        """Those of ``members`` that hear it."""
        if self.is_narrow or self.exclude_tabs:
            return [member for member in members if self.includes(member)]
        exclude = self.exclude
        return [member for member in members if member.id not in exclude]

    def to_text(self) -> str:
        """The audience as ASCII, in which :meth:`from_text` reads it; the same for equal ones."""
        fields: dict[str, list[Any]] = {}
        if self.users is not None:
            fields["u"] = sorted(self.users)
        if self.connections is not None:
            fields["c"] = sorted(self.connections)
        if self.exclude:
            fields["x"] = sorted(self.exclude)
        if self.exclude_tabs:
            fields["t"] = sorted(self.exclude_tabs, key=lambda tab: (tab[0], tab[1] or ""))
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "Audience":
        """The audience that :meth:`to_text` has written.

        :raises ValueError: it has not. What it does not know may narrow, so that nobody hears what is read halfway.
        """
        if not isinstance(text, str):
            raise _unreadable(text)
        try:
            fields = parse_foreign(text, _DEPTH)
        except ValueError as error:
            raise _unreadable(text) from error
        if not isinstance(fields, dict) or not fields.keys() <= _FIELDS:
            raise _unreadable(text)
        if not all(isinstance(value, list) for value in fields.values()):
            raise _unreadable(text)
        users, connections = fields.get("u"), fields.get("c")
        exclude, tabs = fields.get("x", []), fields.get("t", [])
        if not all(map(_is_name, [*(users or ()), *(connections or ()), *exclude])) or not all(map(_is_tab, tabs)):
            raise _unreadable(text)
        return cls(
            None if users is None else frozenset(users),
            None if connections is None else frozenset(connections),
            frozenset(exclude),
            frozenset((id_, user) for id_, user in tabs),
        )


class Directory:
    """The members of one topic by id and by user, for audiences that name a few of many."""

    __slots__ = ("_by_user", "_keys", "_members")

    def __init__(self, members: Iterable[Member]) -> None:
        self._members: dict[str, Member] = {}
        self._keys: dict[str, str | None] = {}  # of each member's user, as it is found by
        self._by_user: dict[str, dict[Member, None]] = {}
        for member in members:
            self.add(member)

    def add(self, member: Member) -> None:
        """Add ``member``, or bring it to another user."""
        self.discard(member)
        key = member.user_key
        self._members[member.id], self._keys[member.id] = member, key
        if key is not None:
            self._by_user.setdefault(key, {})[member] = None

    def discard(self, member: Member) -> None:
        """Take ``member`` out, if it is there."""
        self._members.pop(member.id, None)
        key = self._keys.pop(member.id, None)
        if key is not None:
            others = self._by_user[key]
            del others[member]
            if not others:
                del self._by_user[key]

    def find(self, audience: Audience) -> list[Member]:
        """Those who hear what is for a narrow ``audience``."""
        found: Iterable[Member]
        if audience.connections is not None:
            found = [self._members[id_] for id_ in audience.connections if id_ in self._members]
        else:
            found = [member for key in audience.users or () for member in self._by_user.get(key, ())]
        return audience.of(found)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_NAME


def _is_tab(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    id_, user = value
    return _is_name(id_) and (user is None or _is_name(user))


def _unreadable(text: object) -> ValueError:
    return ValueError(f"Expected an audience as Audience.to_text() writes it, got {text!r:.100}.")
