"""What is told of rows, on real databases."""

import copy
import datetime as dt
import pickle
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from uuid import UUID

import django
import pytest
from asgiref.sync import sync_to_async
from django.core import serializers as fixtures
from django.db import connections, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Upper
from django.test import TestCase, override_settings
from pydantic import BaseModel, StrictInt
from rest_framework import serializers

from tests.following.models import Customer, Loud, Message, Picture, Room, Ticket
from tornado_websockets.exceptions import PublishError
from tornado_websockets.following.columns import Column
from tornado_websockets.following.table import table_of

TO = {"room": "room_id"}
DATA = ("id", "text")

#: A text that a number, a UUID and a text may be written as.
KEY = "01234567012345670123456701234567"


class Undo(Exception):
    """Rolls a transaction back."""


@contextmanager
def undone(database):
    with suppress(Undo), transaction.atomic(using=database):
        yield
        raise Undo


@pytest.fixture
def rows(database):
    return Message.objects.using(database)


@pytest.fixture
def rooms(database):
    """The keys of three rooms, as they stand in paths."""
    return [Room.objects.using(database).create().pk for _ in range(3)]


@pytest.fixture
def followed(wire):
    ws = wire.websocket("/room/<int:room>")
    ws.follow(Message, to=TO, data=DATA)
    return ws


@pytest.fixture
def message(followed, rows, rooms, wire):
    """A row as it was loaded, of which nothing more is to be told."""
    key = rows.create(room_id=rooms[0], text="one").pk
    wire.take()
    return rows.get(pk=key)


def atomic(database):
    return transaction.atomic(using=database)


class TestOneSave:
    def test_a_new_row_is_created(self, followed, rows, rooms, wire):
        made = rows.create(room_id=rooms[0], text="hi")
        assert wire.take() == [(f"/room/{rooms[0]}", "message_created", {"id": made.pk, "text": "hi"})]

    def test_a_saved_row_is_changed(self, message, rooms, wire):
        message.text = "two"
        message.save()
        assert wire.take() == [(f"/room/{rooms[0]}", "message_changed", {"id": message.pk, "text": "two"})]

    def test_of_a_deleted_row_its_key_is_told(self, message, rooms, wire):
        key = message.pk
        message.delete()
        assert wire.take() == [(f"/room/{rooms[0]}", "message_deleted", {"id": key})]

    def test_a_row_that_moves_is_deleted_there_and_created_here(self, message, rooms, wire):
        message.room_id = rooms[1]
        message.save()
        assert wire.take() == [
            (f"/room/{rooms[0]}", "message_deleted", {"id": message.pk}),
            (f"/room/{rooms[1]}", "message_created", {"id": message.pk, "text": "one"}),
        ]

    def test_a_row_that_was_saved_here_moves_too(self, followed, rows, rooms, wire):
        made = rows.create(room_id=rooms[0])
        made.room_id = rooms[1]
        made.save()
        assert [(path, event) for path, event, _ in wire.take()][1:] == [
            (f"/room/{rooms[0]}", "message_deleted"),
            (f"/room/{rooms[1]}", "message_created"),
        ]

    def test_the_same_value_written_otherwise_is_no_move(self, message, rooms, wire):
        message.room_id = str(rooms[0])
        message.save()
        assert [event for _, event, _ in wire.take()] == ["message_changed"]

    def test_a_row_that_is_moved_but_not_saved_is_deleted_where_it_was(self, message, rooms, wire):
        message.room_id = rooms[1]
        message.delete()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[0]}", "message_deleted")]

    def test_a_row_without_a_room_is_nobodys_affair(self, message, rooms, wire):
        message.room_id = None
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[0]}", "message_deleted")]
        message.save()
        assert wire.take() == []
        message.room_id = rooms[1]
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[1]}", "message_created")]

    def test_a_fixture_is_skipped(self, message, wire, database):
        (loaded,) = fixtures.deserialize("json", fixtures.serialize("json", [message]))
        loaded.save(using=database)
        assert wire.take() == []

    def test_what_is_not_heard(self, message, rows, rooms, wire):
        rows.filter(pk=message.pk).update(text="x")
        rows.bulk_create([Message(room_id=rooms[0])])
        rows.bulk_update([message], ["text"])
        assert wire.take() == []

    def test_rows_that_go_with_another_are_deleted(self, message, rows, rooms, wire, database):
        other = rows.create(room_id=rooms[0])
        wire.take()
        Room.objects.using(database).get(pk=rooms[0]).delete()
        told = sorted(wire.take(), key=lambda each: each[2]["id"])
        assert told == [(f"/room/{rooms[0]}", "message_deleted", {"id": key}) for key in (message.pk, other.pk)]

    def test_rows_that_a_query_deletes_are_deleted(self, message, rows, rooms, wire):
        key = message.pk
        rows.filter(room_id=rooms[0]).delete()
        assert wire.take() == [(f"/room/{rooms[0]}", "message_deleted", {"id": key})]

    async def test_an_async_save_is_heard(self, followed, wire, rows, rooms):
        try:
            made = await rows.acreate(room_id=rooms[0])
        finally:
            await sync_to_async(connections.close_all)()
        assert wire.take() == [(f"/room/{rooms[0]}", "message_created", {"id": made.pk, "text": ""})]


