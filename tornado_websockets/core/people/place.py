"""The people at one concrete path: who they are, and what has changed since that was told last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Info = Mapping[str, Any]


class Said(NamedTuple):
    """What somebody says of itself in a process.

    :ivar connections: by how many of them.
    :ivar at: when, in seconds since 1970.
    :ivar is_awaited: whether that process stops, so that these will come back to others, or have already.
    """

    info: Info
    connections: int
    at: float
    is_awaited: bool = False


#: The people of a process.
Row = Mapping[str, Said]


@dataclass(slots=True)
class _Tab:
    """What one connection of a person has said last, or several in another process.

    :ivar at: when it was said, in seconds since 1970.
    :ivar version: the same, among all that was said here.
    :ivar is_own: whether it is a connection of this process.
    :ivar is_awaited: see :class:`Said`.
    """

    info: Info
    count: int
    at: float
    version: int
    is_own: bool
    is_awaited: bool = False


@dataclass(slots=True)
class _Person:
    """Somebody who is here since that version.

    :ivar text: what others see, as it was written; empty until that is wanted.
    :ivar view: the same, before it was written: each of many who come together is told of all the others.
    """

    since: int
    tabs: dict[str, _Tab] = field(default_factory=dict)
    text: str = ""
    view: dict[str, Any] | None = None

    def seen(self, id_: str) -> dict[str, Any]:
        """What others see: the newest that one of the connections has said, and how many there are."""
        said = _summary(list(self.tabs.values()))
        return {"id": id_, "info": said.info, "connections": said.connections}

    def known(self, id_: str) -> dict[str, Any]:
        """The same, made once for each change; nobody may change it."""
        if self.view is None:
            self.view = self.seen(id_)
        return self.view


class Place:
    """Who is at one concrete path.

    A person may have several connections, which come and go. One that goes may be counted for a while yet; when the
    same person comes back meanwhile, the new one takes its place, and nobody has left or joined.

    :ivar version: rises with every change.
    """

    def __init__(self) -> None:
        self.version = 0
        self._people: dict[str, _Person] = {}
        self._whose: dict[str, str] = {}  # persons by connection
        self._lingering: dict[str, float] = {}  # connections that have gone, and until when they count; oldest first
        self._changed: dict[str, int] = {}  # persons, and the version of their last change, since it was told
        self._told: dict[str, dict[str, Any]] = {}
        self._rows: dict[str, Row] = {}  # of other processes

    def __bool__(self) -> bool:
        """Whether anybody is here, or has left and nobody was told yet."""
        return bool(self._people or self._changed)

    def __len__(self) -> int:
        """How many people are here."""
        return len(self._people)

    def __contains__(self, person: object) -> bool:
        return person in self._people

    def info_of(self, connection: str) -> Info | None:
        """What a connection has said; ``None`` where it is not here."""
        person = self._whose.get(connection)
        return None if person is None else self._people[person].tabs[connection].info

    def time_of(self, connection: str) -> float:
        """When a connection, which must be here, has said it, in seconds since 1970."""
        return self._people[self._whose[connection]].tabs[connection].at

    def person_of(self, connection: str) -> str | None:
        """Whose a connection is; ``None`` where it is not here."""
        return self._whose.get(connection)

    def enter(self, connection: str, person: str, info: Info, at: float = 0.0) -> None:
        """A connection of ``person`` is here, and says so with ``info``; or says something else.

        :param at: when that was, in seconds since 1970.
        """
        self._enter(connection, person, _Tab(info, 1, at, 0, is_own=True))

    def take(self, rows: Mapping[str, Row]) -> None:
        """Other processes have these people, by the name of each process, and no others."""
        for process in [*rows, *(self._rows.keys() - rows.keys())]:
            before, row = self._rows.get(process, {}), rows.get(process, {})
            for person, said in row.items():
                if before.get(person) != said:
                    tab = _Tab(said.info, said.connections, said.at, 0, is_own=False, is_awaited=said.is_awaited)
                    self._enter(f"{process} {person}", person, tab)
            for person in before.keys() - row.keys():
                self.leave(f"{process} {person}")
        self._rows = dict(rows)

    def _enter(self, connection: str, person: str, tab: _Tab) -> None:
        if self._whose.get(connection, person) != person:
            self.leave(connection)
        known = self._people.get(person)
        gone = None
        if known is not None and connection not in known.tabs:
            gone = next((id_ for id_ in known.tabs if id_ in self._lingering), None)
        self._note_change(person)
        tab.version = self.version
        self._people.setdefault(person, _Person(self.version)).tabs[connection] = tab
        self._whose[connection] = person
        if gone is not None:  # after that, so that nobody is gone in between
            self.leave(gone)

    def leave(self, connection: str, until: float | None = None) -> None:
        """A connection is not here any more.

        :param until: when it counts no more; at once by default.
        """
        person = self._whose.get(connection)
        if person is None:
            return
        if until is not None:
            self._lingering[connection] = until
            return
        self._lingering.pop(connection, None)
        tabs = self._people[person].tabs
        del tabs[connection], self._whose[connection]
        self._note_change(person)
        if not tabs:
            del self._people[person]

    def expire(self, now: float) -> None:
        """Let those go who counted until now."""
        for connection in [id_ for id_, until in self._lingering.items() if until <= now]:
            self.leave(connection)

    def people(self) -> list[dict[str, Any]]:
        """All who are here, in the order in which they came: ``{"id", "info", "connections"}`` each."""
        return [person.seen(id_) for id_, person in self._people.items()]

    def said(self) -> list[tuple[Info, float]]:
        """What each person here has said last, and when, in seconds since 1970."""
        said = (_summary(list(person.tabs.values())) for person in self._people.values())
        return [(each.info, each.at) for each in said]

    def own(self) -> list[tuple[str, str, float]]:
        """The connections of this process, whose each is, and when it was said, in seconds since 1970."""
        people = self._people.items()
        return [(id_, name, tab.at) for name, who in people for id_, tab in who.tabs.items() if tab.is_own]

    def texts(self, write: Callable[[dict[str, Any]], str]) -> list[str]:
        """The same, each as ``write`` has it, which is asked again for those only who have changed."""
        for id_, person in self._people.items():
            if not person.text:
                person.text = write(person.known(id_))
        return [person.text for person in self._people.values()]

    def row(self, *, is_awaited: bool = False) -> Row:
        """The people of this process.

        :param is_awaited: see :class:`Said`.
        """
        own = {id_: [tab for tab in person.tabs.values() if tab.is_own] for id_, person in self._people.items()}
        return {id_: _summary(tabs)._replace(is_awaited=is_awaited) for id_, tabs in own.items() if tabs}

    def tell(self) -> dict[str, list[Any]] | None:
        """Who has joined, left and changed since this was called last; ``None`` where nobody has."""
        joined, left, changed = [], [], []
        for id_ in self._changed:
            person, before = self._people.get(id_), self._told.pop(id_, None)
            if person is None:
                left += [] if before is None else [id_]
                continue
            now = self._told[id_] = person.known(id_)
            if before is None:
                joined.append(now)
            elif before != now:
                changed.append(now)
        self._changed = {}
        return _diff(joined, left, changed)

    def changes_since(self, version: int) -> dict[str, list[Any]] | None:
        """The same, for who was shown :meth:`people` at that ``version``; to be asked before :meth:`tell`."""
        later = [id_ for id_, at in self._changed.items() if at > version]
        here = [self._people[id_].known(id_) for id_ in later if id_ in self._people]
        joined = [person for person in here if self._people[person["id"]].since > version]
        changed = [person for person in here if self._people[person["id"]].since <= version]
        return _diff(joined, [id_ for id_ in later if id_ not in self._people], changed)

    def _note_change(self, person: str) -> None:
        self.version += 1
        self._changed[person] = self.version
        known = self._people.get(person)
        if known is not None:
            known.text, known.view = "", None


def _summary(tabs: list[_Tab]) -> Said:
    newest = max(tabs, key=lambda tab: (tab.at, tab.version))
    here = sum(tab.count for tab in tabs if not tab.is_awaited)
    awaited = sum(tab.count for tab in tabs if tab.is_awaited)
    return Said(newest.info, max(here, awaited), newest.at)  # who has come back is not counted twice


def _diff(joined: list[Any], left: list[Any], changed: list[Any]) -> dict[str, list[Any]] | None:
    return {"joined": joined, "left": left, "changed": changed} if joined or left or changed else None
