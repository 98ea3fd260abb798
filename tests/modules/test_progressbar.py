"""``ProgressBar``, the module."""

import asyncio

import pytest

from tornado_websockets.modules import ProgressBar
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket

PREFIX = "module_progressbar_foo_"


def make(**options):
    ws = WebSocket("/bars", add_to_handlers=False)
    bar = ProgressBar("foo", **options)
    ws.bind(bar)
    return ws, bar


async def received(client, count):
    frames = [await client.receive_any() for _ in range(count)]
    return [(event.removeprefix(PREFIX), data) for event, data in frames]


async def test_introduces_itself_to_a_client_that_connects():
    ws, bar = make(min=2, max=8)
    bar.current = 5
    async with Client("/bars", websocket=ws) as client:
        assert await received(client, 3) == [
            ("before_init", {}),
            ("init", {"indeterminate": False, "min": 2, "max": 8, "current": 5}),
            ("after_init", {}),
        ]


async def test_introduces_itself_to_nobody_else():
    ws, _ = make()
    async with Client("/bars", websocket=ws) as first:
        await received(first, 3)
        async with Client("/bars", websocket=ws):
            await first.assert_nothing()


async def test_tick_tells_position_and_label():
    ws, bar = make()
    async with Client("/bars", websocket=ws) as client:
        await received(client, 3)
        bar.tick("one")
        assert await received(client, 3) == [
            ("before_update", {}),
            ("update", {"current": 1, "label": "one"}),
            ("after_update", {}),
        ]


async def test_last_tick_is_followed_by_done():
    ws, bar = make(max=1)
    async with Client("/bars", websocket=ws) as client:
        await received(client, 3)
        bar.tick()
        assert [event for event, _ in await received(client, 4)] == ["before_update", "update", "after_update", "done"]


async def test_ticks_of_a_sync_handler_arrive_in_order():
    ws, bar = make(max=20)

    @ws.on
    def go():
        for _ in range(20):
            bar.tick()

    async with Client("/bars", websocket=ws) as client:
        await client.emit("go")
        assert [(await client.receive(PREFIX + "update"))["current"] for _ in range(20)] == list(range(1, 21))
        await client.receive(PREFIX + "done")


async def test_threads_may_tick_at_once():
    ws, bar = make(max=80)
    async with Client("/bars", websocket=ws) as client:
        await asyncio.gather(*(asyncio.to_thread(lambda: [bar.tick() for _ in range(10)]) for _ in range(8)))
        assert [(await client.receive(PREFIX + "update"))["current"] for _ in range(80)] == list(range(1, 81))
        await client.receive(PREFIX + "done")


async def test_indeterminate_bar_is_never_done():
    ws, bar = make(max=1, indeterminate=True)
    async with Client("/bars", websocket=ws) as client:
        assert (await received(client, 3))[1][1]["indeterminate"] is True
        bar.tick()
        bar.tick()
        await received(client, 6)
        await client.assert_nothing(PREFIX + "done")
        assert not bar.is_done()


def test_reset_starts_over():
    _, bar = make(min=3, max=4)
    bar.tick()
    assert bar.is_done()
    bar.reset()
    assert bar.current == 3
    assert not bar.is_done()


def test_tick_stops_at_max():
    _, bar = make(max=1)
    bar.tick()
    bar.tick()
    assert bar.current == 1


def test_current_may_be_beyond_a_max_that_is_yet_to_be_set():
    _, bar = make()
    bar.current = 150
    bar.max = 500
    bar.tick()
    assert (bar.current, bar.is_done()) == (151, False)


def test_max_below_min_is_refused():
    with pytest.raises(ValueError, match="min=5"):
        ProgressBar("foo", min=5, max=4)


@pytest.mark.parametrize(("stages", "error"), [("2", TypeError), (True, TypeError), (0, ValueError)])
def test_stages_are_a_number(stages, error):
    with pytest.raises(error, match=f"as stages|{stages!r}"):
        ProgressBar("foo", stages=stages)


def test_a_run_on_all_paths_at_once_is_refused_with_what_to_write():
    bar = ProgressBar("foo")
    WebSocket("/bars/<int:job>", add_to_handlers=False).bind(bar)
    with pytest.raises(TypeError, match=r"bar\.at\(job=\.\.\.\)"), bar:
        pass


class Counted(ProgressBar):
    """One of 2016, whose introduction may ask the database: so it must not be on an event loop."""

    def emit_init(self):
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        super().emit_init()


async def test_an_introduction_of_one_s_own_may_block():
    ws = WebSocket("/bars", add_to_handlers=False)
    ws.bind(Counted("foo"))
    async with Client("/bars", websocket=ws) as client:
        assert [event for event, _ in await received(client, 3)] == ["before_init", "init", "after_init"]