class TestWhatAnInstanceDoesNotKnow:
    def test_a_row_that_was_not_loaded_is_changed_where_it_is(self, message, rooms, wire, database):
        Message(pk=message.pk, room_id=rooms[1], text="two").save(using=database)
        assert wire.take() == [(f"/room/{rooms[1]}", "message_changed", {"id": message.pk, "text": "two"})]

    def test_a_deferred_room_is_read_with_one_query(self, message, rows, rooms, wire, queries):
        partly = rows.only("text").get(pk=message.pk)
        partly.text = "two"
        assert len(queries(partly.save)) == 2
        assert wire.take() == [(f"/room/{rooms[0]}", "message_changed", {"id": message.pk, "text": "two"})]

    def test_a_deferred_room_that_is_set_is_changed_at_the_new_path_alone(self, message, rows, rooms, wire):
        partly = rows.only("text").get(pk=message.pk)
        partly.room_id = rooms[1]
        partly.save()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[1]}", "message_changed")]

    def test_a_deferred_room_that_is_looked_at_is_known(self, message, rows, rooms, wire):
        partly = rows.only("text").get(pk=message.pk)
        assert partly.room_id == rooms[0]
        partly.room_id = rooms[1]
        partly.save()
        assert [event for _, event, _ in wire.take()] == ["message_deleted", "message_created"]

    def test_a_row_that_is_read_again_is_known_anew(self, message, rows, rooms, wire):
        rows.filter(pk=message.pk).update(room_id=rooms[1])
        message.refresh_from_db()
        message.room_id = rooms[2]
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [
            (f"/room/{rooms[1]}", "message_deleted"),
            (f"/room/{rooms[2]}", "message_created"),
        ]

    def test_one_column_that_is_read_again(self, message, rows, rooms, wire):
        message.room_id = rooms[1]
        message.refresh_from_db(fields=["text"])
        message.save()
        assert wire.take()[0][:2] == (f"/room/{rooms[0]}", "message_deleted")

    @pytest.mark.parametrize(
        "read",
        [
            lambda row, rows: row.refresh_from_db(None, None, rows.all()),
            lambda row, rows: row.refresh_from_db(rows.db, ["room_id"]),
            lambda row, rows: row.refresh_from_db(fields=["room"]),
        ],
        ids=["query", "position", "name"],
    )
    def test_a_row_is_read_again_with_whatever_arguments(self, message, rows, rooms, wire, read):
        rows.filter(pk=message.pk).update(room_id=rooms[1])
        read(message, rows)
        message.delete()
        assert [path for path, _, _ in wire.take()] == [f"/room/{rooms[1]}"]

    def test_a_model_that_takes_names_alone_is_read_again(self, wire, database):
        wire.websocket("/of/<uuid:customer>").follow(Ticket, to={"customer": "customer_id"}, data=("id",))
        tickets = Ticket.objects.using(database)
        ana, ben = (Customer.objects.using(database).create() for _ in range(2))
        key = tickets.create(customer=ana, code="a").pk
        ticket = tickets.defer("code", "customer").get(pk=key)
        assert (ticket.code, ticket.customer_id) == ("a", ana.pk)
        tickets.filter(pk=key).update(customer=ben)
        ticket.refresh_from_db()
        wire.take()
        ticket.delete()
        assert [path for path, _, _ in wire.take()] == [f"/of/{ben.pk}"]

    def test_a_deferred_value_is_read_with_one_query(self, message, rows, wire, queries):
        partly = rows.only("room_id").get(pk=message.pk)
        assert len(queries(partly.save)) == 2
        assert wire.take()[0][2] == {"id": message.pk, "text": "one"}

    @pytest.mark.parametrize("partly", ["only", "made"])
    def test_a_row_is_deleted_where_it_was_though_nobody_loaded_that(self, message, rows, rooms, wire, partly):
        key = message.pk
        (rows.only("id").get(pk=key) if partly == "only" else Message(pk=key)).delete(using=rows.db)
        assert wire.take() == [(f"/room/{rooms[0]}", "message_deleted", {"id": key})]

    def test_an_expression_is_read_with_one_query(self, wire, rows, rooms, queries):
        wire.websocket("/likes").follow(Message, data=("likes",))
        made = rows.create(room_id=rooms[0], likes=2)
        wire.take()
        made.likes = F("likes") + 1
        # Django 6 has the UPDATE return what it has computed.
        assert len(queries(made.save)) == (2 if django.VERSION < (6,) else 1)
        assert wire.take() == [("/likes", "message_changed", {"likes": 3})]

    def test_an_expression_that_is_not_told_is_not_read(self, message, wire, queries):
        message.likes = F("likes") + 1
        assert len(queries(message.save)) == 1

    def test_nothing_else_is_asked(self, message, rooms, rows, queries):
        assert len(queries(message.save)) == 1
        message.room_id = rooms[1]
        assert len(queries(message.save)) == 1
        assert len(queries(partial(rows.create, room_id=rooms[0]))) == 1

    def test_of_some_fields_only_what_is_saved_is_told(self, message, rooms, wire, queries):
        message.room_id, message.text, message.likes = rooms[1], "never saved", 3
        assert len(queries(partial(message.save, update_fields=["likes"]))) == 1
        assert wire.take() == [(f"/room/{rooms[0]}", "message_changed", {"id": message.pk, "text": "one"})]

    def test_a_relation_may_be_named_by_either_name(self, message, rooms, wire):
        message.room_id, message.text = rooms[1], "never saved"
        message.save(update_fields=["room"])
        assert [event for _, event, _ in wire.take()] == ["message_deleted", "message_created"]

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda row: pickle.loads(pickle.dumps(row))])
    def test_copies_know_as_much(self, message, rooms, wire, copied):
        other = copied(message)
        other.room_id = rooms[1]
        other.save()
        assert [event for _, event, _ in wire.take()] == ["message_deleted", "message_created"]

    @pytest.mark.parametrize("end", ["delete", "save"])
    def test_what_an_instance_was_made_with_is_not_what_many_at_once_were_saved_with(self, wire, any_database, end):
        wire.websocket("/of/<uuid:customer>").follow(Ticket, to={"customer": "customer_id"}, data=("id",))
        ana, ben, eve = (Customer.objects.using(any_database).create() for _ in range(3))
        ticket = Ticket(customer=ana)
        ticket.customer = ben
        Ticket.objects.using(any_database).bulk_create([ticket])
        ticket.customer = eve
        getattr(ticket, end)()
        expected = (f"/of/{ben.pk}", "ticket_deleted") if end == "delete" else (f"/of/{eve.pk}", "ticket_changed")
        assert [(path, event) for path, event, _ in wire.take()] == [expected]

    def test_a_copy_under_a_new_key_is_created(self, message, rooms, wire):
        message.pk, message._state.adding, message.room_id = None, True, rooms[1]
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[1]}", "message_created")]

    def test_another_row_under_an_old_key_is_not_known(self, message, rows, rooms, wire):
        other = rows.create(room_id=rooms[2])
        wire.take()
        message.pk = other.pk
        message.room_id = rooms[1]
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[1]}", "message_changed")]


