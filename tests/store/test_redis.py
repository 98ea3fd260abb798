import time

import pytest
import redis as redis_py

from tornado_websockets.store import Entry, Retention
from tornado_websockets.store.redis import RedisStore


@pytest.fixture
def store(redis, namespace):
    return RedisStore(redis.url, Retention(namespace=namespace))


def test_everything_is_under_the_namespace_and_expires(redis, store, namespace):
    store.append("/a", "A", 1, [Entry("x", retained="track")], 10)
    store.publish("/a", "token", [Entry("x")], 10)
    with redis.client() as client:
        keys = [key for key in client.scan_iter() if namespace in key]
        assert len(keys) == 4
        assert all(key.startswith(f"{namespace}:tws:{{/a}}") for key in keys)
        assert all(0 < client.ttl(key) <= 86_400 for key in keys)
        assert 0 < client.ttl(f"{namespace}:tws:{{/a}}:events") <= 300  # as long as an event is kept


def test_what_is_left_of_a_record_that_was_evicted_goes_with_it(redis, store, namespace):
    store.append("/a", "A", 1, [Entry("x", retained="track")], 10)
    epoch = store.read("/a").epoch
    with redis.client() as client:
        client.delete(f"{namespace}:tws:{{/a}}")
    record = store.read("/a")
    assert record.epoch != epoch
    assert (record.events, record.senders, store.retained("/a")) == ([], {}, {})


def test_events_that_were_evicted_leave_room_for_as_many_bytes_as_before(redis, namespace):
    store = RedisStore(redis.url, Retention(bytes=20, namespace=namespace))
    store.append("/a", "A", 1, [Entry("x" * 20)], 10)
    with redis.client() as client:
        client.delete(f"{namespace}:tws:{{/a}}:events")
    for number in (2, 3, 4):
        store.append("/a", "A", number, [Entry("x" * 10)], 10)
    assert [event.number for event in store.read("/a").events] == [3, 4]


def test_a_redis_that_was_flushed_has_other_epochs(mortal_redis):
    store = RedisStore(mortal_redis.url)
    epoch = store.read("/a").epoch
    with mortal_redis.client() as client:
        client.flushall()
    assert store.read("/a").epoch != epoch


def test_a_redis_that_was_restarted_has_other_epochs_though_it_has_saved_something(mortal_redis):
    store = RedisStore(mortal_redis.url)
    sender, _ = store.publish("/a", "token", [Entry("x", retained="track")], 10)
    epoch = store.read("/a").epoch
    with mortal_redis.client() as client:
        client.save()
    store.publish("/a", "another", [Entry("lost")], 10)
    mortal_redis.kill()
    mortal_redis.start()
    other, first = store.publish("/a", "third", [Entry("y")], 10)
    assert (other != sender, first) == (True, 1)
    record = store.read("/a")
    assert record.epoch != epoch
    assert [event.text for event in record.events] == ["y"]
    assert store.retained("/a")["track"].text == "x"


def test_a_connection_that_was_cut_is_made_again_at_once(redis, store):
    epoch = store.read("/a").epoch
    with redis.client() as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert store.read("/a").epoch == epoch


def test_a_redis_that_is_down_is_an_error_at_once(mortal_redis):
    store = RedisStore(mortal_redis.url)
    mortal_redis.kill()
    started = time.monotonic()
    with pytest.raises(redis_py.ConnectionError):
        store.read("/a")
    assert time.monotonic() - started < 1.0


def test_one_command_keeps_a_batch(mortal_redis):
    store = RedisStore(mortal_redis.url)
    store.append("/a", "A", 1, [Entry("x")], 10)
    before = mortal_redis.command_counts()["evalsha"]
    store.append("/a", "A", 2, [Entry("x")] * 20, 10)
    assert mortal_redis.command_counts()["evalsha"] == before + 1


def test_large_numbers_are_exact(store):
    first = 2**53 - 3
    store.append("/a", "A", first, [Entry("x")], 10)
    record = store.read("/a")
    assert (record.events[0].number, record.senders["A"].last) == (first, first)
