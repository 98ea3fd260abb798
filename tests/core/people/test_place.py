import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_websockets.core.people.place import Place, Said


def seen(id_, info=None, connections=1):
    return {"id": id_, "info": info or {}, "connections": connections}


def test_who_enters_is_here_and_is_told_once():
    place = Place()
    place.enter("tab", "ada", {"name": "Ada"})
    assert place.people() == [seen("ada", {"name": "Ada"})]
    assert place.tell() == {"joined": [seen("ada", {"name": "Ada"})], "left": [], "changed": []}
    assert place.tell() is None


def test_what_others_see_is_made_once_for_all_who_are_told():
    place = Place()
    place.enter("tab", "ada", {"name": "Ada"})
    (first,), (second,) = (place.changes_since(0)["joined"] for _ in range(2))
    assert first is second
    place.enter("tab", "ada", {"name": "Lady"})
    assert place.changes_since(0)["joined"] == [seen("ada", {"name": "Lady"})]


def test_people_may_be_changed_by_whoever_asks():
    place = Place()
    place.enter("tab", "ada", {})
    place.people()[0]["id"] = "bob"
    assert place.people() == place.tell()["joined"] == [seen("ada")]


def test_a_person_has_several_connections_and_the_newest_info_counts():
    place = Place()
    place.enter("one", "ada", {"at": "home"})
    place.enter("two", "ada", {"at": "work"})
    assert (place.people(), len(place)) == ([seen("ada", {"at": "work"}, 2)], 1)
    place.tell()
    place.enter("one", "ada", {"at": "sea"})
    assert place.tell() == {"joined": [], "left": [], "changed": [seen("ada", {"at": "sea"}, 2)]}
    place.leave("one")
    assert place.people() == [seen("ada", {"at": "work"})]


def test_who_leaves_has_left_with_the_last_connection():
    place = Place()
    place.enter("one", "ada", {})
    place.enter("two", "ada", {})
    place.tell()
    place.leave("one")
    assert place.tell() == {"joined": [], "left": [], "changed": [seen("ada")]}
    place.leave("two")
    assert (place.tell(), bool(place), "ada" in place) == ({"joined": [], "left": ["ada"], "changed": []}, False, False)


def test_who_joins_and_leaves_before_it_is_told_was_never_here():
    place = Place()
    place.enter("tab", "ada", {})
    place.leave("tab")
    assert bool(place)
    assert (place.tell(), bool(place)) == (None, False)


def test_who_comes_back_in_time_has_not_left():
    place = Place()
    place.enter("tab", "ada", {})
    place.tell()
    place.leave("tab", until=5.0)
    place.expire(4.9)
    assert "ada" in place
    place.enter("reloaded", "ada", {})
    place.expire(10.0)
    assert place.people() == [seen("ada")]
    assert place.tell() is None


def test_who_comes_back_was_there_all_the_time_for_who_came_meanwhile():
    place = Place()
    place.enter("tab", "ada", {})
    place.enter("other", "bob", {})
    place.tell()
    place.leave("tab", until=5.0)
    version = place.version
    place.enter("reloaded", "ada", {})
    assert place.changes_since(version) == {"joined": [], "left": [], "changed": [seen("ada")]}
    assert place.people() == [seen("ada"), seen("bob")]


def test_who_does_not_come_back_has_left():
    place = Place()
    place.enter("tab", "ada", {})
    place.tell()
    place.leave("tab", until=5.0)
    place.expire(5.0)
    assert place.tell() == {"joined": [], "left": ["ada"], "changed": []}


def test_a_connection_may_become_another_persons():
    place = Place()
    place.enter("tab", "ada", {})
    place.tell()
    place.enter("tab", "bob", {})
    assert place.tell() == {"joined": [seen("bob")], "left": ["ada"], "changed": []}


def test_who_was_shown_people_lacks_only_what_came_later():
    place = Place()
    place.enter("tab", "ada", {})
    version = place.version
    assert place.changes_since(version) is None
    place.enter("other", "bob", {})
    place.leave("tab")
    assert place.changes_since(version) == {"joined": [seen("bob")], "left": ["ada"], "changed": []}
    assert place.tell() == {"joined": [seen("bob")], "left": [], "changed": []}


