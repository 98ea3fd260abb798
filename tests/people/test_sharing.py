"""Two processes in one, which share a store: each has a hub, a relay and a WebSocket of its own."""

import asyncio
import json
import threading
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.test import override_settings

from channels_bridge.relay.publisher import Relay
from tests.support.layers import BROKER
from tests.support.people import process_at
from tests.support.waiting import until
from tornado_websockets.core.connections.socket import connection_of
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.people.place import Said
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.exceptions import StoreError
from tornado_websockets.people.sharing import Sharing, SharingPace, _Work, key_of
from tornado_websockets.store import Entry, current
from tornado_websockets.store.current import current_store
from tornado_websockets.store.memory import MemoryStore
from tornado_websockets.testing import Client
from tornado_websockets.websocket import endpoint_of

ADA, BOB, CLEO = (
    SimpleNamespace(pk=number, is_authenticated=True, name=name)
    for number, name in enumerate(("Ada", "Bob", "Cleo"), 1)
)

#: So seldom that nothing but a note tells of a change; and so often that notes are not needed.
BY_NOTES = SharingPace(renewal=60.0, lifetime=120.0)
BY_RENEWAL = SharingPace(renewal=0.05, lifetime=0.4)

#: The same, where nobody may be late on a busy machine; and where others have time to read what has changed.
IN_PEACE = SharingPace(renewal=0.3, lifetime=30.0, rest=0.02)
IN_TURN = replace(IN_PEACE, rest=0.2)


class SlowStore(MemoryStore):
    """One that may wait."""

    waits = True


class BrokenStore(MemoryStore):
    """One that tells nothing."""

    def retained(self, topic):
        raise ConnectionError


class NonsenseStore(SlowStore):
    """One that answers what no store should.

    :ivar talks_nonsense_of: the call that it does so to; ``nonsense`` counts how often.
    """

    talks_nonsense_of = None
    nonsense = 0

    def publish(self, *arguments):
        return self._or_nonsense("publish", super().publish(*arguments))

    def retained(self, topic):
        return self._or_nonsense("retained", super().retained(topic))

    def _or_nonsense(self, call, answer):
        if self.talks_nonsense_of != call:
            return answer
        self.nonsense += 1
        return None


class MortalStore(SlowStore):
    """One that goes down when it is told to.

    :ivar refusals: how often it was asked then.
    """

    is_down = False
    refusals = 0

    def publish(self, *arguments):
        if self.is_down:
            self.refusals += 1
            raise ConnectionError
        return super().publish(*arguments)


def stored_by(name):
    return override_settings(
        CHANNEL_LAYERS=BROKER,
        TORNADO_WEBSOCKETS={"STORE": f"{__name__}.{name}", "PRESENCE_GRACE": 0.2},
    )


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    monkeypatch.setattr(current, "keep_tests_to_memory", lambda: None)  # here, clients shall share what is named
    for name in ("begin_test", "end_test"):
        monkeypatch.setattr(Relay, name, lambda self: None)
    with stored_by("SlowStore"):
        yield


def name_of(socket):
    return {"name": socket.user.name, "tab": socket.state.get("tab", 0)}


@pytest.fixture
def start(key):
    """Starts what is another process to others."""

    def start(pace=BY_NOTES, *, is_connected=True):
        return process_at(f"/here/{key}", name_of, pace, is_connected=is_connected)

    return start


def written_at(ws):
    return str(current_store().store.retained(key_of(ws.path)))


def enter(ws, user):
    return Client(ws.path, user=user, websocket=ws)


async def all_is_read(key, *watchers):
    """Return when the processes of these have read what others had written by now."""
    elsewhere = process_at(f"/here/{key}", name_of, IN_TURN)
    async with enter(elsewhere, CLEO):
        await until(lambda: all("3" in watcher.people for watcher in watchers))


async def test_clients_see_the_people_of_all_processes(start):
    here, there = start(), start()
    async with enter(here, ADA) as ada:
        async with enter(there, BOB) as bob:
            await until(lambda: set(ada.people) == set(bob.people) == {"1", "2"})
            assert ada.people == bob.people
        await until(lambda: set(ada.people) == {"1"})


async def test_one_whose_name_is_half_a_pair_hides_nobody(start):
    here, there = start(), start()
    odd = SimpleNamespace(pk=4, is_authenticated=True, name="B\ud800b")
    async with enter(here, ADA) as ada, enter(here, odd), enter(there, BOB) as bob:
        await until(lambda: set(ada.people) == set(bob.people) == {"1", "2", "4"})