class TestTransactions:
    def test_nothing_is_told_before_the_commit(self, message, wire, database):
        with atomic(database):
            message.save()
            assert wire.take() == []
        assert len(wire.take()) == 1

    def test_nothing_is_told_of_what_is_undone(self, message, wire, database):
        with undone(database):
            message.save()
        assert wire.take() == []

    def test_saved_five_times_is_told_once_with_what_survived(self, message, rooms, wire, database):
        with atomic(database):
            for text in "abc":
                message.text = text
                message.save()
            for text in "de":
                with undone(database):
                    message.text = text
                    message.save()
        assert wire.take() == [(f"/room/{rooms[0]}", "message_changed", {"id": message.pk, "text": "c"})]

    def test_created_and_changed_is_created(self, followed, rows, rooms, wire, database):
        with atomic(database):
            made = rows.create(room_id=rooms[0])
            made.text, made.room_id = "hi", rooms[1]
            made.save()
        assert wire.take() == [(f"/room/{rooms[1]}", "message_created", {"id": made.pk, "text": "hi"})]

    def test_created_and_deleted_is_nothing(self, followed, rows, rooms, wire, database):
        with atomic(database):
            rows.create(room_id=rooms[0]).delete()
        assert wire.take() == []

    def test_deleted_and_created_is_changed(self, message, rows, rooms, wire, database):
        key = message.pk
        with atomic(database):
            message.delete()
            rows.create(pk=key, room_id=rooms[0], text="again")
        assert wire.take() == [(f"/room/{rooms[0]}", "message_changed", {"id": key, "text": "again"})]

    def test_moved_twice_is_moved_once(self, message, rooms, wire, database):
        with atomic(database):
            for room in rooms[1:]:
                message.room_id = room
                message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [
            (f"/room/{rooms[0]}", "message_deleted"),
            (f"/room/{rooms[2]}", "message_created"),
        ]

    def test_moved_and_deleted_is_deleted_where_pages_have_it(self, message, rooms, wire, database):
        with atomic(database):
            message.room_id = rooms[1]
            message.save()
            message.delete()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[0]}", "message_deleted")]

    def test_a_move_that_is_undone_was_none(self, message, rooms, wire, database):
        with atomic(database):
            with undone(database):
                message.room_id = rooms[1]
                message.save()
            message.room_id = rooms[2]
            message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [
            (f"/room/{rooms[0]}", "message_deleted"),
            (f"/room/{rooms[2]}", "message_created"),
        ]

    def test_a_transaction_that_is_undone_leaves_nothing_known(self, message, rooms, wire, database):
        with undone(database):
            message.room_id = rooms[1]
            message.save()
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [
            (f"/room/{rooms[0]}", "message_deleted"),
            (f"/room/{rooms[1]}", "message_created"),
        ]

    def test_one_that_moves_goes_and_comes_back_and_is_undone_is_where_it_was(
        self, message, rows, rooms, wire, database
    ):
        with undone(database):
            key, message.room_id = message.pk, rooms[1]
            message.save()
            rows.filter(room_id=rooms[1]).delete()  # which loads it, as it is now
            message.save()
        assert wire.take() == []
        message.pk = key
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [
            (f"/room/{rooms[0]}", "message_deleted"),
            (f"/room/{rooms[1]}", "message_created"),
        ]

    def test_what_was_read_again_after_a_save_is_known_after_the_commit(self, message, rooms, wire, database):
        with transaction.atomic(using=database):
            message.room_id = rooms[1]
            message.save()
            message.refresh_from_db()
        wire.take()
        message.room_id = rooms[2]
        message.save()
        assert [(path, event) for path, event, _ in wire.take()] == [
            (f"/room/{rooms[1]}", "message_deleted"),
            (f"/room/{rooms[2]}", "message_created"),
        ]

    def test_what_was_known_before_goes_with_the_commit(self, message, database):
        """Else a worker would keep all that it has ever saved."""
        for number in range(3):
            with transaction.atomic(using=database):
                message.text = f"text {number}"
                message.save()
                message.refresh_from_db()
        assert table_of(Message)._known(message, message.pk).cause.before is None

    def test_what_an_undone_savepoint_wrote_is_not_told_with_other_fields(self, message, wire, database):
        with atomic(database):
            with undone(database):
                message.text = "undone"
                message.save()
            message.save(update_fields=["likes"])
        assert wire.take()[0][2] == {"id": message.pk, "text": "one"}

    def test_what_another_instance_has_saved_meanwhile_counts(self, message, rows, rooms, wire, database):
        with atomic(database):
            other = rows.get(pk=message.pk)
            other.room_id = rooms[1]
            other.save()
            message.text = "two"
            message.save(update_fields=["text"])
        assert wire.take() == [
            (f"/room/{rooms[0]}", "message_deleted", {"id": message.pk}),
            (f"/room/{rooms[1]}", "message_created", {"id": message.pk, "text": "two"}),
        ]

    def test_what_another_instance_has_saved_counts_no_more_when_it_is_undone(self, message, rows, wire, database):
        with atomic(database):
            with undone(database):
                other = rows.get(pk=message.pk)
                other.text = "undone"
                other.save()
            message.save(update_fields=["likes"])
        assert wire.take()[0][2] == {"id": message.pk, "text": "one"}

    def test_rows_are_told_in_the_order_in_which_they_were_touched(self, followed, rows, rooms, wire, database):
        with atomic(database):
            first, second = (rows.create(room_id=rooms[0]) for _ in range(2))
            first.save()
        assert [data["id"] for _, _, data in wire.take()] == [first.pk, second.pk]

    def test_another_database_is_not_waited_for(self, message, wire, tmp_path):
        with transaction.atomic(using="default"):
            message.save()
            assert len(wire.take()) == 1

    def test_transactions_by_hand_are_not_waited_for(self, message, wire, database):
        transaction.set_autocommit(False, using=database)
        try:
            message.save()
            assert len(wire.take()) == 1
        finally:
            transaction.rollback(using=database)
            transaction.set_autocommit(True, using=database)

    def test_values_are_taken_at_the_save(self, message, wire, database):
        with atomic(database):
            message.save()
            message.text = "later"
        assert wire.take()[0][2]["text"] == "one"

    def test_a_failing_call_after_the_commit_hides_nothing_that_came_before(self, message, rows, rooms, wire, database):
        def fail():
            raise RuntimeError("of the application")

        with suppress(RuntimeError), atomic(database):
            message.save()
            transaction.on_commit(fail, using=database)
            rows.create(room_id=rooms[0])
        assert [event for _, event, _ in wire.take()] == ["message_changed", "message_created"]

    def test_what_a_test_captures_is_told_as_if_it_were_committed(self, followed, rows, rooms, wire, database):
        with undone(database):  # as TestCase has it
            made = rows.create(room_id=rooms[0], text="in setUp")
            for _ in range(2):
                with TestCase.captureOnCommitCallbacks(using=database, execute=True):
                    made.save()
                assert [event for _, event, _ in wire.take()] == ["message_changed"]


