import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.utils import timezone

from tornado_websockets.database_store import models
from tornado_websockets.store import Entry, Event, Retention
from tornado_websockets.store.database import DatabaseStore, IdleConnection


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def store(alias, namespace):
    return DatabaseStore(Retention(namespace=namespace), alias)


@pytest.fixture(autouse=True)
def empty(alias):
    models.Topic.objects.using(alias).all().delete()


def count(model, alias):
    return model.objects.using(alias).count()


def test_the_migration_makes_the_tables_of_the_models(alias):
    call_command("makemigrations", "websocket_store", check=True, dry_run=True, verbosity=0, skip_checks=True)


def test_nothing_is_written_inside_the_transaction_of_somebody_else(store, alias):
    with transaction.atomic(alias), pytest.raises(RuntimeError, match="durable"):
        store.append("/a", "A", 1, [Entry("x")], 10)


def test_a_call_that_fails_half_way_has_changed_nothing(store, alias):
    store.append("/a", "A", 1, [Entry("x")], 10)
    before = store.read("/a")
    with pytest.raises(AttributeError):
        store.append("/a", "A", 2, [Entry("y"), None], 10)
    assert store.read("/a") == before


def test_a_connection_that_the_server_has_cut_is_made_again(postgresql, namespace):
    store = DatabaseStore(Retention(namespace=namespace), postgresql)
    store.append("/a", "A", 1, [Entry("x")], 10)
    cutting = connections.create_connection(postgresql)
    with closing(cutting), cutting.cursor() as cursor:
        pid = connections[postgresql].connection.info.backend_pid
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert list(store.read("/a").events) == [Event("A", 1, "x")]


def test_reading_what_is_known_waits_for_no_lock(store, alias):
    """Of a view that has a transaction open on the same SQLite, say."""
    store.append("/a", "A", 1, [Entry("x")], 10)
    with transaction.atomic(alias):
        assert store.read("/a").senders.keys() == {"A"}
        assert store.retained("/a") == {}
        assert store.lasts(["/a"])["/a"]["A"] == 1


def test_tidying_deletes_what_has_expired_and_the_topics_that_have(alias, namespace):
    store = DatabaseStore(Retention(seconds=0.01, namespace=namespace), alias)
    other = DatabaseStore(Retention(seconds=0.01, namespace=namespace + "-other"), alias)
    for each in (store, other):
        each.publish("/a", "token", [Entry("x")], 10)
        each.append("/b", "A", 1, [Entry("x")], 10)
    time.sleep(0.05)
    old = timezone.now() - timedelta(days=2)
    models.Topic.objects.using(alias).filter(name="/b").update(touched_at=old)
    models.Token.objects.using(alias).update(sent_at=old)
    store.tidy()
    store.tidy()
    assert count(models.Event, alias) == count(models.Token, alias) == 0
    assert [topic.name for topic in models.Topic.objects.using(alias).all()] == ["/a", "/a"]


def test_tidying_happens_by_itself_now_and_then(store, alias, monkeypatch):
    tidied = []
    monkeypatch.setattr(store, "tidy", lambda: tidied.append(1))
    store.append("/a", "A", 1, [Entry("x")], 10)
    assert store._tidier is None
    store._tidy_at = time.monotonic()
    store.append("/a", "A", 2, [Entry("x")], 10)
    store._tidier.join(10)
    store.append("/a", "A", 3, [Entry("x")], 10)
    store._tidier.join(10)
    assert tidied == [1]


@pytest.mark.parametrize("call", ["append", "publish", "read"])
def test_nobody_waits_for_tidying(store, alias, monkeypatch, call):
    calls = {
        "append": lambda: store.append("/a", "A", 1, [Entry("x")], 10),
        "publish": lambda: store.publish("/a", "token", [Entry("x")], 10),
        "read": lambda: store.read("/a"),
    }
    may_end, connected = threading.Event(), []

    def tidy():
        connected.append(count(models.Topic, alias))
        connected.append(connections[alias])
        may_end.wait(10)

    monkeypatch.setattr(store, "tidy", tidy)
    for _ in range(2):  # one that hangs is not joined by another
        store._tidy_at = time.monotonic()
        calls[call]()
    assert store._tidier.is_alive()
    may_end.set()
    store._tidier.join(10)
    assert len(connected) == 2
    assert connected[1].connection is None


def test_tidying_that_fails_is_logged_and_tried_again(store, monkeypatch, caplog):
    def tidy():
        raise OSError("why")

    monkeypatch.setattr(store, "tidy", tidy)
    for number in (1, 2):
        store._tidy_at = time.monotonic()
        store.append("/a", "A", number, [Entry("x")], 10)
        store._tidier.join(10)
    assert [str(record.exc_info[1]) for record in caplog.records] == ["why"] * 2


class TestManyTopics:
    MANY = 1_200

    @pytest.fixture
    def quiet(self, alias):
        """Topics to which nobody has sent for an hour, with an event each."""
        return fill(alias, "quiet", self.MANY, timedelta(hours=1))

    @pytest.fixture
    def silent(self, alias):
        """Topics of which nobody knows for days."""
        return fill(alias, "silent", self.MANY, timedelta(days=2))

    def test_that_are_silent_are_all_deleted_and_those_that_are_quiet_lose_their_events(
        self, store, alias, silent, quiet
    ):
        store.publish("/a", "token", [Entry("x")], 10)
        store.tidy()
        assert {topic.name for topic in models.Topic.objects.using(alias).all()} == {"/a", *quiet}
        assert [event.topic.name for event in models.Event.objects.using(alias).all()] == ["/a"]

    def test_last_no_longer_for_being_tidied(self, store, alias, quiet):
        topics = models.Topic.objects.using(alias)
        before = dict(topics.values_list("name", "touched_at"))
        store.tidy()
        assert dict(topics.values_list("name", "touched_at")) == before

    def test_are_tidied_by_several_processes_at_once(self, alias, namespace, silent, quiet):
        def tidy(_):
            store = DatabaseStore(Retention(namespace=namespace), alias)
            try:
                store.tidy()
            finally:
                store.close()

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(tidy, range(3)))
        assert count(models.Topic, alias) == self.MANY
        assert count(models.Event, alias) == 0

    def test_that_somebody_sends_to_meanwhile_are_kept(self, store, alias, namespace, monkeypatch):
        store.append("/a", "A", 1, [Entry("x")], 10)
        topics = models.Topic.objects.using(alias)
        topics.update(touched_at=timezone.now() - timedelta(days=2))
        all_locked = store._all_locked

        def sends_first(keys):
            if keys:
                store.append("/a", "B", 1, [Entry("y")], 10)
            return all_locked(keys)

        monkeypatch.setattr(store, "_all_locked", sends_first)
        store.tidy()
        assert list(store.read("/a").events) == [Event("B", 1, "y")]


def fill(alias, prefix, how_many, age):
    then = timezone.now() - age
    topics = [
        models.Topic(key=f"{prefix}{number}", name=f"{prefix}{number}", epoch="e", touched_at=then)
        for number in range(how_many)
    ]
    models.Topic.objects.using(alias).bulk_create(topics)
    events = [
        models.Event(topic=topic, place=1, sender="A", number=1, text="x", audience="", start=0, sent_at=then)
        for topic in topics
    ]
    models.Event.objects.using(alias).bulk_create(events)
    return [topic.name for topic in topics]


def test_a_thread_that_is_asked_nothing_closes_its_connection(store, alias):
    store.read("/a")
    idle = IdleConnection(store, 5.0)
    assert idle.seconds() == 5.0
    idle.tidy()
    assert connections[alias].connection is None
