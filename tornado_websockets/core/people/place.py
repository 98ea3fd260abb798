"""The people at one concrete path: who they are, and what has changed since that was told last."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

Info = Mapping[str, Any]


class Said(NamedTuple):
    """What somebody says of itself in a process.

    :ivar came: when each of its connections has come, in seconds since 1970.
    :ivar at: when it has said that, likewise.
    :ivar awaited_since: since when that process stops, likewise, so that these will come back to others, or have
        already; zero where it does not.
    """

    info: Info
    came: tuple[float, ...]
    at: float
    awaited_since: float = 0.0


#: The people of a process.
Row = Mapping[str, Said]


@dataclass(slots=True)
class _Tab:
    """What one connection of a person has said last, or several in another process.

    :ivar said: that.
    :ivar version: when it was said, among all that was said here.
    :ivar is_own: whether it is a connection of this process.
    """

    said: Said
    version: int
    is_own: bool


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
        tabs = self.tabs.values()
        return {"id": id_, "info": _summary(tabs).info, "connections": _count([tab.said for tab in tabs])}

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
        return None if person is None else self._people[person].tabs[connection].said.info

    def time_of(self, connection: str) -> float:
        """When a connection, which must be here, has said it, in seconds since 1970."""
        return self._people[self._whose[connection]].tabs[connection].said.at

    def person_of(self, connection: str) -> str | None:
        """Whose a connection is; ``None`` where it is not here."""
        return self._whose.get(connection)

    def enter(self, connection: str, person: str, info: Info, at: float = 0.0) -> None:
        """A connection of ``person`` is here, and says so with ``info``; or says something else.

        :param at: when that was, in seconds since 1970.
        """
        self._enter(connection, person, Said(info, (_rounded(at),), at), is_own=True)

    def take(self, rows: Mapping[str, Row]) -> None:
        """Other processes have these people, by the name of each process, and no others."""
        for process in [*rows, *(self._rows.keys() - rows.keys())]:
            before, row = self._rows.get(process, {}), rows.get(process, {})
            for person, said in row.items():
                if before.get(person) != said:
                    self._enter(f"{process} {person}", person, said, is_own=False)
            for person in before.keys() - row.keys():
                self.leave(f"{process} {person}")
        self._rows = dict(rows)

    def _enter(self, connection: str, person: str, said: Said, *, is_own: bool) -> None:
        if self._whose.get(connection, person) != person:
            self.leave(connection)
        known = self._people.get(person)
        tabs = {} if known is None else known.tabs
        gone = None if connection in tabs else next((id_ for id_ in tabs if id_ in self._lingering), None)
        before = tabs.get(gone or connection)
        if before is not None and is_own:  # it has come when that one has
            said = said._replace(came=before.said.came)
        self._note_change(person)
        self._people.setdefault(person, _Person(self.version)).tabs[connection] = _Tab(said, self.version, is_own)
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
        said = (_summary(person.tabs.values()) for person in self._people.values())
        return [(each.info, each.at) for each in said]

    def own(self) -> list[tuple[str, str, float]]:
        """The connections of this process, whose each is, and when it was said, in seconds since 1970."""
        people = self._people.items()
        return [(id_, name, tab.said.at) for name, who in people for id_, tab in who.tabs.items() if tab.is_own]

    def texts(self, write: Callable[[dict[str, Any]], str]) -> list[str]:
        """The same, each as ``write`` has it, which is asked again for those only who have changed."""
        for id_, person in self._people.items():
            if not person.text:
                person.text = write(person.known(id_))
        return [person.text for person in self._people.values()]

    def row(self, awaited_since: float = 0.0) -> Row:
        """The people of this process.

        :param awaited_since: see :class:`Said`.
        """
        since = _rounded(awaited_since)
        own = {id_: [tab for tab in person.tabs.values() if tab.is_own] for id_, person in self._people.items()}
        return {id_: _summary(tabs)._replace(awaited_since=since) for id_, tabs in own.items() if tabs}

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


def _summary(tabs: Collection[_Tab]) -> Said:
    newest = max(tabs, key=lambda tab: (tab.said.at, tab.version))
    return newest.said._replace(came=tuple(at for tab in tabs for at in tab.said.came))


def _rounded(moment: float) -> float:
    """Of thousands who may be there, in a text that other processes read all the time."""
    return round(moment, 1)


def _count(said: Collection[Said]) -> int:
    """How many connections somebody has: those that have come since others are awaited are taken to be these."""
    connections = sum(len(each.came) for each in said)
    awaited = [each for each in said if each.awaited_since]
    if awaited:
        since = min(each.awaited_since for each in awaited)
        back = sum(since <= at < (each.awaited_since or inf) for each in said for at in each.came)
        connections -= min(back, sum(len(each.came) for each in awaited))
    return connections


def _diff(joined: list[Any], left: list[Any], changed: list[Any]) -> dict[str, list[Any]] | None:
    return {"joined": joined, "left": left, "changed": changed} if joined or left or changed else None
