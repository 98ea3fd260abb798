"""``Job``: rows gone through, stages, a log; what clients hear of it."""

import asyncio
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.waiting import until
from tornado_websockets.exceptions import AlreadyRunning, Cancelled
from tornado_websockets.modules import ProgressBar
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket

PREFIX = "module_progressbar_foo_"


def make(path="/jobs", **options):
    ws = WebSocket(path, add_to_handlers=False)
    bar = ProgressBar("foo", **options)
    ws.bind(bar)
    return ws, bar


async def heard(client, *last):
    """The events of the bar up to one of ``last``, without those that surround others."""
    found = []
    while True:
        event, data = await client.receive_any()
        event = event.removeprefix(PREFIX)
        if not event.startswith(("before_", "after_")):
            found.append((event, data))
        if event in last:
            return found


async def introduced(client):
    [*_, (_, data)] = await heard(client, "init")
    await client.receive(PREFIX + "after_init")
    return data


def slowly(rows):
    """Rows that come one in each frame."""
    for row in rows:
        time.sleep(0.06)
        yield row


async def test_a_loop_tells_how_far_it_is_and_that_it_is_done():
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        assert await asyncio.to_thread(lambda: list(bar.track(["a", "b"], label="Row"))) == ["a", "b"]
        assert await heard(client, "done") == [
            ("init", {"indeterminate": False, "min": 0, "max": 2, "current": 0, "log": [], "outcome": None}),
            ("update", {"current": 1, "label": "Row"}),
            ("update", {"current": 2, "label": "Row"}),
            ("done", {}),
        ]


async def test_a_loop_tells_twenty_times_a_second_at_most_whatever_its_rows():
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        started = time.monotonic()
        assert await asyncio.to_thread(lambda: sum(1 for _ in bar.track(range(100_000)))) == 100_000
        frames = (time.monotonic() - started) / 0.05 + 1
        events = [event for event, _ in await heard(client, "done")]
        assert 2 <= events.count("update") <= frames + 1


async def test_a_label_may_be_a_function_of_the_row():
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        await asyncio.to_thread(lambda: list(bar.track(slowly("ab"), label=lambda row: f"Row {row}", max=2)))
        labels = [data.get("label") for event, data in await heard(client, "done") if event == "update"]
        assert labels == ["Row a", "Row b"]


@pytest.mark.parametrize(
    ("rows", "options", "bounds"),
    [
        ([1, 2], {}, (False, 2)),
        (iter([1, 2]), {"max": 2}, (False, 2)),
        ([1, 2], {"max": 9}, (False, 9)),
        (iter([1, 2]), {}, (True, 0)),
        ([], {}, (False, 0)),
    ],
)
def test_a_loop_goes_as_far_as_can_be_told(rows, options, bounds):
    _, bar = make()
    for _ in bar.track(rows, **options):
        assert (bar.indeterminate, bar.max) == bounds


def test_how_far_it_goes_is_not_below_0():
    _, bar = make()
    with pytest.raises(ValueError, match="got -1"):
        bar.track(iter(()), max=-1)
    with bar, pytest.raises(ValueError, match="got -1"):
        bar.stage("parse", max=-1).__enter__()


def _work_in_a_loop(bar):
    for _ in bar.track("xy"):
        list(bar.track("abc"))


def _stages_in_a_loop(bar):
    for name in bar.track("xy"):
        with bar.stage(name, max=3):
            bar.tick()


def _steps_after_a_stage_in_a_loop(bar):
    for name in bar.track("xy"):
        with bar.stage(name, max=3):
            pass
        bar.tick()


@pytest.mark.parametrize("work", [_work_in_a_loop, _stages_in_a_loop, _steps_after_a_stage_in_a_loop])
async def test_what_is_within_a_loop_has_the_bar_until_its_end(work):
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        with bar:
            work(bar)
            assert (bar.max, bar.current) == (2, 2)
        told, bounds = [], None
        for event, data in await heard(client, "done"):
            if event == "init":
                bounds = data["max"]
            if "current" in data:
                told.append((data["current"], bounds))
        assert {most for _, most in told} == {100, 2, 3}
        assert told[-1] == (2, 2)
        assert all(current <= most for current, most in told)


