"""Runs in the store: who was first, who is alive, who shall end."""

import json
from concurrent.futures import ThreadPoolExecutor
from time import time

import pytest
from django.test import override_settings

from tests.support.waiting import until
from tornado_websockets.exceptions import AlreadyRunning, StoreError
from tornado_websockets.jobs import register
from tornado_websockets.jobs.register import (
    FOUNDED,
    JOBS,
    ask_to_end,
    claim,
    find_lost,
    is_asked_to_end,
    release,
    renew,
    rows_of,
)
from tornado_websockets.jobs.run import Address, Run
from tornado_websockets.people.sharing import entry_of
from tornado_websockets.store import Event
from tornado_websockets.store.current import current_store
from tornado_websockets.store.memory import MemoryStore

ROWS = Address("/import", "module_progressbar_rows")
OTHERS = Address("/import", "module_progressbar_others")


@pytest.fixture(params=["memory", "redis"])
def shared(request: pytest.FixtureRequest, key: str, monkeypatch: pytest.MonkeyPatch):
    """A store that processes share."""
    if request.param == "redis":
        redis = request.getfixturevalue("redis")
        named = redis.url
    else:
        named = "tests.jobs.conftest.FailingStore"
    monkeypatch.setattr(register, "shared_store", current_store)  # as where no test client has been about
    with override_settings(TORNADO_WEBSOCKETS={"STORE": named, "NAMESPACE": key}):
        yield


@pytest.fixture
def empty(request: pytest.FixtureRequest, shared: None, key: str):
    """Has the store lose everything of this test."""

    def empty():
        store = current_store().store
        if isinstance(store, MemoryStore):
            store.clear()
        else:
            with request.getfixturevalue("redis").client() as client:
                client.delete(*client.scan_iter(f"{key}:*"))

    return empty


pytestmark = pytest.mark.usefixtures("shared")


def made(address=ROWS):
    return Run(address, is_cancellable=True)


def rows():
    store = current_store()
    return rows_of(store.ask_and_wait(store.store.retained, JOBS))


def test_the_first_of_a_job_counts_until_it_has_ended():
    first, other = made(), made(OTHERS)
    claim(first, 30, 0.0)
    claim(other, 30, 0.0)
    with pytest.raises(AlreadyRunning):
        claim(made(), 30, 0.0)
    assert rows().keys() == {first.id, other.id}
    release(first)
    claim(made(), 30, 0.0)


def test_one_that_was_not_renewed_is_in_nobody_s_way():
    claim(made(), 0, 0.0)
    claim(made(), 30, 0.0)


def test_one_that_is_renewed_stays_alive():
    first = made()
    claim(first, 0, 0.0)
    renew(first, 30)
    with pytest.raises(AlreadyRunning):
        claim(made(), 30, 0.0)


def test_of_many_who_begin_at_once_one_does():
    def attempt(run):
        try:
            claim(run, 30, 0.0)
        except AlreadyRunning:
            return None
        return run.id

    with ThreadPoolExecutor(8) as threads:
        begun = [id_ for id_ in threads.map(attempt, [made() for _ in range(24)]) if id_]
    assert len(begun) == 1
    assert list(rows()) == begun


async def test_a_run_is_asked_to_end_as_one_of_its_job():
    run = made()
    claim(run, 30, 0.0)
    await ask_to_end(run.id, OTHERS)
    await ask_to_end("0" * 32, ROWS)
    assert not is_asked_to_end(run)
    await ask_to_end(run.id, ROWS)
    await ask_to_end("0" * 32, ROWS)  # a late click takes nothing back
    assert is_asked_to_end(run)
    run.cancel()
    release(run)
    assert not is_asked_to_end(run)


async def test_a_store_that_was_emptied_is_told_whom_to_end_and_has_lost_whom_it_knew(empty):
    run, other = made(), made(OTHERS)
    assert find_lost([run]) == []
    claim(run, 30, 0.0)
    claim(other, 30, 0.0)
    assert find_lost([run, other]) == []
    empty()
    assert find_lost([run, other]) == [run, other]
    store = current_store()
    waiting = register._entry(made(), time() + 30, False)  # another one, which is going to be refused
    store.ask_and_wait(store.store.publish, JOBS, "token", [waiting], 0)
    await ask_to_end(run.id, ROWS)
    assert is_asked_to_end(run)
    renew(other, 30)
    assert find_lost([run, other]) == [run]
    renew(run, 30)
    assert find_lost([run, other]) == []
    release(other)
    assert find_lost([run, other]) == []


async def test_a_store_that_was_emptied_hears_of_runs_that_go_on_before_another_one_begins(empty):
    first, store = made(), current_store()
    claim(first, 30, 0.0)
    empty()
    with ThreadPoolExecutor(2) as threads:
        second = threads.submit(claim, made(), 30, 4.0)
        await until(lambda: FOUNDED in store.ask_and_wait(store.store.retained, JOBS))
        third = threads.submit(claim, made(OTHERS), 30, 4.0)
        renew(first, 30)
        with pytest.raises(AlreadyRunning):
            second.result(10)
        third.result(10)
    assert len(rows()) == 2
    began = time()
    claim(made(Address("/", "fourth")), 30, 1.0)
    assert time() - began < 0.9  # the store is not new any more


def test_a_run_that_is_given_up_while_it_waits_for_the_store_keeps_nobody_out(monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    run = made()
    if current_store().store.waits:
        monkeypatch.setattr(register, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            claim(made(), 30, 1.0)
        assert rows() == {}
    run.is_abandoned = True
    claim(run, 30, 0.0)
    assert rows() == {}
    claim(made(), 30, 0.0)


def test_what_makes_no_sense_is_left_out():
    good = json.dumps({"path": "/p", "name": "n", "until": time(), "settled": True})
    texts = {
        "good": good,
        "1": "nonsense",
        "2": "[]",
        "5": "[" * 100_000,
        "3": "{}",
        "4": '{"path":1,"name":2,"until":"x","settled":0}',
        "6": good.replace('"/p"', '"p"'),
        "7": good.replace('"n"', '"tws.n"'),
        "8": good.replace('"n"', r'"\ud800"'),
        "9": good.replace('"n"', r'"\u0000"'),
    }
    assert list(rows_of({id_: Event("s", 1, text) for id_, text in texts.items()})) == ["good"]
    assert entry_of(good, "good").retained == "good"


@pytest.mark.parametrize("answer", [None, {JOBS: None}])
def test_a_store_that_answers_nonsense_has_lost_no_run(monkeypatch, answer):
    run = made()
    claim(run, 30, 0.0)
    monkeypatch.setattr(current_store().store, "lasts", lambda topics: answer)
    with pytest.raises(StoreError):
        find_lost([run])