class TestFamilies:
    def test_a_proxy_is_told_of_as_its_model(self, followed, rows, rooms, wire, database):
        made = Loud.objects.using(database).create(room_id=rooms[0])
        assert wire.take() == [(f"/room/{rooms[0]}", "message_created", {"id": made.pk, "text": ""})]
        made.delete()
        assert [event for _, event, _ in wire.take()] == ["message_deleted"]

    def test_a_child_is_told_of_once_under_the_key_of_its_parent(self, followed, rooms, wire, database):
        made = Picture.objects.using(database).create(room_id=rooms[0], width=3)
        key = made.pk
        assert wire.take() == [(f"/room/{rooms[0]}", "message_created", {"id": key, "text": ""})]
        made.room_id = rooms[1]
        made.save()
        assert [event for _, event, _ in wire.take()] == ["message_deleted", "message_created"]
        made.delete()
        assert wire.take() == [(f"/room/{rooms[1]}", "message_deleted", {"id": key})]

    def test_a_child_that_goes_without_its_parent_is_no_end_of_the_parent(self, followed, rooms, wire, database):
        made = Picture.objects.using(database).create(room_id=rooms[0])
        wire.take()
        made.delete(keep_parents=True)
        assert wire.take() == []

    def test_a_parent_goes_with_its_child(self, followed, rows, rooms, wire, database):
        made = Picture.objects.using(database).create(room_id=rooms[0])
        wire.take()
        key = made.pk
        rows.get(pk=key).delete()
        assert wire.take() == [(f"/room/{rooms[0]}", "message_deleted", {"id": key})]

    def test_a_child_may_be_followed_by_itself(self, rows, rooms, wire, database):
        wire.websocket("/pictures").follow(Picture, data=("id", "width"))
        rows.create(room_id=rooms[0])
        made = Picture.objects.using(database).create(room_id=rooms[0], width=3)
        key = made.pk
        made.delete()
        assert wire.take() == [
            ("/pictures", "picture_created", {"id": key, "width": 3}),
            ("/pictures", "picture_deleted", {"id": key}),
        ]

    def test_a_child_that_was_moved_but_not_saved_is_deleted_where_it_was(
        self, followed, rooms, wire, database, queries
    ):
        made = Picture.objects.using(database).create(room_id=rooms[0])
        wire.take()
        made.room_id = rooms[1]
        assert not [sql for sql in queries(made.delete) if sql.startswith("SELECT")]
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[0]}", "message_deleted")]

    def test_a_parent_that_is_had_of_its_child_is_known(self, followed, rooms, wire, database):
        made = Picture.objects.using(database).create(room_id=rooms[0])
        wire.take()
        parent = made.message_ptr
        parent.room_id = rooms[1]
        parent.save()
        assert [event for _, event, _ in wire.take()] == ["message_deleted", "message_created"]

    def test_a_child_that_loads_by_itself_is_known(self, followed, rooms, wire, database):
        class Loading(Message):
            class Meta:
                app_label = "project"
                proxy = True

            @classmethod
            def from_db(cls, db, field_names, values):
                row = cls(**dict(zip(field_names, values, strict=True)))
                row._state.adding, row._state.db = False, db
                return row

        made = Loading.objects.using(database).create(room_id=rooms[0])
        wire.take()
        made = Loading.objects.using(database).get(pk=made.pk)
        made.room_id = rooms[1]
        made.save()
        assert [event for _, event, _ in wire.take()] == ["message_deleted", "message_created"]

    def test_a_proxy_that_is_followed_stands_for_its_model(self, rows, rooms, wire):
        wire.websocket("/loud").follow(Loud, data=("shout",))
        rows.create(room_id=rooms[0], text="hi")
        assert wire.take() == [("/loud", "loud_created", {"shout": "HI"})]

    def test_a_model_that_is_made_later_is_followed_too(self, followed, rooms, wire, database):
        class Later(Message):
            class Meta:
                app_label = "project"
                proxy = True

        Later.objects.using(database).create(room_id=rooms[0])
        assert [event for _, event, _ in wire.take()] == ["message_created"]