def test_nobody_is_written_again_who_has_not_changed():
    place, written = Place(), []

    def write(person):
        written.append(person["id"])
        return json.dumps(person)

    for person in ("ada", "bob", "eve"):
        place.enter(f"tab of {person}", person, {})
    place.texts(write)
    place.enter("tab of bob", "bob", {"at": "work"})
    place.leave("tab of eve")
    place.enter("tab of joe", "joe", {})
    assert list(map(json.loads, place.texts(write))) == place.people()
    assert written == ["ada", "bob", "eve", "bob", "joe"]


class Page:
    """What a client believes by what it is told."""

    def __init__(self, people=()):
        self.people = {person["id"]: person for person in people}

    def hear(self, told):
        for person in (told or {}).get("joined", []) + (told or {}).get("changed", []):
            self.people[person["id"]] = person
        for id_ in (told or {}).get("left", []):
            self.people.pop(id_, None)


KINDS = st.sampled_from(["enter", "leave", "linger", "expire", "show", "tell"])


@given(st.lists(st.tuples(KINDS, st.integers(0, 5), st.integers(0, 3)), max_size=60))
def test_whatever_happens_everybody_knows_in_the_end_who_is_here(steps):
    place, pages, newcomers = Place(), [Page()], []

    def tell():
        for page, version in newcomers:
            page.hear(place.changes_since(version))
            page.hear(place.changes_since(version))  # twice is once
        told = place.tell()
        for page in pages:
            page.hear(told)
            page.hear(told)
        pages.extend(page for page, _ in newcomers)
        newcomers.clear()

    for now, (step, tab, person) in enumerate(steps):
        if step == "enter":
            place.enter(f"tab {tab}", f"person {person}", {"n": now})
        elif step in {"leave", "linger"}:
            place.leave(f"tab {tab}", now + 3 if step == "linger" else None)
        elif step == "expire":
            place.expire(now)
        elif step == "show":
            newcomers.append((Page(map(json.loads, place.texts(json.dumps))), place.version))
        else:
            tell()
    tell()
    truth = {person["id"]: person for person in place.people()}
    assert [page.people for page in pages] == [truth] * len(pages)
    assert len(place) == len(truth)


def test_the_people_of_other_processes_count_as_connections_of_theirs():
    place = Place()
    place.enter("tab", "ada", {"at": "home"}, at=1.0)
    place.take({"other": {"ada": Said({"at": "work"}, (1.0, 2.0), 2.0), "bob": Said({}, (1.0,), 1.0)}})
    assert place.people() == [seen("ada", {"at": "work"}, 3), seen("bob")]
    assert place.row() == {"ada": Said({"at": "home"}, (1.0,), 1.0)}
    place.take({"other": {"bob": Said({}, (1.0,), 1.0)}})
    place.take({})
    assert place.people() == [seen("ada", {"at": "home"})]


def test_who_comes_back_to_another_process_takes_the_place_of_who_has_gone():
    place = Place()
    place.enter("tab", "ada", {"at": "home"}, at=1.0)
    place.tell()
    place.leave("tab", until=5.0)
    place.take({"other": {"ada": Said({"at": "home"}, (2.0,), 2.0)}})
    assert place.people() == [seen("ada", {"at": "home"})]
    assert place.tell() is None


def test_who_will_come_back_is_counted_until_that_and_then_once():
    place = Place()
    place.take({"stops": {"ada": Said({}, (1.0, 1.0), 1.0, awaited_since=2.0)}})
    for count in (2, 2, 2, 3):
        assert place.people() == [seen("ada", connections=count)]
        place.enter(f"tab {place.version}", "ada", {}, at=3.0)


def said(*came, since=0.0):
    """What a process says of somebody who has so many connections there, by when they came."""
    return {"ada": Said({}, came, max(came), since)}


STOPS = said(1.0, since=5.0)


@pytest.fixture
def place():
    """Where somebody has a tab, and another one in a process that stops."""
    place = Place()
    place.enter("tab", "ada", {}, at=2.0)
    place.take({"stops": said(1.0)})
    place.tell()
    place.take({"stops": STOPS})
    return place


