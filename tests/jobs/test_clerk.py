"""The thread that keeps the store informed."""

import asyncio
import time
from dataclasses import replace

import pytest
from django.core.exceptions import SynchronousOnlyOperation
from django.db import transaction
from django.test import override_settings

from tests.support.waiting import until
from tornado_websockets.exceptions import AlreadyRunning
from tornado_websockets.jobs.clerk import Clerk, ClerkPace, Worker
from tornado_websockets.jobs.keeping import Account, read_known
from tornado_websockets.jobs.register import JOBS, claim, rows_of
from tornado_websockets.jobs.run import Address, Run
from tornado_websockets.modules import ProgressBar
from tornado_websockets.modules.progress import is_held_up
from tornado_websockets.store.current import current_store
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket

ADDRESS = Address("/jobs", "module_progressbar_foo")
QUICKLY = ClerkPace(renewal=0.05, lifetime=5.0, asking=0.02, writing=0.01, retrying=0.02, patience=0.3)


def account(current=1, lines=None):
    return Account(ADDRESS, "writer", lambda: {"current": current}, lambda: lines, time.time())


async def known():
    store = current_store()
    return read_known(await store.ask(store.store.retained, ADDRESS.topic))


async def rows():
    store = current_store()
    return rows_of(await store.ask(store.store.retained, JOBS))


async def test_what_the_store_does_not_take_is_tried_again(failing_store):
    clerk = Clerk(QUICKLY)
    failing_store.is_failing = True
    clerk.note(account(), None, wait=False)
    await until(lambda: failing_store.failures)
    failing_store.is_failing = False

    async def is_there() -> bool:
        found = await known()
        return found is not None and found.data == {"current": 1}

    await until(is_there)


async def test_but_not_for_ever(failing_store):
    clerk = Clerk(QUICKLY)
    failing_store.is_failing = True
    clerk.note(account(), None, wait=False)
    run = Run(ADDRESS, is_cancellable=True)
    clerk.end(run, account())
    assert await asyncio.to_thread(run.is_over.wait, 10)


async def test_a_run_is_renewed_without_a_step_and_takes_back_what_was_said_of_it(failing_store):
    clerk, run, said = Clerk(QUICKLY), Run(ADDRESS, is_cancellable=False), []
    await asyncio.to_thread(claim, run, 0.0, 0.0)
    run.renewed = run.heard_of = time.time() - 60
    clerk.begin(run, Worker(account, lambda: None, lambda: said.append("alive")))

    async def is_alive() -> bool:
        return (await rows())[run.id].until > time.time()

    await until(is_alive)
    first = run.renewed
    await until(lambda: run.renewed > first)
    assert said == ["alive"]
    found = await known()
    assert (found.run, "outcome" in found.data) == (run.id, False)
    clerk.end(run, account())
    await asyncio.to_thread(run.is_over.wait, 10)
    assert await rows() == {}
    assert (await known()).run == ""


async def test_a_run_that_cannot_tell_how_far_it_is_is_renewed_all_the_same(failing_store, caplog):
    clerk, run = Clerk(QUICKLY), Run(ADDRESS, is_cancellable=False)
    first = run.renewed

    def fail():
        raise LookupError("in an emit_update of an application")

    clerk.begin(run, Worker(account, fail, lambda: None))
    await until(lambda: run.renewed > first)
    assert "cannot be told how far" in caplog.text
    clerk.end(run, account())
    await asyncio.to_thread(run.is_over.wait, 10)


async def test_a_store_that_was_emptied_is_told_at_once_of_runs_that_go_on(failing_store):
    clerk, run, said = Clerk(replace(QUICKLY, renewal=60.0)), Run(ADDRESS, is_cancellable=False), []
    await asyncio.to_thread(claim, run, 5.0, 0.0)
    await asyncio.to_thread(clerk.note, account(lines=["a line"]), run, wait=True)
    clerk.begin(run, Worker(lambda: account(lines=["a line"]), lambda: None, lambda: said.append("alive")))
    try:
        for expected in (["alive"], ["alive", "alive"]):
            failing_store.clear()
            await until(lambda: said == expected)  # noqa: B023 it is called here
            assert (await rows()).keys() == {run.id}
            found = await known()
            assert (found.run, found.data) == (run.id, {"current": 1, "log": ["a line"]})
            with pytest.raises(AlreadyRunning):
                await asyncio.to_thread(claim, Run(ADDRESS, is_cancellable=False), 5.0, 0.0)
    finally:
        clerk.end(run, account())
    assert await asyncio.to_thread(run.is_over.wait, 10)