async def test_what_a_label_raises_is_raised_in_the_loop():
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        with pytest.raises(ZeroDivisionError):
            list(bar.track([1, 0], label=lambda row: f"{1 / row}"))
        assert [event for event, _ in await heard(client, "failed")] == ["init", "update", "failed"]


def test_bounds_of_its_own_come_back_with_the_next_run():
    _, bar = make(max=7)
    list(bar.track(range(3)))
    with bar:
        assert (bar.min, bar.max, bar.current) == (0, 7, 0)
    list(bar.track(range(3)))
    bar.max = 5
    with bar:
        assert bar.max == 5


async def test_a_row_that_takes_long_holds_up_nothing_of_what_was_done_before():
    ws, bar = make()
    goes_on = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work():
        for row in bar.track([0, 1, 2]):
            if row == 2:  # 0 was told of, 1 came too soon
                asyncio.run_coroutine_threadsafe(goes_on.wait(), loop).result()

    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        working = asyncio.create_task(asyncio.to_thread(work))
        while (await client.receive(PREFIX + "update", timeout=5))["current"] != 2:
            pass
        goes_on.set()
        await working


async def test_a_loop_that_is_left_early_is_done():
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        for _ in bar.track(range(10)):
            break
        gc.collect()  # for whoever runs this on another Python
        assert (await heard(client, "done", "failed"))[-1] == ("done", {})


@pytest.mark.parametrize("is_block", [True, False])
async def test_an_error_is_failed_without_a_word_of_it_and_goes_on(is_block):
    ws, bar = make()

    def rows():
        yield 1
        raise LookupError("secret")

    def work():
        if is_block:
            with bar:
                list(rows())
        list(bar.track(rows()))

    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        with pytest.raises(LookupError):
            work()
        assert (await heard(client, "done", "failed"))[-1] == ("failed", {})
        async with Client("/jobs", websocket=ws) as late:
            assert (await introduced(late))["outcome"] == "failed"


async def test_steps_of_a_block_are_done_when_it_is():
    ws, bar = make(max=2)
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        with bar:
            bar.tick("one")
            bar.tick("two")
            bar.log("a line")
        assert [event for event, _ in await heard(client, "done")] == ["init", "update", "update", "log", "done"]


async def test_stages_have_names_places_and_bars_of_their_own():
    ws, bar = make(stages=2)
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        with bar:
            with bar.stage("parse", max=200):
                assert list(bar.track(iter("a"))) == ["a"]
                assert bar.max == 200
            with bar.stage("store"):
                bar.tick()
                list(bar.track("abc"))
        events = await heard(client, "done")
        stages = [data for event, data in events if event == "stage"]
        assert stages == [{"name": "parse", "index": 1, "of": 2}, {"name": "store", "index": 2, "of": 2}]
        told = [(data.get("max"), data.get("stage", {}).get("name")) for event, data in events if event == "init"]
        assert told == [(100, None), (200, "parse"), (None, "store"), (3, "store")]


def test_a_loop_over_nothing_after_a_step_back_is_over():
    _, bar = make()
    with bar, bar.stage("parse", max=3):
        bar.tick()
        bar.reset()
        assert list(bar.track(iter(()), label="Row")) == []


def test_a_stage_does_not_know_how_many_there_are_unless_it_was_told():
    _, bar = make()
    with bar, bar.stage("only", max=1):
        assert bar._state()["stage"] == {"name": "only", "index": 1, "of": None}


async def test_newcomers_see_stage_label_and_the_last_hundred_lines():
    ws, bar = make()
    with bar, bar.stage("parse", max=200):
        for number in range(150):
            bar.log(f"line {number}")
        bar.log("x" * 2_000)
        bar.tick("Row 1")
        async with Client("/jobs", websocket=ws) as client:
            told = await introduced(client)
    assert told.pop("log") == [*(f"line {number}" for number in range(51, 150)), "x" * 1_000]
    assert told == {
        "indeterminate": False,
        "min": 0,
        "max": 200,
        "current": 1,
        "label": "Row 1",
        "stage": {"name": "parse", "index": 1, "of": None},
        "outcome": None,
    }


