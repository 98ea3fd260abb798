"""``Running``: how runs begin and end, and which of them are this process's."""

import asyncio

import pytest

from tests.support.scripts import run_script
from tornado_websockets.exceptions import Cancelled
from tornado_websockets.modules import ProgressBar
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket

PREFIX = "module_progressbar_foo_"


def make(bar=None):
    ws = WebSocket("/runs", add_to_handlers=False)
    bar = bar or ProgressBar("foo", cancel=True)
    ws.bind(bar)
    return ws, bar


async def outcome(client):
    while (event := (await client.receive_any())[0].removeprefix(PREFIX)) not in ("done", "cancelled", "failed"):
        pass
    return event


def fail():
    raise LookupError


@pytest.mark.parametrize(("others", "expected"), [([], "cancelled"), ([fail], "failed")])
async def test_tasks_that_were_all_cancelled_are_cancelled_together(others, expected):
    ws, bar = make()

    async def do(step):
        step()

    async def work():
        async with bar:
            bar._run.cancel()
            async with asyncio.TaskGroup() as group:
                for step in (bar.check, bar.tick, *others):
                    group.create_task(do(step))

    async with Client("/runs", websocket=ws) as client:
        with pytest.raises(BaseExceptionGroup):
            await work()
        assert await outcome(client) == expected


class Chained(ProgressBar):
    """Begins its next run as soon as clients are told of the end of the first."""

    runs = 0

    def emit_done(self):
        super().emit_done()
        self.runs += 1
        if self.runs == 1:
            with self:
                pass


def test_whoever_is_told_of_the_end_may_begin_the_next():
    _, bar = make(Chained("foo"))
    with bar:
        pass
    assert bar.runs == 2


async def test_reset_after_a_run_leaves_nothing_of_it():
    ws, bar = make()
    with bar, bar.stage("parse", max=3):
        bar.tick("one")
        bar.log("a line")
    bar.reset()
    async with Client("/runs", websocket=ws) as client:
        told = await client.receive(PREFIX + "init")
        assert told == {"indeterminate": False, "min": 0, "max": 100, "current": 0}


async def test_reset_after_a_run_tells_pages_that_were_there_how_far_it_goes_now():
    ws, bar = make(ProgressBar("foo", max=10))
    async with Client("/runs", websocket=ws) as client:
        assert (await client.receive(PREFIX + "init"))["max"] == 10
        assert len(list(bar.track(range(200)))) == 200
        await outcome(client)
        bar.reset()
        bar.tick()
        assert (await client.receive(PREFIX + "init"))["max"] == 10


def test_reset_within_a_run_leaves_the_run():
    _, bar = make()
    with bar, bar.stage("parse", max=3):
        bar.tick("one")
        bar.reset()
        assert (bar.current, bar.max, bar._state()["stage"]["name"]) == (0, 3, "parse")


async def test_a_label_that_cannot_be_told_is_an_error_of_the_step_and_none_of_newcomers():
    ws, bar = make()
    with bar:
        with pytest.raises(TypeError):
            bar.tick(object())
        async with Client("/runs", websocket=ws) as client:
            assert (await client.receive(PREFIX + "init"))["current"] == 1


class TestWhoMayCancel:
    async def asked(self, bar):
        """What becomes of a wish to cancel."""
        ws, bar = make(bar)
        async with Client("/runs", websocket=ws) as client:
            with bar:
                while "run" not in (told := await client.receive(PREFIX + "init")):
                    pass
                try:
                    await client.request(PREFIX + "cancel", {"run": told["run"]})
                except RequestRefused as refused:
                    bar.check()
                    return refused.code
                with pytest.raises(Cancelled):
                    bar.check()
                return None

    @pytest.mark.parametrize(("answer", "code"), [(True, None), (False, "forbidden"), (None, "forbidden")])
    async def test_a_function_that_is_async_says_so(self, answer, code):
        async def may(socket, data):
            assert (socket.path, list(data)) == ("/runs", ["run"])
            return answer

        assert await self.asked(ProgressBar("foo", cancel=may)) == code

    async def test_nobody_where_the_function_fails(self, caplog):
        assert await self.asked(ProgressBar("foo", cancel=fail)) == "handler_error"
        assert "LookupError" in caplog.text

    def test_a_function_that_wants_what_there_is_not_is_refused(self):
        with pytest.raises(TypeError, match="request"):
            make(ProgressBar("foo", cancel=lambda request: True))


FORKED = """
import os
import sys
import types
import django
from django.conf import settings
urls = sys.modules["urls"] = types.ModuleType("urls")
urls.urlpatterns = []
settings.configure(INSTALLED_APPS=["tornado_websockets"], ROOT_URLCONF="urls")
django.setup()
from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket

class Told(ProgressBar):
    who = "parent"

    def emit(self, event, *arguments, **options):
        if not event.startswith(("before", "after")):
            print(self.who, event, flush=True)

bar = Told("rows", max=2)
WebSocket("/import").bind(bar)
try:
    with bar:
        bar.tick()
        child = os.fork()
        if child == 0:
            bar.who = "child"
            bar.tick()
            sys.exit()  # by the end of the block
        os.waitpid(child, 0)
        bar.tick()
finally:
    bar.who == "child" and os._exit(0)
"""


def test_a_forked_child_works_for_the_run_and_does_not_end_it():
    told = run_script(FORKED, are_warnings_errors=False).splitlines()
    assert told == ["parent init", "parent update", "child update", "parent update", "parent done"]