class Base(models.Model):
    room = models.IntegerField()

    class Meta:
        app_label = "project"


class Child(Base):
    class Meta:
        app_label = "project"


def test_a_child_that_was_followed_before_its_parent_is_read_again_for_both(wire, database):
    with connections[database].schema_editor() as editor:
        editor.create_model(Base)
        editor.create_model(Child)
    for model in (Child, Base):
        wire.websocket(f"/{model.__name__}/<int:room>").follow(model, to={"room": "room"}, data=("id",))
    key = Child.objects.using(database).create(room=1).pk
    child = Child.objects.using(database).defer("room").get(pk=key)
    assert child.room == 1
    wire.take()
    child.room = 2
    child.save()
    expected = [f"/{name}/{room}" for name in ("Base", "Child") for room in (1, 2)]
    assert sorted(path for path, _, _ in wire.take()) == expected


class TestToAFunction:
    @pytest.fixture
    def ws(self, wire):
        ws = wire.websocket("/room/<int:room>")
        ws.follow(Message, to=lambda row: {"room": row.room_id} if row.text else None, data=DATA)
        return ws

    def test_a_row_is_told_where_the_function_says(self, ws, rows, rooms, wire):
        made = rows.create(room_id=rooms[0], text="hi")
        assert wire.take() == [(f"/room/{rooms[0]}", "message_created", {"id": made.pk, "text": "hi"})]

    def test_none_is_nobody(self, ws, rows, rooms, wire):
        rows.create(room_id=rooms[0]).delete()
        assert wire.take() == []

    def test_a_row_that_moves_is_changed_at_the_new_path_alone(self, ws, rows, rooms, wire):
        made = rows.create(room_id=rooms[0], text="hi")
        wire.take()
        made.room_id = rooms[1]
        made.save()
        assert [(path, event) for path, event, _ in wire.take()] == [(f"/room/{rooms[1]}", "message_changed")]

    def test_a_deleted_row_is_told_where_the_function_says(self, ws, rows, rooms, wire):
        rows.create(room_id=rooms[0], text="hi").delete()
        assert [(path, event) for path, event, _ in wire.take()][1:] == [(f"/room/{rooms[0]}", "message_deleted")]

    def test_it_is_asked_where_the_path_has_no_parameters_too(self, rows, rooms, wire):
        wire.websocket("/all").follow(Message, to=lambda row: {} if row.text else None, data=DATA)
        rows.create(room_id=rooms[0])
        rows.create(room_id=rooms[0], text="hi")
        assert len(wire.take()) == 1

    @pytest.mark.parametrize(
        "wrong",
        [lambda row: 1 / 0, lambda row: "lobby", lambda row: {}, lambda row: {"room": "x"}],
        ids=["raises", "no dict", "none of the path", "no room"],
    )
    def test_no_save_fails_by_it(self, rows, rooms, wire, caplog, wrong):
        wire.websocket("/room/<int:room>").follow(Message, to=wrong, data=DATA)
        wire.websocket("/all").follow(Message, data=("text",))
        rows.create(room_id=rooms[0]).delete()
        assert [event for _, event, _ in wire.take()] == ["message_created", "message_deleted"]
        assert "No path for a row (project.Message" in caplog.text