class TestWhoHasATabHereAndAnotherThatWillComeBack:
    def test_is_counted_with_both_when_it_comes_back_here(self, place):
        place.enter("back", "ada", {}, at=6.0)
        place.take({})
        assert (place.people(), place.tell()) == ([seen("ada", connections=2)], None)

    def test_when_it_comes_back_to_the_process_that_was_started_again(self, place):
        for rows in ({"stops": STOPS, "again": said(6.0)}, {"again": said(6.0)}):
            place.take(rows)
            assert (place.people(), place.tell()) == ([seen("ada", connections=2)], None)

    def test_until_the_process_is_gone_when_it_never_does(self, place):
        assert (place.people(), place.tell()) == ([seen("ada", connections=2)], None)
        place.take({})
        assert place.tell()["changed"] == [seen("ada")]

    def test_though_what_it_says_is_new(self, place):
        place.enter("tab", "ada", {"at": "work"}, at=6.0)
        assert place.people() == [seen("ada", {"at": "work"}, 2)]

    def test_though_the_page_here_is_read_again(self, place):
        place.leave("tab", until=9.0)
        place.enter("reloaded", "ada", {}, at=6.0)
        assert (place.people(), place.tell()) == ([seen("ada", connections=2)], None)

    def test_where_that_is_known_only_after_it_has_come_back(self, place):
        place.take({"stops": said(1.0)})
        place.enter("back", "ada", {}, at=6.0)
        place.take({"stops": STOPS})
        assert place.people() == [seen("ada", connections=2)]


def test_who_is_sent_away_twice_is_counted_once():
    rows = {}
    for name, came, since in (("first", 1.0, 5.0), ("second", 6.0, 8.0), ("third", 9.0, 0.0)):
        for rows[name] in (said(came), said(came, since=since)):
            place = Place()  # as one that has just begun
            place.take(rows)
            assert place.people() == [seen("ada")]


def test_who_has_tabs_in_processes_that_stop_one_after_the_other_is_counted_with_all():
    place = Place()
    place.enter("tab", "ada", {}, at=2.0)
    place.take({"first": said(1.0, 1.0, since=5.0), "second": said(1.0, 6.0)})  # to which one has come back
    assert place.people() == [seen("ada", connections=4)]
    place.take({"first": said(1.0, 1.0, since=5.0), "second": said(1.0, 6.0, since=7.0)})
    assert place.people() == [seen("ada", connections=4)]
    for at in (8.0, 8.0, 8.0):
        place.enter(f"back {place.version}", "ada", {}, at=at)
        assert place.people() == [seen("ada", connections=4)]


def test_who_comes_to_a_process_that_stops_has_come_back_from_no_other():
    place = Place()
    place.take({"stops": said(1.0, 6.0, since=5.0)})
    assert place.people() == [seen("ada", connections=2)]


class Process:
    """One of several that tell each other by what is stored, sooner or later."""

    def __init__(self, name):
        self.name = name
        self.place, self.page, self.tabs = Place(), Page(), {}

    def act(self, step, tab, person, now):
        if step == "enter":
            self.tabs[tab] = person
            self.place.enter(f"{self.name} {tab}", f"person {person}", {"n": now}, at=float(now))
        elif step == "leave":
            self.tabs.pop(tab, None)
            self.place.leave(f"{self.name} {tab}")
        elif step == "tell":
            self.page.hear(self.place.tell())


ACTS = st.tuples(
    st.sampled_from(["enter", "leave", "tell", "store", "read", "die"]),
    st.integers(0, 2),  # of which process
    st.integers(0, 2),  # which tab
    st.integers(0, 2),  # of which person
)


@given(st.lists(ACTS, max_size=60))
def test_what_processes_believe_of_each_other_converges_to_the_truth(acts):
    processes, stored = [Process(f"process {number}") for number in range(3)], {}

    def read(process, rows):
        process.place.take({name: row for name, row in rows.items() if name != process.name})

    for now, (step, number, tab, person) in enumerate(acts):
        process = processes[number]
        if step == "store":
            stored[process.name] = process.place.row()
        elif step == "read":
            read(process, stored)
            read(process, stored)
        elif step == "die":  # it is another one that starts in its place, and what it has stored is not renewed
            stored.pop(process.name, None)
            processes[number] = Process(f"{process.name}'")
        else:
            process.act(step, tab, person, now)
    stored = {process.name: process.place.row() for process in processes}
    for process in processes:
        read(process, stored)
        process.act("tell", 0, 0, 0)
    truth = {}
    for process in processes:
        for person in process.tabs.values():
            truth[f"person {person}"] = truth.get(f"person {person}", 0) + 1
    for process in processes:
        assert {id_: person["connections"] for id_, person in process.page.people.items()} == truth
        assert process.page.people == processes[0].page.people