async def test_whoever_is_there_hears_each_line_once():
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        with bar:
            bar.log("one")
            with bar.stage("next"):
                pass
        events = await heard(client, "done")
        assert [data for event, data in events if event == "log"] == [{"line": "one"}]
        assert [data.get("log") for event, data in events if event == "init"] == [[], None]


def test_a_second_run_is_refused_while_the_first_is_alive():
    _, bar = make()
    with bar:
        for attempt in (lambda: list(bar.track([1])), bar.__enter__):
            # within the block a loop is a part of it, elsewhere it is not
            with pytest.raises(AlreadyRunning, match="module_progressbar_foo"):
                _in_thread(attempt)
        assert list(bar.track([1])) == [1]
    with bar:
        pass


def test_a_cancelled_run_is_none_of_a_stranger_s():
    _, bar = make()
    with bar:
        bar._run.cancel()
        with pytest.raises(AlreadyRunning):
            _in_thread(lambda: list(bar.track([1])))
        assert not bar._run.has_raised


def test_blocks_of_two_bars_may_be_in_each_other():
    (_, one), (_, two) = make("/one"), make("/two")
    with one:
        with two:
            assert list(two.track([1])) == [1]
        assert list(one.track([2])) == [2]


def _in_thread(call):
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(call).result()


class TestCancelling:
    async def test_init_tells_the_run_and_the_next_step_raises(self):
        ws, bar = make(cancel=True)
        async with Client("/jobs", websocket=ws) as client:
            assert "run" not in await introduced(client)
            told = {}

            async def work():
                with bar:
                    told.update(await introduced(client))
                    bar.tick()
                    assert await client.request(PREFIX + "cancel", {"run": told["run"]}) == {}
                    for step in (bar.tick, bar.check, lambda: bar.track([1]), bar.stage("x").__enter__):
                        with pytest.raises(Cancelled):
                            step()
                    bar.check()

            with pytest.raises(Cancelled) as caught:
                await work()
            assert (caught.value.run, caught.value.job) == (told["run"], "module_progressbar_foo")
            assert [event for event, _ in await heard(client, "cancelled")] == ["update", "cancelled"]
            await client.assert_nothing()
            async with Client("/jobs", websocket=ws) as late:
                told = await introduced(late)
                assert (told["outcome"], "run" in told) == ("cancelled", False)

    async def test_a_loop_ends_at_its_next_row(self):
        ws, bar = make(cancel=True)
        async with Client("/jobs", websocket=ws) as client:
            await introduced(client)
            rows = iter(bar.track(range(10)))
            next(rows)
            run = (await introduced(client))["run"]
            await client.request(PREFIX + "cancel", {"run": run})
            with pytest.raises(Cancelled):
                next(rows)
            assert (await heard(client, "cancelled"))[-1] == ("cancelled", {})

    async def test_one_that_is_swallowed_is_cancelled_all_the_same(self):
        ws, bar = make(cancel=True)
        async with Client("/jobs", websocket=ws) as client:
            await introduced(client)
            with bar:
                await client.request(PREFIX + "cancel", {"run": (await introduced(client))["run"]})
                with pytest.raises(Cancelled):
                    bar.check()
            assert (await heard(client, "cancelled", "done"))[-1] == ("cancelled", {})

    async def test_one_that_comes_too_late_to_be_seen_changes_nothing(self):
        ws, bar = make(cancel=True)
        async with Client("/jobs", websocket=ws) as client:
            await introduced(client)
            with bar:
                await client.request(PREFIX + "cancel", {"run": (await introduced(client))["run"]})
            assert (await heard(client, "cancelled", "done"))[-1] == ("done", {})

    async def test_a_late_click_ends_no_other_run(self):
        ws, bar = make(cancel=True)
        async with Client("/jobs", websocket=ws) as client:
            await introduced(client)
            with bar:
                first = (await introduced(client))["run"]
            with bar:
                await client.request(PREFIX + "cancel", {"run": first})
                bar.check()

    async def test_one_that_nobody_here_knows_is_unavailable(self):
        ws, bar = make(cancel=True)
        async with Client("/jobs", websocket=ws) as client:
            with bar, pytest.raises(RequestRefused, match="unavailable"):
                await client.request(PREFIX + "cancel", {"run": "0" * 32})

    @pytest.mark.parametrize("data", [{}, {"run": None}, {"run": 3}, {"run": True}])
    async def test_it_names_the_run(self, data):
        ws, bar = make(cancel=True)
        async with Client("/jobs", websocket=ws) as client:
            with bar, pytest.raises(RequestRefused, match="invalid_data"):
                await client.request(PREFIX + "cancel", data)

    async def test_a_function_says_who_may(self):
        ws, bar = make(cancel=lambda socket: socket.state.get("is_staff"))
        async with Client("/jobs", websocket=ws) as client:
            await introduced(client)
            with bar:
                run = (await introduced(client))["run"]
                with pytest.raises(RequestRefused, match="forbidden"):
                    await client.request(PREFIX + "cancel", {"run": run})
                bar.check()
                client.connection.state["is_staff"] = True
                await client.request(PREFIX + "cancel", {"run": run})
                with pytest.raises(Cancelled):
                    bar.check()
            assert (await heard(client, "cancelled"))[-1] == ("cancelled", {})

    async def test_without_it_there_is_no_such_event_and_no_run_to_name(self):
        ws, bar = make()
        async with Client("/jobs", websocket=ws) as client:
            await introduced(client)
            with bar:
                assert "run" not in await introduced(client)
                with pytest.raises(RequestRefused, match="unknown_event"):
                    await client.request(PREFIX + "cancel", {"run": "x"})