async def test_a_user_with_tabs_in_two_processes_is_one_and_the_newest_info_counts(start):
    here, there = start(), start()
    async with enter(here, ADA) as one, enter(there, ADA) as two:
        await until(lambda: one.people.get("1", {}).get("connections") == 2 == two.people["1"]["connections"])
        for number, client in ((1, one), (2, two), (3, one)):
            client.connection.present({"tab": number})
            wanted = {"1": {"id": "1", "info": {"tab": number}, "connections": 2}}
            await until(lambda wanted=wanted: one.people == wanted and two.people == wanted)


async def test_who_reconnects_to_another_process_has_not_left(start):
    here, there = start(), start()
    async with enter(here, BOB) as bob:
        async with enter(there, ADA):
            await until(lambda: "1" in bob.people)
        async with enter(here, ADA):
            left = []
            async with asyncio.TaskGroup() as group:
                group.create_task(note_departures(bob, left))
            assert left == []


async def note_departures(client, left):
    """Those of whom the client is told within a while that they have left."""
    try:
        while True:
            left += (await client.receive("presence", timeout=0.6)).get("left", [])
    except AssertionError:
        return


async def test_a_note_that_is_lost_costs_a_renewal(start):
    here, there = start(BY_RENEWAL, is_connected=False), start(BY_RENEWAL, is_connected=False)
    async with enter(here, ADA) as ada, enter(there, BOB) as bob:
        await until(lambda: set(ada.people) == set(bob.people) == {"1", "2"})


async def test_the_people_of_a_process_that_is_killed_are_gone_soon(start):
    here, there = start(BY_RENEWAL), start(BY_RENEWAL)
    async with enter(here, ADA) as ada, enter(there, BOB) as bob:
        await until(lambda: set(ada.people) == {"1", "2"})
        endpoint_of(there).presence._sharing._tasks[there.path].task.cancel()
        await until(lambda: set(ada.people) == {"1"})
        assert bob.close_code is None


async def test_the_people_of_a_process_that_stops_outlast_it(start):
    here, there = start(BY_RENEWAL), start(BY_RENEWAL)
    async with enter(here, ADA) as ada, enter(there, BOB) as bob:
        await until(lambda: set(ada.people) == {"1", "2"})
        connection_of(bob.connection).end(Close(1012, "retry=1000"))
        await until(lambda: bob.close_code == 1012 and bob.connection not in there.handlers)
        work = endpoint_of(there).presence._sharing._tasks[there.path]
        await until(lambda: not work.hurry.is_set())
        await asyncio.sleep(BY_RENEWAL.rest)  # in which it renews them once more
        work.task.cancel()
        with pytest.raises(TimeoutError):
            await until(lambda: "2" not in ada.people, 2 * BY_RENEWAL.lifetime)
        assert await here.ais_present(BOB)


async def test_nobodies_who_come_back_after_a_stop_are_counted_once(key):
    here, there = (process_at(f"/here/{key}", "count", BY_NOTES) for _ in range(2))
    async with AsyncExitStack() as stack:
        watcher, *others = [await stack.enter_async_context(enter(ws, None)) for ws in (here, there, there, there)]
        while await watcher.receive("presence") != {"count": 4}:
            pass
        for other in others:
            connection_of(other.connection).end(Close(1012, "retry=1000"))
        await until(lambda: all(other.close_code == 1012 for other in others))
        place = endpoint_of(here).presence._places[here.path]
        await until(lambda: sum("awaited since" in info for info, _ in place.said()) == 3)
        for count in (4, 4, 4, 5):
            back = await stack.enter_async_context(enter(here, None))
            assert await back.receive("presence") == {"count": count}
        assert await watcher.receive("presence") == {"count": 5}  # and nothing else since it was 4


async def test_nobodies_who_are_sent_away_twice_are_counted_once(key):
    first, second, third = (process_at(f"/here/{key}", "count", BY_NOTES) for _ in range(3))
    presence = endpoint_of(third).presence
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(enter(third, None))
        page = await stack.enter_async_context(enter(first, None))
        place = presence._places[third.path]
        for number, process in enumerate((second, third), 1):
            connection_of(page.connection).end(Close(1012, "retry=1000"))
            await until(lambda wanted=number: sum("awaited since" in info for info, _ in place.said()) == wanted)
            page = await stack.enter_async_context(enter(process, None))
            await until(lambda wanted=number + 2: len(place) == wanted)
        assert presence._count(third.path, place) == 2
        assert [person["info"] for person in await third.apeople()] == [{}] * 4