@dataclass
class Short:
    id: int
    text: str


class Serialized(serializers.ModelSerializer):
    class Meta:
        model = Message
        fields = ("id", "likes")


def short(row) -> Short:
    return Short(row.pk, row.text)


class Shortening:
    def __call__(self, row) -> Short:
        return short(row)


class TestData:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (["text", "shout"], {"text": "hi", "shout": "HI"}),
            (("pk", "room"), {"pk": 0, "room": 1}),
            (("room_id", "file", "at"), {"room_id": 1, "file": "a.txt", "at": None}),
            (lambda row: {"loud": row.text + "!"}, {"loud": "hi!"}),
            (short, {"id": 0, "text": "hi"}),
            (Shortening(), {"id": 0, "text": "hi"}),
            (partial(Shortening()), {"id": 0, "text": "hi"}),
            (Short, {"id": 0, "text": "hi"}),
            (Serialized, {"id": 0, "likes": 0}),
        ],
    )
    def test_what_is_told(self, rows, rooms, wire, data, expected):
        wire.websocket("/all").follow(Message, data=data)
        made = rows.create(room_id=rooms[0], text="hi", file="a.txt")
        numbers = {"pk": made.pk, "id": made.pk, "room": rooms[0], "room_id": rooms[0]}
        expected = {name: numbers.get(name, value) for name, value in expected.items()}
        assert wire.take() == [("/all", "message_created", expected)]

    @pytest.mark.parametrize(
        "wrong",
        [lambda row: 1 / 0, lambda row: [1], lambda row: {"x": object()}],
        ids=["raises", "no dict", "no JSON"],
    )
    def test_no_save_fails_by_it(self, rows, rooms, wire, caplog, wrong):
        wire.websocket("/room/<int:room>").follow(Message, to=TO, data=wrong)
        made = rows.create(room_id=rooms[0])
        assert wire.take() == []
        assert "No data of a row (project.Message" in caplog.text
        made.delete()
        assert [event for _, event, _ in wire.take()] == ["message_deleted"]

    @pytest.mark.parametrize("option", ["to", "data"])
    def test_a_query_that_fails_in_a_block_of_its_own_breaks_no_transaction(self, any_database, wire, caplog, option):
        def fail(row):
            with transaction.atomic(using=row._state.db), connections[row._state.db].cursor() as cursor:
                cursor.execute("SELECT nothing FROM nowhere")

        wire.websocket("/broken").follow(Message, **{"to": lambda row: {}, "data": ("id",), option: fail})
        wire.websocket("/all").follow(Message, data=("text",), prefix="line")
        rows = Message.objects.using(any_database)
        with atomic(any_database):
            made = rows.create(text="hi")
            assert rows.get(pk=made.pk).text == "hi"
        assert wire.take() == [("/all", "line_created", {"text": "hi"})]
        assert "nowhere" in caplog.text

    def test_no_save_fails_where_the_layer_refuses(self, followed, rows, rooms, wire):
        wire._publisher.error = PublishError("message_created", "/room/1")
        assert rows.create(room_id=rooms[0]).pk is not None


