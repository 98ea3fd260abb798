"""What newcomers are told of bars of other processes."""

import asyncio
import json
from collections.abc import Callable
from time import time
from uuid import uuid4

import pytest

from tests.jobs.conftest import FailingStore
from tests.support.scripts import run_script
from tests.support.waiting import turns, until
from tornado_websockets.core.complaints import Complaints
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.exceptions import Cancelled, StoreError
from tornado_websockets.jobs import register
from tornado_websockets.jobs.clerk import Worker, clerk
from tornado_websockets.jobs.keeping import Known
from tornado_websockets.jobs.lookout import Lookout, LookoutPace, lookout
from tornado_websockets.jobs.register import JOBS, claim, renew
from tornado_websockets.jobs.run import Address, Run
from tornado_websockets.modules import ProgressBar
from tornado_websockets.modules.progress_bar import ProgressBar as FirstProgressBar
from tornado_websockets.people.sharing import entry_of, shared_store
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket, endpoint_of

PREFIX = "module_progressbar_foo_"


@pytest.fixture
def make(failing_store: FailingStore) -> Callable[..., tuple[WebSocket, ProgressBar]]:
    """Makes the same WebSocket and bar again, as another process has them."""

    def make(path: str = "/jobs", **options: object) -> tuple[WebSocket, ProgressBar]:
        ws = WebSocket(path, add_to_handlers=False)
        bar = ProgressBar("foo", cancel=True, **options)  # type: ignore[arg-type]
        ws.bind(bar)
        return ws, bar

    return make


async def introduced(ws, path="/jobs"):
    async with Client(path, websocket=ws) as client:
        return await client.receive(PREFIX + "init")


async def test_a_newcomer_is_told_where_a_bar_of_another_process_stands(make):
    (_, there), (here, _) = make(max=5), make()
    await asyncio.to_thread(lambda: [there.tick("Counting"), there.tick()])
    state = {"indeterminate": False, "min": 0, "max": 5, "current": 2, "label": "Counting"}
    assert await introduced(here) == state


async def test_a_log_line_that_is_half_a_pair_hides_no_bar(make):
    (_, there), (here, _) = make(max=5), make()
    await asyncio.to_thread(lambda: [there.log("caf\udce9.csv"), there.tick("\ud800")])
    state = await introduced(here)
    assert (state["current"], state["label"], state["log"]) == (1, "\ud800", ["caf\udce9.csv"])


async def test_the_first_form_of_a_bar_too(failing_store):
    there, here = (FirstProgressBar("/jobs", add_to_handlers=False) for _ in range(2))
    await asyncio.to_thread(there.tick, "one")
    async with Client(here.websocket.path, websocket=here.websocket) as client:
        state = {"indeterminate": False, "min": 0, "max": 100, "value": 1, "label": "one"}
        assert await client.receive("init") == state


async def test_it_is_told_so_of_the_path_it_comes_to(make):
    (_, there), (here, _) = make("/jobs/<int:job>"), make("/jobs/<int:job>")
    await asyncio.to_thread(there.at(job=5).tick)
    assert [(await introduced(here, f"/jobs/{job}"))["current"] for job in (5, 6)] == [1, 0]


async def test_it_gets_no_frame_more_than_ever(make):
    (_, there), (here, _) = make(), make()
    await asyncio.to_thread(there.tick)
    async with Client("/jobs", websocket=here) as client:
        events = [(await client.receive_any())[0].removeprefix(PREFIX) for _ in range(3)]
        assert events == ["before_init", "init", "after_init"]
        await client.assert_nothing(timeout=1.3)  # nor at the second look


async def test_what_was_ticked_last_counts_wherever_that_was(make):
    (first, one), (second, two) = make(), make()
    await asyncio.to_thread(lambda: [one.tick(), one.tick()])
    await asyncio.to_thread(two.tick)
    assert [(await introduced(ws))["current"] for ws in (first, second)] == [1, 1]


FORKED = """
import asyncio
import os
import sys
import types
import django
from django.conf import settings
urls = sys.modules["urls"] = types.ModuleType("urls")
urls.urlpatterns = []
settings.configure(
    INSTALLED_APPS=["tornado_websockets", "tornado_websockets.database_store"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "test.sqlite3"}},
    ROOT_URLCONF="urls",
    TORNADO_WEBSOCKETS={"STORE": "database"},
)
django.setup()
from django.core.management import call_command
from django.db import connections
from tornado_websockets.modules import ProgressBar
from tornado_websockets.store import current
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket

call_command("migrate", verbosity=0)
connections.close_all()
current.keep_tests_to_memory = lambda: None
bar, ws = ProgressBar("foo"), WebSocket("/import")
ws.bind(bar)

async def introduced():
    async with Client("/import", websocket=ws) as client:
        return await client.receive("module_progressbar_foo_init")

if os.fork() == 0:
    bar.tick()
    os._exit(0)
os.wait()
print(asyncio.run(introduced())["current"])
"""


