import time
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
    assert tidied == []
    store._tidy_at = time.monotonic()
    store.append("/a", "A", 2, [Entry("x")], 10)
    store.append("/a", "A", 3, [Entry("x")], 10)
    assert tidied == [1]


def test_a_thread_that_is_asked_nothing_closes_its_connection(store, alias):
    store.read("/a")
    idle = IdleConnection(store, 5.0)
    assert idle.seconds() == 5.0
    idle.tidy()
    assert connections[alias].connection is None