class ColourField(models.CharField):
    """As a project may have one, whose values are none of its base's."""

    def from_db_value(self, value, expression, connection):
        return tuple(value.split("-"))

    def get_prep_value(self, value):
        return "-".join(value)


class Offer(models.Model):
    price = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    flag = models.BooleanField(default=False)
    count = models.IntegerField(default=0)
    score = models.FloatField(null=True)
    day = models.DateField(null=True)
    code = models.CharField(max_length=20, default="")
    colour = ColourField(max_length=20, default=("r", "g"))

    class Meta:
        app_label = "project"


class TestOtherTypes:
    """An instance may have values, which Django saves, of other types than it loads."""

    @pytest.fixture
    def offers(self, wire, database):
        """Rows of a table that is followed by all its columns."""
        if Offer._meta.db_table not in connections[database].introspection.table_names():
            with connections[database].schema_editor() as editor:
                editor.create_model(Offer)
        wire.websocket("/offers").follow(Offer, data=[field.name for field in Offer._meta.concrete_fields])
        yield Offer.objects.using(database)
        table_of(Offer)._followings.clear()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("price", 9.99),
            ("flag", 1),
            ("count", True),
            ("count", 7.0),
            ("score", 3),
            ("day", dt.datetime(2020, 2, 29, 12, tzinfo=dt.UTC)),
            ("code", 5),
            ("colour", ("g", "b")),
        ],
    )
    def test_a_new_row_is_told_as_a_loaded_one_is(self, offers, wire, name, value):
        key = offers.create(**{"price": Decimal("1.50"), name: value}).pk
        [(_, _, made)] = wire.take()
        offers.get(pk=key).save()
        [(_, _, loaded)] = wire.take()
        assert [made, *map(type, made.values())] == [loaded, *map(type, loaded.values())]

    def test_a_number_that_is_none_of_its_field_is_told_as_a_text_too(self, offers, wire):
        offers.create()
        assert wire.take()[0][2]["price"] == "0"

    def test_an_expression_is_no_value(self):
        expression = Upper(Value("a"))
        assert Column(Offer._meta.get_field("code")).read(expression) is expression


class Exact(BaseModel):
    id: UUID
    day: dt.date | None
    likes: StrictInt


def test_a_strict_type_takes_what_columns_have(wire, database):
    wire.websocket("/all").follow(Ticket, data=Exact)
    customer = Customer.objects.using(database).create()
    made = Ticket.objects.using(database).create(customer=customer, day=dt.date(2020, 2, 29))
    assert wire.take() == [("/all", "ticket_created", {"id": str(made.pk), "day": "2020-02-29", "likes": 0})]


class Shouting(models.Model):
    text = models.TextField(default="")
    loud = models.GeneratedField(expression=Upper("text"), output_field=models.TextField(), db_persist=True)

    class Meta:
        app_label = "project"


def test_what_the_database_computes_is_read(wire, database, queries):
    with connections[database].schema_editor() as editor:
        editor.create_model(Shouting)
    wire.websocket("/loud").follow(Shouting, data=("loud",))
    made = Shouting.objects.using(database).create(text="a")
    made.text = "b"
    assert len(queries(made.save)) == 2
    assert [data for _, _, data in wire.take()] == [{"loud": "A"}, {"loud": "B"}]


class Seat(models.Model):
    pk = models.CompositePrimaryKey("row", "number")
    row = models.IntegerField()
    number = models.IntegerField()
    hall = models.IntegerField(default=1)

    class Meta:
        app_label = "project"