@pytest.fixture
async def returning(key):
    """A process, its only client, and what brings back one of two that nobody knows and another process sent away."""
    here, there = (process_at(f"/here/{key}", "count", BY_NOTES) for _ in range(2))
    async with AsyncExitStack() as stack:
        watcher, *others = [await stack.enter_async_context(enter(ws, None)) for ws in (here, there, there)]
        while await watcher.receive("presence") != {"count": 3}:
            pass
        for other in others:
            connection_of(other.connection).end(Close(1012, "retry=1000"))
        place = endpoint_of(here).presence._places[here.path]
        await until(lambda: sum("awaited since" in info for info, _ in place.said()) == 2)
        yield here, watcher, lambda: enter(here, None)


async def test_nobodies_who_come_back_and_leave_are_counted_no_more(returning):
    here, watcher, come_back = returning
    async with come_back() as back:
        assert await back.receive("presence") == {"count": 3}
    assert await watcher.receive("presence") == {"count": 2}
    assert [person["info"] for person in await here.apeople()] == [{}] * 3
    async with come_back() as back:
        assert await back.receive("presence") == {"count": 2}
        async with come_back() as newcomer:
            assert await newcomer.receive("presence") == {"count": 3}


async def test_nobodies_who_come_back_and_log_in_are_counted_once(returning):
    here, watcher, come_back = returning
    async with come_back() as back:
        assert await back.receive("presence") == {"count": 3}
        back.connection.user = ADA
        assert await here.ais_present(ADA)
        async with come_back() as other:
            assert await other.receive("presence") == {"count": 3}
    assert await watcher.receive("presence") == {"count": 2}  # and nothing else since it was 3


@pytest.mark.parametrize("seen", [name_of, "count"])
async def test_the_first_who_connects_to_a_process_is_shown_those_elsewhere_at_once(key, seen):
    here, there = (process_at(f"/here/{key}", seen, IN_PEACE) for _ in range(2))
    async with enter(here, ADA):
        await until(lambda: "Ada" in written_at(here) or "known" in written_at(here))
        async with enter(there, BOB) as bob:
            shown = await bob.receive("presence")
    assert shown.get("count") == 2 or {each["id"] for each in shown["people"]} == {"1", "2"}


async def test_who_comes_back_to_another_process_is_not_counted_twice(key):
    here, there = (process_at(f"/here/{key}", name_of, IN_TURN) for _ in range(2))
    async with enter(here, ADA) as watcher, enter(there, BOB) as one, enter(there, BOB) as other:
        await until(lambda: watcher.people.get("2", {}).get("connections") == 2)
        await endpoint_of(there).presence.part()
        async with enter(here, BOB) as back:
            await one.close()
            async with enter(here, BOB):
                await other.close()
                await until(lambda: "2" in back.people)
                await all_is_read(key, watcher, back)
                assert watcher.people["2"]["connections"] == back.people["2"]["connections"] == 2
    shown = [each for frame in watcher._received for told in frame["data"].values() for each in told]
    assert {each["connections"] for each in shown if each["id"] == "2"} <= {1, 2}


async def test_who_has_a_tab_elsewhere_as_well_has_two_all_along(key):
    here, there = (process_at(f"/here/{key}", name_of, IN_TURN) for _ in range(2))
    async with enter(here, BOB) as watcher, enter(here, ADA), enter(there, ADA) as page:
        await until(lambda: watcher.people.get("1", {}).get("connections") == 2)
        await endpoint_of(there).presence.part()
        connection_of(page.connection).end(Close(1012, "retry=1000"))
        async with enter(here, ADA) as back:
            await until(lambda: back.people)
            await all_is_read(key, watcher, back)
            assert watcher.people["1"]["connections"] == back.people["1"]["connections"] == 2
            people = {person["id"]: person["connections"] for person in await there.apeople()}
            assert (people["1"], people["2"]) == (2, 1)
    told = [person for frame in watcher._received for told in frame["data"].values() for person in told]
    assert [each["connections"] for each in told if each["id"] == "1"] in ([2], [1, 2])