def test_one_that_was_forked_from_the_same_process_counts_as_another(tmp_path):
    assert run_script(FORKED, directory=tmp_path, are_warnings_errors=False) == "1\n"


async def test_ticks_on_an_event_loop_are_written_down_as_well(make):
    (_, there), (here, _) = make(), make()
    there.tick()

    async def is_told() -> bool:
        return (await introduced(here))["current"] == 1

    await until(is_told, pause=0.05)


async def test_a_store_that_fails_keeps_nobody_from_working_or_connecting(make, failing_store):
    (there_ws, there), (here, _) = make(max=3), make()
    failing_store.is_failing = True
    async with Client("/jobs", websocket=there_ws) as page:
        await page.receive(PREFIX + "after_init")
        assert await asyncio.to_thread(lambda: list(there.track("abc"))) == ["a", "b", "c"]
        await page.receive(PREFIX + "done")
    assert (await introduced(here))["current"] == 0


async def test_one_that_answers_nonsense_ends_no_look_at_the_runs(make, failing_store, monkeypatch):
    (here, _), (_, bar) = make(), make()
    monkeypatch.setattr(lookout, "_pace", LookoutPace(interval=0.05, mending=0.0, patience=0.05))
    run = Run(Address("/jobs", bar.name), is_cancellable=True)
    async with Client("/jobs", websocket=here) as page:
        await page.receive(PREFIX + "init")
        failing_store.talks_nonsense = True
        with pytest.raises(StoreError, match="expected a sender and a number, got None"):
            await asyncio.to_thread(claim, run, 0.5, 0.0)
        await until(lambda: failing_store.nonsense > 5)
        failing_store.talks_nonsense = False
        await asyncio.to_thread(claim, run, 0.5, 0.0)
        assert await page.receive(PREFIX + "failed", timeout=10) == {}


@pytest.mark.parametrize("name", ["tws.other", "\ud800"], ids=["reserved", "half a pair"])
async def test_who_watches_goes_on_though_no_bar_is_called_like_a_run(make, failing_store, monkeypatch, caplog, name):
    (here, _), (_, bar) = make(), make()
    monkeypatch.setattr(lookout, "_pace", LookoutPace(interval=0.05, mending=0.0, patience=0.05))
    monkeypatch.setattr(register, "_complaints", Complaints(3600.0))
    store = shared_store()
    row = {"path": "/jobs", "name": name, "until": time() + 0.3, "settled": True}
    async with Client("/jobs", websocket=here) as page:
        await page.receive(PREFIX + "init")
        await store.ask(store.store.publish, JOBS, uuid4().hex, [entry_of(json.dumps(row), "odd")], 0)
        await asyncio.to_thread(claim, Run(Address("/jobs", bar.name), is_cancellable=True), 0.5, 0.0)
        assert await page.receive(PREFIX + "failed", timeout=5) == {}
    assert caplog.text.count("What the store has of a run is ignored") == 1


async def test_a_job_that_cannot_be_asked_to_end_is_unavailable(make, failing_store):
    here, _ = make()
    async with Client("/jobs", websocket=here) as page:
        failing_store.is_failing = True
        with pytest.raises(RequestRefused, match="unavailable"):
            await page.request(PREFIX + "cancel", {"run": "0" * 32})


@pytest.mark.parametrize("is_emptied", [False, True])
async def test_a_run_of_another_process_is_cancelled_through_the_store(make, failing_store, is_emptied):
    here, bar = make()
    elsewhere = Run(Address("/jobs", bar.name), is_cancellable=True)
    await asyncio.to_thread(claim, elsewhere, 30, 0.0)
    clerk.begin(elsewhere, _idle(bar))
    try:
        async with Client("/jobs", websocket=here) as page:
            if is_emptied:
                failing_store.clear()
            assert await page.request(PREFIX + "cancel", {"run": elsewhere.id}) == {}
        await until(lambda: elsewhere.is_cancelled, 5.0)
    finally:
        clerk.end(elsewhere, bar._account())
    await asyncio.to_thread(elsewhere.is_over.wait)
    with pytest.raises(Cancelled):
        elsewhere.check()


def _idle(bar):
    return Worker(bar._account, lambda: None, lambda: None)


class Newcomer:
    """A client that has just come."""

    closed = False


async def test_a_newcomer_who_was_told_too_soon_is_told_anew(make):
    _, there = make()
    lookout, told = Lookout(LookoutPace(second_look=0.05, slack=0.0)), []
    hub, address = Hub(), Address("/jobs", there.name)
    hub.shard()  # on which it is looked

    def look(known: Known | None) -> None:
        lookout.attend(hub, address, Newcomer(), known, lambda _, known: told.append(known.data["current"]))  # type: ignore[arg-type]

    await asyncio.to_thread(there.tick)
    for known in (None, Known({"current": 0}, time() - 9, "writer", "", 0.0)):
        look(known)
        await until(lambda: told == [1])
        told.clear()
    look(await lookout.find(address))
    await asyncio.sleep(0.2)
    look(None)
    await turns()
    await asyncio.to_thread(there.tick)  # which it hears by itself
    await asyncio.sleep(0.2)
    assert told == []


