import asyncio

import pytest

from channels_bridge.clock import Clock
from tests.project.waiting import until


@pytest.fixture
def looks():
    return []


@pytest.fixture
def clock(looks):
    return Clock(0.01, looks.append)


async def test_looks_at_everything_again_and_again(clock, looks):
    clock.add("one")
    clock.add("two")
    await until(lambda: looks.count("one") > 2 and looks.count("two") > 2)


async def test_leaves_alone_what_was_removed(clock, looks):
    clock.add("gone")
    clock.remove("gone")
    clock.add("other")
    await until(lambda: looks.count("other") > 2)
    assert "gone" not in looks


async def test_rests_while_there_is_nothing(clock, looks):
    clock.add("one")
    await until(lambda: looks)
    clock.remove("one")
    await until(lambda: not clock._watched)
    clock.add("two")
    await until(lambda: "two" in looks)


def test_looks_on_each_event_loop(clock, looks):
    async def look():
        clock.add("one")
        await until(lambda: looks)

    asyncio.run(look())  # which ends while it looks
    looks.clear()
    asyncio.run(look())
    assert looks


async def test_removes_what_was_never_added(clock, looks):
    clock.remove("one")
    assert looks == []


async def test_goes_on_when_a_look_fails():
    looks, reported = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))

    def look(thing):
        looks.append(thing)
        raise ValueError("no such thing")

    clock = Clock(0.01, look)
    clock.add("one")
    await until(lambda: len(looks) > 2)
    clock.remove("one")
    assert {type(error) for error in reported} == {ValueError}