async def test_others_know_who_will_be_back_before_these_are_sent_away(key):
    here, there = (process_at(f"/here/{key}", "count", IN_TURN) for _ in range(2))
    async with enter(here, None) as watcher, enter(there, None) as page, enter(there, ADA):
        while await watcher.receive("presence") != {"count": 3}:
            pass
        await endpoint_of(there).presence.part()
        async with enter(here, None) as back:
            assert await back.receive("presence") == {"count": 3}
            await page.close()  # the one that has come back, before word of that could come
        assert await watcher.receive("presence") == {"count": 2}  # and nothing else since it was 3


async def test_the_people_of_a_process_are_written_down_as_they_shall_outlast_it_before_it_stops(start):
    ws = start()
    with override_settings(TORNADO_WEBSOCKETS={"STORE": f"{__name__}.SlowStore", "PRESENCE_GRACE": 1000}):
        async with enter(ws, ADA) as ada:
            await until(lambda: ada.people)
            await endpoint_of(ws).presence.part()
            (kept,) = current_store().store.retained(key_of(ws.path)).values()
            assert json.loads(kept.text)["until"] > time.time() + 1000


@pytest.fixture
async def emptied(start):
    """Two people of two processes, the store that these share, and who was told to have left in the end: nobody."""
    with stored_by("MortalStore"):
        here, there = start(IN_PEACE), start(IN_PEACE)
        async with enter(here, ADA) as ada, enter(there, BOB) as bob:
            await until(lambda: set(ada.people) == set(bob.people) == {"1", "2"})
            left = []
            async with asyncio.TaskGroup() as group:
                for client in (ada, bob):
                    group.create_task(note_departures(client, left))
                yield here, there, current_store().store
            assert left == []
            assert set(ada.people) == set(bob.people) == {"1", "2"}


async def test_nobody_leaves_when_a_store_is_back_that_has_lost_everything(emptied):
    _, _, store = emptied
    store.is_down = True
    await until(lambda: store.refusals > 3)
    store.clear()
    store.is_down = False


async def test_nobody_leaves_when_a_store_is_emptied(emptied):
    here, there, store = emptied
    for _ in range(5):
        store.clear()
        assert await here.ais_present(BOB)
        assert await there.ais_present(ADA)
        await asyncio.sleep(IN_PEACE.renewal / 3)  # so that it is emptied before, between and after renewals


async def test_what_killed_processes_had_stored_is_dropped_in_the_end(start):
    ws, store = start(SharingPace(renewal=0.05, abandoned=0.2)), current_store().store
    key = key_of(ws.path)
    for name, seconds in (("old", 1.0), ("late", 0.1)):
        text = json.dumps({"until": time.time() - seconds, "people": "{}"})
        store.publish(key, f"{ws.path} {name}", [Entry(text, retained=name)], 0)
    store.publish(key, f"{ws.path} newer", [Entry("{}", retained="newer")], 0)
    async with enter(ws, ADA):
        await until(lambda: "old" not in store.retained(key))
        await until(lambda: "late" not in store.retained(key))
        assert store.retained(key).keys() == {endpoint_of(ws).presence._sharing.process, "newer"}


async def test_people_are_known_to_processes_that_serve_nobody(start):
    here, nowhere = start(), start()
    async with enter(here, ADA) as ada:
        await until(lambda: ada.people)

        async def is_known():
            return [person["id"] for person in await nowhere.apeople()] == ["1"]

        await until(is_known)
        assert await nowhere.ais_present(ADA)
        assert not await nowhere.ais_present(BOB)
        assert await asyncio.to_thread(nowhere.is_present, 1)
        assert len(await asyncio.to_thread(nowhere.people)) == 1


async def test_a_store_that_is_down_is_an_error_and_no_empty_place(start):
    with stored_by("BrokenStore"):
        ws = start()
        async with enter(ws, ADA) as ada:
            await until(lambda: ada.people)  # of this process
            with pytest.raises(StoreError):
                await ws.apeople()
            with pytest.raises(StoreError):
                await asyncio.to_thread(ws.is_present, ADA)


async def test_a_store_that_answers_nonsense_is_asked_again(start):
    with stored_by("NonsenseStore"):
        ws, store = start(IN_PEACE), current_store().store
        async with enter(ws, ADA) as ada:
            for call in ("publish", "retained"):
                store.talks_nonsense_of, store.nonsense = call, 0
                await until(lambda: store.nonsense > 1)
            with pytest.raises(StoreError):
                await ws.apeople()
            store.talks_nonsense_of = None
            await until(lambda: store.retained(key_of(ws.path)))
            assert await ws.ais_present(ADA)
            assert ada.people