async def test_who_watches_ends_where_another_has_taken_its_place(make, monkeypatch):
    here, _ = make()
    monkeypatch.setattr(lookout, "_pace", LookoutPace(interval=0.05, patience=0.05))
    async with Client("/jobs", websocket=here) as page:
        await page.receive(PREFIX + "init")
        hub = endpoint_of(here).hub
        await until(lambda: hub in lookout._watching)
        first, later = lookout._watching[hub], asyncio.get_running_loop().create_future()
        lookout._watching[hub] = later  # as where the loop of the first stood for a while
        await until(first.done)
        assert lookout._watching[hub] is later
    later.cancel()


async def test_runs_are_watched_by_one_alone_and_by_another_when_all_have_left(make, monkeypatch):
    here, _ = make()
    monkeypatch.setattr(lookout, "_pace", LookoutPace(interval=0.05, patience=0.05))
    hub, tasks = endpoint_of(here).hub, set()
    for number in (1, 2):
        async with Client("/jobs", websocket=here) as page, Client("/jobs", websocket=here) as other:
            for client in (page, other):
                await client.receive(PREFIX + "init")
                await until(lambda: hub in lookout._watching)
                tasks.add(lookout._watching[hub])
            assert len(tasks) == number
        await until(lambda: hub not in lookout._watching)


async def test_clients_are_told_once_of_a_run_that_dies_and_that_it_lives_after_all(make):
    (here, _), (_, bar) = make(), make(max=7)
    run = Run(Address("/jobs", bar.name), is_cancellable=True)
    async with Client("/jobs", websocket=here) as page:
        await page.receive(PREFIX + "init")
        await asyncio.to_thread(claim, run, 0.5, 0.0)
        assert await page.receive(PREFIX + "failed", timeout=10) == {}
        await page.assert_nothing(PREFIX + "failed", timeout=0.5)
        clerk.begin(run, _idle(bar))
        await asyncio.to_thread(clerk.note, bar._account(), run, wait=True)
        await asyncio.to_thread(renew, run, 30)
        assert (await page.receive(PREFIX + "init", timeout=5))["max"] == 7
    clerk.end(run, bar._account())
    await asyncio.to_thread(run.is_over.wait)


@pytest.mark.parametrize("has_ended", [False, True])
async def test_of_a_run_that_ends_while_the_store_loses_everything_clients_are_told_how(
    make, failing_store, monkeypatch, has_ended
):
    (here, _), (_, bar) = make(), make(max=7)
    looks, retained = [], failing_store.retained

    def look(topic):
        found = retained(topic)
        looks.append(topic)
        return found

    monkeypatch.setattr(lookout, "_pace", LookoutPace(interval=0.3, slack=-9.0))
    monkeypatch.setattr(failing_store, "retained", look)
    await asyncio.to_thread(claim, Run(Address("/jobs", bar.name), is_cancellable=True), 4.0, 0.0)
    looks.clear()
    async with Client("/jobs", websocket=here) as page:
        await page.receive(PREFIX + "init")
        await until(lambda: JOBS in looks)
        failing_store.clear()
        if has_ended:
            await asyncio.to_thread(clerk.note, bar._account(), None, wait=True)
            assert (await page.receive(PREFIX + "init", timeout=5))["max"] == 7
            await page.assert_nothing(PREFIX + "failed", timeout=2.0)
        else:
            assert await page.receive(PREFIX + "failed", timeout=5) == {}


@pytest.mark.parametrize("current", ["3", "NaN", "1e999", "[" * 500 + "]" * 500], ids=["sound", "nan", "inf", "deep"])
async def test_who_watches_goes_on_though_a_bar_in_the_store_is_none_that_can_be_sent(
    make, failing_store, monkeypatch, current
):
    (here, _), (_, bar) = make(), make()
    monkeypatch.setattr(lookout, "_pace", LookoutPace(interval=0.05, mending=0.0, patience=0.05))
    address, store = Address("/jobs", bar.name), shared_store()

    async def put(topic, name, text):
        await store.ask(store.store.publish, topic, uuid4().hex, [entry_of(text, name)], 0)

    async def claim(seconds):
        row = {"path": address.path, "name": address.name, "until": time() + seconds, "settled": True}
        await put(JOBS, "run", json.dumps(row))

    async with Client("/jobs", websocket=here) as page:
        await page.receive(PREFIX + "init")
        said = f'"init":{{"current":{current}}},"at":{time()},"writer":"w","run":"other","until":{time() + 60}'
        await claim(0.3)
        await put(address.topic, "state", f'{{"event":"state","data":{{{said}}}}}')
        assert await page.receive(PREFIX + "failed", timeout=5) == {}
        await claim(0.3)  # it is back: its bar is shown anew, where that is one
        if current == "3":
            assert await page.receive(PREFIX + "init", timeout=5) == {"current": 3}
        assert await page.receive(PREFIX + "failed", timeout=5) == {}