def test_a_key_may_have_several_columns(wire, database):
    with connections[database].schema_editor() as editor:
        editor.create_model(Seat)
    wire.websocket("/hall/<int:hall>").follow(Seat, to={"hall": "hall"}, data=("row", "number"))
    Seat.objects.using(database).create(row=1, number=2)
    seat = Seat.objects.using(database).get()
    seat.hall = 2
    seat.save()
    seat.delete()
    data = {"row": 1, "number": 2}
    assert wire.take() == [
        ("/hall/1", "seat_created", data),
        ("/hall/1", "seat_deleted", {"id": [1, 2]}),
        ("/hall/2", "seat_created", data),
        ("/hall/2", "seat_deleted", {"id": [1, 2]}),
    ]


def test_under_debug_data_that_do_not_fit_are_logged_and_the_row_is_saved(wire, rows, rooms, caplog):
    ws = wire.websocket("/declared", sends={"message_changed": Short})
    ws.follow(Message, data=("likes",))
    with override_settings(DEBUG=True):
        assert rows.create(room_id=rooms[0]).pk is not None
    assert wire.take() == []
    assert "The data of 'message_changed' on '/declared' do not fit" in caplog.text


class TestTexts:
    """An instance may have texts, which Django saves, for what its columns have as something else."""

    @pytest.fixture
    def tickets(self, any_database, wire):
        ws = wire.websocket("/of/<uuid:customer>")
        ws.follow(Ticket, to={"customer": "customer_id"}, data=("id", "customer", "code", "likes", "day"))
        return Ticket.objects.using(any_database)

    @pytest.fixture
    def ana(self, any_database):
        return Customer.objects.using(any_database).create()

    @pytest.fixture
    def ticket(self, tickets, ana, wire):
        key = tickets.create(customer=ana).pk
        wire.take()
        return tickets.get(pk=key)

    def test_a_row_that_is_saved_with_a_text_stays_where_it_is(self, ticket, ana, wire):
        ticket.customer_id = ana.pk.hex
        ticket.save()
        [(path, event, data)] = wire.take()
        assert (path, event, data["customer"]) == (f"/of/{ana.pk}", "ticket_changed", str(ana.pk))

    def test_a_row_that_is_moved_with_a_text_moves(self, ticket, ana, any_database, wire):
        ben = Customer.objects.using(any_database).create()
        ticket.customer_id = ben.pk.hex
        ticket.save()
        told = [(path, event) for path, event, _ in wire.take()]
        assert told == [(f"/of/{ana.pk}", "ticket_deleted"), (f"/of/{ben.pk}", "ticket_created")]

    def test_a_row_that_is_made_with_texts_is_one_with_itself(self, tickets, ana, wire):
        key = "0123456789abcdef0123456789abcdef"
        made = tickets.create(pk=key, customer_id=ana.pk.hex, likes="5", day="2020-02-29", code=key)
        tickets.get(pk=key).save()
        dashes = "01234567-89ab-cdef-0123-456789abcdef"
        data = {"id": dashes, "customer": str(ana.pk), "code": key, "likes": 5, "day": "2020-02-29"}
        assert wire.take() == [(f"/of/{ana.pk}", "ticket_created", data), (f"/of/{ana.pk}", "ticket_changed", data)]
        made.delete()
        assert wire.take() == [(f"/of/{ana.pk}", "ticket_deleted", {"id": dashes})]

    def test_a_key_that_is_written_otherwise_is_the_same_row_in_a_transaction(self, ticket, ana, any_database, wire):
        with atomic(any_database):
            ticket.likes = 1
            ticket.save()
            ticket.pk = ticket.pk.hex
            ticket.likes = F("likes") + 1
            ticket.save()
        [(path, event, data)] = wire.take()
        assert (path, event, data["likes"]) == (f"/of/{ana.pk}", "ticket_changed", 2)

    def test_a_text_that_its_field_does_not_know_is_taken_as_it_is(self):
        assert Column(Ticket._meta.get_field("likes")).read("many") == "many"

    @pytest.mark.parametrize(("name", "value"), [("code", KEY), ("likes", int(KEY)), ("customer", UUID(KEY))])
    def test_a_text_is_what_its_field_makes_of_it(self, name, value):
        assert Column(Ticket._meta.get_field(name)).read(KEY) == value

    def test_a_key_that_its_field_fails_to_read_ends_no_deletion(self, ticket, wire, monkeypatch):
        def fail(text):
            raise KeyError(text)

        monkeypatch.setattr(Ticket._meta.pk, "to_python", fail)
        monkeypatch.setattr(Ticket._meta.pk, "get_prep_value", lambda value: UUID(str(value)))
        ticket.pk = ticket.pk.hex
        ticket.delete()
        assert [event for _, event, _ in wire.take()] == ["ticket_deleted"]