async def test_what_strangers_have_stored_is_nobody(start):
    ws = start()
    store = current_store().store
    until = '"until":9e99'
    texts = ["", "[]", "{}", f"{{{until}}}", f'{{{until},"people":"[]"}}', '{"until":"x","people":"{}"}']
    texts += [f'{{{until},"people":"{people}"}}' for people in ("[" * 100_000, '{\\"x\\":[{},[[]],1,0]}')]
    for number, text in enumerate(["[" * 100_000, *texts, f'{{{until},"people":"{{\\"5\\":[{{}},1,1,0]}}"}}']):
        store.publish(key_of(ws.path), f"{ws.path} {number}", [Entry(text, retained=str(number))], 0)
    assert await ws.apeople() == []


async def test_what_has_ended_answers_those_who_wait_for_it_to_write():
    work = _Work(asyncio.get_running_loop())
    work.task = asyncio.create_task(asyncio.sleep(10))  # it forgets what it has written
    work.has_ended = True
    assert await asyncio.wait_for(asyncio.wrap_future(work.part()), 5) is False
    work.task.cancel()


class ForgetfulStore(SlowStore):
    """One that takes its time to forget."""

    is_forgetting = has_forgotten = False

    def forget(self, *arguments):
        self.is_forgetting = True
        time.sleep(0.2)
        super().forget(*arguments)
        self.has_forgotten = True

    def kept_at_last(self, topic):
        return [entry.text for entry in self.retained(topic).values()] if self.has_forgotten else []


async def test_who_comes_while_the_last_one_is_forgotten_is_known_to_others(monkeypatch):
    rows, hub, found = {"ada": Said({}, (1.0,), 1.0)}, Hub(), []
    with stored_by("ForgetfulStore"):
        store = current_store().store
        monkeypatch.setattr(hub, "publish", lambda note: found.extend(store.kept_at_last(key_of("/r"))))
        sharing = Sharing(lambda topic: rows, lambda *_: None, IN_PEACE)
        await hub.enter("/r")
        sharing.begin(hub, "/r")
        await until(lambda: store.retained(key_of("/r")))
        rows.clear()
        await hub.leave("/r")
        sharing.hurry("/r")
        await until(lambda: store.is_forgetting)
        rows["bob"] = Said({}, (2.0,), 2.0)
        await hub.enter("/r")
        sharing.begin(hub, "/r")
        await until(lambda: any("bob" in text for text in found))
        rows.clear()
        await hub.leave("/r")
        await until(lambda: not sharing._tasks)


class HesitantStore(SlowStore):
    """One that takes its time to tell who is there, until :attr:`go_on`; ``is_asked`` says that it was asked."""

    is_asked = False

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.go_on = threading.Event()

    def retained(self, topic):
        found = super().retained(topic)
        self.is_asked = True
        self.go_on.wait(10)
        return found


@pytest.fixture
def loops():
    """Two event loops, of which one stands while the other runs."""
    loops = asyncio.new_event_loop(), asyncio.new_event_loop()
    yield [loop.run_until_complete for loop in loops]
    for loop in loops:
        loop.close()


def test_a_task_ends_that_another_has_taken_the_place_of_while_its_loop_stood(loops):
    (run_first, run_second), hub, seen = loops, Hub(), []
    with stored_by("HesitantStore"):
        store, key = current_store().store, key_of("/r")
        sharing = Sharing(lambda topic: {"ada": Said({}, (1.0,), 1.0)}, lambda *seen_: seen.append(seen_), IN_PEACE)

        async def begin(has_begun):
            await hub.enter("/r")
            sharing.begin(hub, "/r")
            await until(has_begun)
            return sharing._tasks["/r"].task

        first = run_first(begin(lambda: store.is_asked))
        store.go_on.set()
        second = run_second(begin(lambda: seen))
        others = sharing._tasks["/r"].others
        seen.clear()
        run_first(asyncio.wait_for(first, 5))
        assert (sharing._tasks["/r"].task, sharing._tasks["/r"].others, seen) == (second, others, [])
        assert store.retained(key).keys() == {sharing.process}
        assert not second.done()
        second.cancel()
        run_second(asyncio.wait([second]))
