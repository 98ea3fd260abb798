"""What every store does."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain

import pytest
from django.db import connections

from tornado_websockets.core.recovery.record import MAX_SENDERS
from tornado_websockets.store import Entry, Event, Retention, Standing, shared_sender

TOPIC = "/room/a"


def entry(number, **options):
    return Entry(f'{{"event":"x","data":{{"n":{number}}}}}', **options)


def send(store, sender, first, last, keep=100, *, topic=TOPIC):
    store.append(topic, sender, first, [entry(number) for number in range(first, last + 1)], keep)


def kept(store, topic=TOPIC):
    return [(event.sender, event.number) for event in store.read(topic).events]


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "still waiting"
        time.sleep(0.005)


class TestEvents:
    def test_are_kept_as_they_were_sent(self, store):
        store.append(TOPIC, "A", 1, [Entry('{"event":"é <>"}', audience='{"exclude":["b"]}'), entry(2)], 100)
        assert list(store.read(TOPIC).events) == [
            Event("A", 1, '{"event":"é <>"}', '{"exclude":["b"]}'),
            Event("A", 2, entry(2).text),
        ]

    def test_of_several_senders_are_kept_in_the_order_in_which_they_came(self, store):
        send(store, "A", 1, 2)
        send(store, "B", 1, 1)
        send(store, "A", 3, 3)
        assert kept(store) == [("A", 1), ("A", 2), ("B", 1), ("A", 3)]

    def test_that_are_appended_again_are_kept_once(self, store):
        send(store, "A", 1, 3)
        send(store, "A", 2, 4)
        send(store, "A", 1, 1)
        assert kept(store) == [("A", number) for number in (1, 2, 3, 4)]

    def test_may_leave_out_numbers(self, store):
        send(store, "A", 1, 1)
        send(store, "A", 5, 5)
        assert kept(store) == [("A", 1), ("A", 5)]
        assert store.read(TOPIC).senders == {"A": Standing(5)}

    def test_may_be_none_where_only_the_last_number_is_known(self, store):
        send(store, "A", 1, 1)
        store.append(TOPIC, "A", 8, [], 100)
        assert kept(store) == [("A", 1)]
        assert store.read(TOPIC).senders == {"A": Standing(7)}

    def test_are_kept_up_to_a_count(self, store):
        send(store, "A", 1, 4, keep=3)
        send(store, "B", 1, 1, keep=3)
        assert kept(store) == [("A", 3), ("A", 4), ("B", 1)]

    def test_are_kept_up_to_so_many_bytes(self, make, namespace):
        store = make(Retention(bytes=1_000, namespace=namespace))
        for number in range(1, 6):
            store.append(TOPIC, "A", number, [Entry("x" * 300, audience="y" * 33)], 100)
        assert kept(store) == [("A", 3), ("A", 4), ("A", 5)]

    def test_that_are_larger_than_all_that_may_be_kept_are_not(self, make, namespace):
        store = make(Retention(bytes=1_000, namespace=namespace))
        send(store, "A", 1, 1)
        store.append(TOPIC, "A", 2, [Entry("x" * 1_001)], 100)
        assert kept(store) == []
        assert store.read(TOPIC).senders == {"A": Standing(2)}

    def test_are_kept_for_some_seconds_while_numbers_stay(self, make, namespace):
        store = make(Retention(seconds=0.3, namespace=namespace))
        send(store, "A", 1, 2)
        assert kept(store) == [("A", 1), ("A", 2)]
        until(lambda: not kept(store))
        assert store.read(TOPIC).senders == {"A": Standing(2)}

    def test_that_have_expired_take_no_room(self, make, namespace):
        store = make(Retention(seconds=0.3, bytes=1_000, namespace=namespace))
        store.append(TOPIC, "A", 1, [Entry("x" * 600)], 100)
        time.sleep(0.4)
        store.append(TOPIC, "A", 2, [Entry("x" * 300)] * 3, 100)
        assert kept(store) == [("A", 2), ("A", 3), ("A", 4)]

    def test_of_other_topics_are_apart(self, store):
        send(store, "A", 1, 1)
        send(store, "A", 1, 2, topic="/room/b")
        assert kept(store) == [("A", 1)]
        assert kept(store, "/room/b") == [("A", 1), ("A", 2)]

    def test_can_be_left_out_of_the_answer(self, store):
        send(store, "A", 1, 1)
        record = store.read(TOPIC, False)
        assert (list(record.events), record.senders) == ([], {"A": Standing(1)})

    def test_are_many_in_one_call(self, store):
        send(store, "A", 1, 200, keep=150)
        assert kept(store) == [("A", number) for number in range(51, 201)]


class TestNamespace:
    def test_keeps_projects_apart(self, make, namespace):
        store, other = (make(Retention(namespace=namespace + suffix)) for suffix in ("", "-other"))
        send(store, "A", 1, 1)
        assert kept(other) == []
        assert store.read(TOPIC).epoch != other.read(TOPIC).epoch


class TestEpoch:
    def test_is_there_before_anything_was_sent(self, store):
        record = store.read(TOPIC)
        assert record.position == {record.epoch: 0}
        assert store.read(TOPIC).epoch == record.epoch

    def test_stays_when_something_is_sent_or_forgotten(self, store):
        epoch = store.read(TOPIC).epoch
        send(store, "A", 1, 1)
        store.forget(TOPIC)
        assert store.read(TOPIC).position == {epoch: 0, "A": 1}

    def test_differs_from_topic_to_topic(self, store):
        assert store.read("/a").epoch != store.read("/b").epoch

    def test_ends_with_the_record(self, make, namespace):
        store = make(Retention(0.05, retained_seconds=0.3, sender_seconds=0.3, namespace=namespace))
        send(store, "A", 1, 1)
        before = store.read(TOPIC)
        time.sleep(0.5)  # it is the silence that ends it
        after = store.read(TOPIC)
        assert after.epoch != before.epoch
        assert after.position == {after.epoch: 0}


class TestLasts:
    def test_are_the_positions_of_all_topics_at_once(self, store):
        send(store, "A", 1, 3)
        send(store, "B", 1, 1)
        send(store, "A", 1, 1, topic="/b")
        epoch, other = store.read(TOPIC).epoch, store.read("/b").epoch
        assert store.lasts([TOPIC, "/b", "/nobody"]) == {TOPIC: {epoch: 0, "A": 3, "B": 1}, "/b": {other: 0, "A": 1}}

    def test_of_a_topic_without_senders_are_its_epoch_alone(self, store):
        assert store.lasts([TOPIC]) == {}
        epoch = store.read(TOPIC).epoch
        assert store.lasts([TOPIC]) == {TOPIC: {epoch: 0}}


class TestSharedSender:
    def test_numbers_for_processes_without_clients(self, store):
        shared = shared_sender(store.read(TOPIC).epoch)
        assert store.publish(TOPIC, "a", [entry(1), entry(2)], 100) == (shared, 1)
        assert store.publish(TOPIC, "b", [entry(3)], 100) == (shared, 3)
        assert kept(store) == [(shared, 1), (shared, 2), (shared, 3)]

    def test_numbers_a_call_once_however_often_it_is_tried(self, store):
        first = store.publish(TOPIC, "a", [entry(1)], 100)
        store.publish(TOPIC, "b", [entry(2)], 100)
        assert store.publish(TOPIC, "a", [entry(1)], 100) == first
        assert [event.text for event in store.read(TOPIC).events] == [entry(1).text, entry(2).text]

    def test_is_never_forgotten(self, store):
        shared, _ = store.publish(TOPIC, "a", [entry(1)], 100)
        for number in range(MAX_SENDERS + 5):
            send(store, f"S{number}", 1, 1)
        assert store.read(TOPIC).position[shared] == 1


class TestSenders:
    def test_are_listed_up_to_a_bound_the_shared_one_included(self, store):
        store.publish(TOPIC, "a", [entry(1)], 10)
        for number in range(1, MAX_SENDERS + 2):
            send(store, f"S{number}", 1, number, keep=1)
        record = store.read(TOPIC)
        assert len(record.position) == 1 + MAX_SENDERS
        assert record.forgotten == 2
        assert record.senders["S1"] == Standing(1, False, 1, 1)
        assert record.senders["S2"] == Standing(2, False, 2, 2)
        assert record.senders["S3"] == Standing(3)

    def test_that_send_again_are_listed_again_and_go_on_with_their_numbers(self, store):
        for number in range(1, MAX_SENDERS + 1):
            send(store, f"S{number}", 1, 3, keep=1_000)
        assert not store.read(TOPIC).senders["S1"].is_listed
        send(store, "S1", 2, 4, keep=1_000)
        record = store.read(TOPIC)
        assert record.senders["S1"] == Standing(4, True, 3, 1)
        assert [event.number for event in record.events if event.sender == "S1"] == [1, 2, 3, 4]
        assert record.forgotten == 2

    def test_that_are_silent_are_forgotten_when_another_comes(self, make, namespace):
        store = make(Retention(0.05, retained_seconds=60, sender_seconds=0.2, namespace=namespace))
        send(store, "A", 1, 1)
        time.sleep(0.3)  # it is the silence
        send(store, "B", 1, 1)
        record = store.read(TOPIC)
        assert record.position == {record.epoch: 1, "B": 1}
        assert record.senders["A"] == Standing(1, False, 1, 1)
        assert record.floor == 0
        time.sleep(0.3)
        send(store, "C", 1, 1)
        record = store.read(TOPIC)
        assert "A" not in record.senders
        assert record.floor == 1


class TestRetained:
    def test_is_the_newest_of_each_event(self, store):
        store.append(TOPIC, "A", 1, [entry(1, retained="track"), entry(2, retained="state")], 0)
        store.append(TOPIC, "A", 3, [entry(3, retained="track", audience="x")], 0)
        assert store.retained(TOPIC) == {
            "state": Event("A", 2, entry(2).text),
            "track": Event("A", 3, entry(3).text, "x"),
        }
        assert kept(store) == []

    def test_is_none_of_a_topic_that_nobody_has_sent_to(self, store):
        assert store.retained(TOPIC) == {}

    def test_that_is_appended_again_does_not_replace_a_newer_one(self, store):
        store.append(TOPIC, "A", 1, [entry(1, retained="track")], 0)
        store.append(TOPIC, "B", 1, [entry(2, retained="track")], 0)
        store.append(TOPIC, "A", 1, [entry(1, retained="track")], 0)
        assert store.retained(TOPIC)["track"].sender == "B"

    def test_is_kept_for_some_seconds(self, make, namespace):
        store = make(Retention(retained_seconds=0.3, namespace=namespace))
        store.append(TOPIC, "A", 1, [entry(1, retained="track")], 0)
        assert store.retained(TOPIC)
        until(lambda: not store.retained(TOPIC))

    def test_outlives_the_events(self, store):
        store.append(TOPIC, "A", 1, [entry(1, retained="track")], 2)
        send(store, "A", 2, 9, keep=2)
        assert store.retained(TOPIC)["track"].number == 1


class TestForgetting:
    @pytest.fixture
    def full(self, store):
        store.append(TOPIC, "A", 1, [entry(1, retained="track"), entry(2, retained="state")], 100)
        return store

    def test_an_event_drops_its_value_alone(self, full):
        full.forget(TOPIC, "track")
        assert list(full.retained(TOPIC)) == ["state"]
        assert kept(full) == [("A", 1), ("A", 2)]

    def test_everything_leaves_the_numbers(self, full):
        full.forget(TOPIC)
        assert full.retained(TOPIC) == {}
        assert kept(full) == []
        assert full.read(TOPIC).senders == {"A": Standing(2)}

    def test_everything_leaves_room_for_as_many_bytes_as_before(self, make, namespace):
        store = make(Retention(bytes=1_000, namespace=namespace))
        store.append(TOPIC, "A", 1, [Entry("x" * 900)], 100)
        store.forget(TOPIC)
        store.append(TOPIC, "A", 2, [Entry("x" * 900)], 100)
        assert kept(store) == [("A", 2)]

    def test_nothing_is_no_error(self, store):
        store.forget(TOPIC)
        store.forget(TOPIC, "track")
        assert store.retained(TOPIC) == {}


class TestSeveralAtOnce:
    """Threads here are as processes: each has a connection of its own."""

    @pytest.fixture
    def call_in_threads(self, kind):
        def call(*calls):
            def run(call):
                try:
                    return call()
                finally:
                    if kind in ("sqlite", "postgresql"):
                        with closing(connections[f"store_{kind}"]):
                            pass

            with ThreadPoolExecutor(len(calls)) as threads:
                return [future.result() for future in [threads.submit(run, call) for call in calls]]

        return call

    def test_make_one_record(self, store, call_in_threads):
        epochs = call_in_threads(*[lambda: store.read(TOPIC).epoch] * 4)
        assert len(set(epochs)) == 1

    def test_keep_the_order_of_each(self, store, call_in_threads):
        def sending(sender):
            return lambda: [send(store, sender, number, number, keep=1_000) for number in range(1, 26)]

        call_in_threads(*map(sending, "ABCD"))
        for sender in "ABCD":
            assert [event for event in kept(store) if event[0] == sender] == [(sender, n) for n in range(1, 26)]

    def test_are_given_numbers_of_their_own(self, store, call_in_threads):
        def publishing(name):
            return lambda: [store.publish(TOPIC, f"{name}{n}", [entry(n)], 1_000)[1] for n in range(10)]

        numbers = call_in_threads(*map(publishing, "abcd"))
        assert sorted(chain(*numbers)) == list(range(1, 41))
        assert [number for _, number in kept(store)] == list(range(1, 41))
