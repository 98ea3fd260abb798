"""Which connections of a topic hear a message, and the text as which that goes to other processes and into stores."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ..protocol.outline import brackets, depth
from .member import Member

#: Characters of a name in an audience: ids of connections have 32, keys of users are mostly shorter.
MAX_NAME: Final = 1_024

#: Tabs are arrays in an array in an object.
_DEPTH: Final = 3

_NOBODY: frozenset[Any] = frozenset()

#: What the fields are called in the text.
_KEYS: Final = {"users": "u", "connections": "c", "exclude": "x", "exclude_tabs": "t"}


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
    """

    users: frozenset[str] | None = None
    connections: frozenset[str] | None = None
    exclude: frozenset[str] = _NOBODY
    exclude_tabs: frozenset[tuple[str, str | None]] = _NOBODY

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
        for name in ("users", "connections"):
            names = getattr(self, name)
            if names is not None:
                fields[_KEYS[name]] = sorted(names)
        if self.exclude:
            fields[_KEYS["exclude"]] = sorted(self.exclude)
        if self.exclude_tabs:
            tabs = sorted(self.exclude_tabs, key=lambda tab: (tab[0], tab[1] or ""))
            fields[_KEYS["exclude_tabs"]] = [list(tab) for tab in tabs]
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> "Audience":
        """The audience that :meth:`to_text` has written.

        :raises ValueError: it has not. What it does not know may narrow, so that nobody hears what is read halfway.
        """
        if not isinstance(text, str) or depth(brackets(text)) > _DEPTH:
            raise _unreadable(text)
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise _unreadable(text) from error
        if not isinstance(fields, dict) or not fields.keys() <= set(_KEYS.values()):
            raise _unreadable(text)
        names = {name: fields[key] for name, key in _KEYS.items() if key in fields}
        if not all(isinstance(value, list) for value in names.values()):
            raise _unreadable(text)
        tabs = names.pop("exclude_tabs", [])
        if not all(map(_is_name, (each for value in names.values() for each in value))) or not all(map(_is_tab, tabs)):
            raise _unreadable(text)
        return cls(
            **{name: frozenset(value) for name, value in names.items()},
            exclude_tabs=frozenset((id_, user) for id_, user in tabs),
        )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= MAX_NAME


def _is_tab(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    id_, user = value
    return _is_name(id_) and (user is None or _is_name(user))


def _unreadable(text: object) -> ValueError:
    return ValueError(f"Expected an audience as Audience.to_text() writes it, got {text!r:.100}.")
