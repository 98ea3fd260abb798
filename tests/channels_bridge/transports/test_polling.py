import asyncio
from contextvars import ContextVar

import pytest

from channels_bridge.transports.polling import Poll
from tests.support.waiting import until


@pytest.fixture
def looks():
    return []


@pytest.fixture
def poll(looks):
    return Poll(0.01, looks.append)


async def test_looks_at_everything_again_and_again(poll, looks):
    poll.add("one")
    poll.add("two")
    await until(lambda: looks.count("one") > 2 and looks.count("two") > 2)


async def test_leaves_alone_what_was_removed(poll, looks):
    poll.add("gone")
    poll.remove("gone")
    poll.add("other")
    await until(lambda: looks.count("other") > 2)
    assert "gone" not in looks


async def test_rests_while_there_is_nothing(poll, looks):
    poll.add("one")
    await until(lambda: looks)
    poll.remove("one")
    await until(lambda: poll.is_resting)
    poll.add("two")
    await until(lambda: "two" in looks)


def test_looks_on_each_event_loop(poll, looks):
    async def look():
        poll.add("one")
        await until(lambda: looks)

    asyncio.run(look())  # which ends while it looks
    looks.clear()
    asyncio.run(look())
    assert looks


async def test_removes_what_was_never_added(poll, looks):
    poll.remove("one")
    assert looks == []


async def test_goes_on_when_a_look_fails():
    looks, reported = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))

    def look(thing):
        looks.append(thing)
        raise ValueError("no such thing")

    poll = Poll(0.01, look)
    poll.add("one")
    await until(lambda: len(looks) > 2)
    poll.remove("one")
    assert {type(error) for error in reported} == {ValueError}


async def test_looks_in_nobody_s_context(poll, looks):
    whose = ContextVar("whose", default=None)
    poll = Poll(0.01, lambda _: looks.append(whose.get()))
    token = whose.set("the first one's")
    poll.add("one")
    whose.reset(token)
    await until(lambda: len(looks) > 2)
    assert set(looks) == {None}