class TestAt:
    async def test_is_the_bar_of_one_path_from_anywhere(self):
        ws, bar = make("/jobs/<int:job>", max=3)
        async with Client("/jobs/5", websocket=ws) as five, Client("/jobs/6", websocket=ws) as six:
            for client in (five, six):
                await introduced(client)
            await asyncio.to_thread(bar.at(job=5).tick, "one")
            assert await heard(five, "update") == [("update", {"current": 1, "label": "one"})]
            await six.assert_nothing()
            async with Client("/jobs/5", websocket=ws) as late, Client("/jobs/6", websocket=ws) as other:
                assert (await introduced(late))["current"] == 1
                assert (await introduced(other))["current"] == 0

    def test_is_the_same_one_each_time(self):
        _, bar = make("/jobs/<int:job>")
        assert bar.at(job=5) is bar.at(job=5) is not bar.at(job=6)
        assert make()[1].at().name == "module_progressbar_foo"

    async def test_runs_of_two_paths_know_nothing_of_each_other(self):
        ws, bar = make("/jobs/<int:job>", cancel=True)
        async with Client("/jobs/5", websocket=ws) as five, Client("/jobs/6", websocket=ws) as six:
            for client in (five, six):
                await introduced(client)
            with bar.at(job=5) as one, bar.at(job=6) as other:
                run = (await introduced(five))["run"]
                await six.request(PREFIX + "cancel", {"run": run})
                one.check()
                await five.request(PREFIX + "cancel", {"run": run})
                other.check()
                with pytest.raises(Cancelled):
                    one.check()

    def test_runs_want_a_path_of_their_own(self):
        _, bar = make("/jobs/<int:job>")
        with pytest.raises(TypeError, match="job"):
            bar.__enter__()
        with pytest.raises(TypeError, match="room"):
            bar.at(room=5)


async def test_runs_in_async_code():
    ws, bar = make()
    async with Client("/jobs", websocket=ws) as client:
        await introduced(client)
        async with bar:
            bar.tick()
        assert (await heard(client, "done"))[-1] == ("done", {})


async def test_the_thread_of_runs_ends_with_the_last():
    _, bar = make()
    with bar:
        assert any(thread.name == "WebSocket jobs" for thread in threading.enumerate())
    await until(lambda: not any(thread.name == "WebSocket jobs" for thread in threading.enumerate()))