async def test_whether_the_store_was_emptied_is_one_question_for_all_runs_however_much_they_tell(
    failing_store, monkeypatch
):
    clerk, asked, lasts = Clerk(replace(QUICKLY, asking=0.2)), [], failing_store.lasts
    runs = [Run(Address(f"/{number}", "foo"), is_cancellable=False) for number in range(5)]

    def ask(topics):
        asked.append(time.monotonic())
        return lasts(topics)

    monkeypatch.setattr(failing_store, "lasts", ask)
    began = time.monotonic()
    for run in runs:
        clerk.begin(run, Worker(account, lambda: None, lambda: None))
    try:
        async with asyncio.timeout(10):
            while len(asked) < 3:
                clerk.note(account(), None, wait=False)
                await asyncio.sleep(0.005)
        assert asked[2] - began >= 0.4
    finally:
        for run in runs:
            clerk.end(run, account())


async def test_whether_a_run_shall_end_is_asked_now_and_then_however_much_it_tells(failing_store, monkeypatch):
    clerk, run, asked, retained = Clerk(QUICKLY), Run(ADDRESS, is_cancellable=True), [], failing_store.retained

    def ask(topic):
        asked.append(topic)
        return retained(topic)

    clerk.pace = replace(QUICKLY, asking=0.2)
    monkeypatch.setattr(failing_store, "retained", ask)
    began = time.monotonic()
    clerk.begin(run, Worker(account, lambda: None, lambda: None))
    while asked.count(f"end {ADDRESS.topic}") < 3:
        clerk.note(account(), run, wait=False)
        await asyncio.sleep(0.005)
    assert time.monotonic() - began >= 0.4
    clerk.end(run, account())
    await asyncio.to_thread(run.is_over.wait, 10)


async def test_lines_are_written_once(failing_store, monkeypatch):
    clerk, run, sizes, publish = Clerk(QUICKLY), Run(ADDRESS, is_cancellable=False), [], failing_store.publish

    def note(topic, token, entries, keep):
        sizes.append([entry.retained for entry in entries])
        return publish(topic, token, entries, keep)

    monkeypatch.setattr(failing_store, "publish", note)
    for lines in (["a"], ["a"], ["a", "b"]):
        await asyncio.to_thread(clerk.note, account(lines=lines), run, wait=True)
    assert sizes == [["state", "log"], ["state"], ["state", "log"]]
    assert (await known()).data["log"] == ["a", "b"]


def make():
    ws, bar = WebSocket("/jobs", add_to_handlers=False), ProgressBar("foo")
    ws.bind(bar)
    return bar


async def events(page, count):
    return [(await page.receive_any())[0].removeprefix("module_progressbar_foo_") for _ in range(count)]


@pytest.mark.parametrize("step", ["tick", "log", "stage", "track", "end"])
async def test_whatever_a_run_sends_after_it_was_silent_takes_back_that_it_is_dead(failing_store, step):
    bar = make()
    steps = {
        "tick": bar.tick,
        "log": lambda: bar.log("a line"),
        "stage": lambda: bar.stage("next").__enter__(),
        "track": lambda: list(bar.track("ab")),
        "end": lambda: None,
    }
    async with Client("/jobs", websocket=bar.websocket) as page:
        await events(page, 3)
        async with bar:
            await events(page, 3)
            bar._run.heard_of -= 60
            steps[step]()
        assert "init" in await events(page, 3)


async def test_in_async_code_a_run_is_begun_by_async_with(failing_store):
    bar = make()
    with pytest.raises(SynchronousOnlyOperation, match="async with bar"):
        bar.__enter__()
    other = Run(ADDRESS, is_cancellable=True)
    await asyncio.to_thread(claim, other, 30, 0.0)
    with pytest.raises(AlreadyRunning):
        await bar.__aenter__()
    failing_store.clear()
    async with bar:
        assert list(bar.track("ab")) == ["a", "b"]
        assert len(await rows()) == 1
    assert await rows() == {}
    assert (await known()).data["outcome"] == "done"


def test_a_run_is_claimed_and_released(failing_store):
    bar = make()
    with bar:
        assert len(asyncio.run(rows())) == 1
    assert asyncio.run(rows()) == {}


@override_settings(TORNADO_WEBSOCKETS={"STORE": "database"})
def test_nothing_that_holds_a_transaction_waits_for_a_store_in_the_database():
    assert not is_held_up()
    with transaction.atomic():
        assert is_held_up()
        with override_settings(TORNADO_WEBSOCKETS={"STORE": "redis://"}):
            assert not is_held_up()
