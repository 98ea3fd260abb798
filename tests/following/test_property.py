"""Whatever happens to the rows of a table, what is told is the difference that its transactions make."""

from contextlib import suppress

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.following.models import Message, Room

KEYS = st.integers(0, 2)
ROOMS = st.integers(0, 2)

STEPS = st.one_of(
    st.tuples(st.just("create"), KEYS, ROOMS),
    st.tuples(st.just("save"), KEYS, st.none() | ROOMS),
    st.tuples(st.just("save"), KEYS, st.none() | ROOMS),
    st.tuples(st.just("save text"), KEYS, ROOMS),
    st.tuples(st.just("save anew"), KEYS, ROOMS),
    st.tuples(st.just("save elsewhere"), KEYS, ROOMS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("empty"), ROOMS),
)
BLOCKS = st.recursive(
    STEPS,
    lambda inner: st.tuples(st.sampled_from(["commit", "undo"]), st.lists(inner, min_size=1, max_size=5)),
    max_leaves=12,
)


class Undo(Exception):
    """Rolls a transaction back."""


class Table:
    """A table that three pages follow, and beside it what must be in it, and what was touched.

    :ivar rows: room and text by key.
    :ivar touched: keys of rows that were saved or deleted since the last commit.
    """

    def __init__(self, wire, database):
        self.wire, self.database = wire, database
        self.rooms = [Room.objects.using(database).create().pk for _ in range(3)]
        self.instances, self.keys = {}, {}
        self.rows, self.touched = {}, set()
        self.committed = {}
        self.texts, self.depth, self.outdated = 0, 0, set()
        for number in range(3):
            self.run(("create", number, number))

    def run(self, step):
        name, *arguments = step
        getattr(self, "do_" + name.replace(" ", "_"))(*arguments)
        if self.depth == 0:
            self.check()

    def do_commit(self, steps):
        self.depth += 1
        with transaction.atomic(using=self.database):
            for step in steps:
                self.run(step)
        self.depth -= 1

    def do_undo(self, steps):
        before = dict(self.rows), set(self.touched), dict(self.instances), dict(self.keys)
        self.depth += 1
        with suppress(Undo), transaction.atomic(using=self.database):
            for step in steps:
                self.run(step)
            raise Undo
        self.depth -= 1
        self.rows, self.touched, self.instances, self.keys = before

    def do_create(self, number, room):
        made = Message.objects.using(self.database).create(room_id=self.rooms[room], text=self.text())
        self.instances[number], self.keys[number] = made, made.pk
        self.note(made)

    def do_save(self, number, room):
        """By an instance that may be as old as an undone savepoint."""
        instance = self.instances.get(number)
        if instance is None:
            return
        instance.pk = self.keys[number]  # which a deletion takes away
        instance.text = self.text()
        if room is not None:
            instance.room_id = self.rooms[room]
        instance.save(using=self.database)
        self.note(instance)

    def do_save_text(self, number, room):
        """And leave the room as it is, whatever the instance has."""
        instance = self.instances.get(number)
        if instance is None or self.keys[number] not in self.rows:
            return
        instance.pk, instance.text, instance.room_id = self.keys[number], self.text(), self.rooms[room]
        instance.save(using=self.database, update_fields=["text"])
        self.rows[instance.pk] = (self.rows[instance.pk][0], instance.text)
        self.touched.add(instance.pk)

    def do_save_anew(self, number, room):
        """By another instance, which is loaded for that, and used from then on."""
        instance = Message.objects.using(self.database).filter(pk=self.keys.get(number)).first()
        if instance is not None:
            instance.room_id, instance.text = self.rooms[room], self.text()
            instance.save()
            self.note(instance)
            self.instances[number] = instance

    def do_save_elsewhere(self, number, room):
        """By an instance that nobody uses any more, so that this one is out of date until the transaction ends."""
        old = self.instances.get(number)
        self.do_save_anew(number, room)
        if old is not None and self.depth:
            self.instances[number] = old
            self.outdated.add(number)

    def do_delete(self, number):
        key = self.keys.get(number)
        if key in self.rows:
            self.instances[number].pk = key
            self.instances[number].delete()
            self.forget(key)

    def do_empty(self, room):
        """Delete all rows of a room by a query."""
        Message.objects.using(self.database).filter(room_id=self.rooms[room]).delete()
        for key in [key for key, (where, _) in self.rows.items() if where == self.rooms[room]]:
            self.forget(key)

    def text(self):
        self.texts += 1
        return f"text {self.texts}"

    def note(self, instance):
        self.rows[instance.pk] = (instance.room_id, instance.text)
        self.touched.add(instance.pk)

    def forget(self, key):
        del self.rows[key]
        self.touched.add(key)

    def check(self):
        found = Message.objects.using(self.database).filter(room_id__in=self.rooms)
        assert {row.pk: (row.room_id, row.text) for row in found} == self.rows
        expected = [each for key in self.touched for each in self.differences(key)]
        assert sorted(map(repr, self.wire.take())) == sorted(map(repr, expected))
        self.committed, self.touched = dict(self.rows), set()
        for number in self.outdated:
            found = Message.objects.using(self.database).filter(pk=self.keys[number]).first()
            self.instances[number] = found or self.instances[number]
        self.outdated = set()

    def differences(self, key):
        before, after = self.committed.get(key), self.rows.get(key)
        if before is not None and (after is None or after[0] != before[0]):
            yield f"/room/{before[0]}", "message_deleted", {"id": key}
        if after is not None:
            event = "message_changed" if before is not None and before[0] == after[0] else "message_created"
            yield f"/room/{after[0]}", event, {"id": key, "text": after[1]}


@pytest.fixture
def following(wire):
    wire.websocket("/room/<int:room>").follow(Message, to={"room": "room_id"}, data=("id", "text"))


def test_what_is_told_is_the_difference(any_database, following, wire):
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(steps=st.lists(BLOCKS, min_size=1, max_size=6))
    def run(steps):
        wire.take()
        table = Table(wire, any_database)
        for step in steps:
            table.run(step)

    run()
