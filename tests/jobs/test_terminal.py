"""A bar on a terminal."""

import asyncio
import io
import os
import pty
import re
import sys

import pytest

from tests.support.scripts import ROOT
from tornado_websockets.jobs.terminal import Drawing, line_of, terminal

BAR = {"indeterminate": False, "min": 0, "max": 200, "current": 50}


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (BAR, "rows  [######..................]  25%"),
        ({**BAR, "current": 200, "outcome": "done"}, "rows  [########################] 100%  done"),
        ({**BAR, "max": 0, "current": 0}, "rows  [########################] 100%"),
        ({"indeterminate": True, "label": "Row 7"}, "rows  Row 7"),
        (
            {"indeterminate": True, "stage": {"name": "parse", "index": 1, "of": 2}, "outcome": "failed"},
            "rows  parse (1 of 2)  failed",
        ),
        ({"indeterminate": True, "stage": {"name": "parse", "index": 1, "of": None}}, "rows  parse (1)"),
        ({"indeterminate": True, "label": "a\x1b[2J\rb"}, "rows  a [2J b"),
    ],
)
def test_a_line_says_where_the_bar_stands(data, line):
    assert line_of("rows", data) == line


def test_it_is_drawn_now_and_then_and_at_the_end_in_any_case():
    stream = io.StringIO()
    drawing = Drawing(stream, "rows")
    for current in range(51):
        drawing.draw({**BAR, "current": current})
    drawing.log("a line")
    drawing.draw({**BAR, "outcome": "done"}, is_last=True)
    drawn = stream.getvalue().split("\r")
    assert len(drawn) == 4
    assert drawn[2] == "a line\x1b[K\n"
    assert drawn[3].endswith("25%  done\x1b[K\n")


def test_a_terminal_that_has_gone_ends_no_job():
    stream = io.StringIO()
    stream.close()
    Drawing(stream, "rows").draw(BAR)


async def test_on_an_event_loop_there_is_none():
    assert terminal() is None
    assert await asyncio.to_thread(terminal) is None


SCRIPT = """
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
ws = WebSocket("/import")
bar = ProgressBar("my_rows")
ws.bind(bar)
bar.tick()  # which is no run
with bar:
    bar.log("begun")
    for row in bar.track("abc", label=lambda row: f"Row {row}"):
        pass
print("end")
"""


def test_a_command_shows_its_job_on_its_terminal_and_writes_nothing_elsewhere():
    leader, follower = pty.openpty()
    read, write = os.pipe()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "", "COLUMNS": "80"}
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-c", SCRIPT],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_DUP2, follower, 2)],
    )
    for descriptor in (write, follower):
        os.close(descriptor)
    with os.fdopen(read) as output:
        assert output.read() == "end\n"
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    lines = [line for line in re.split(r"\x1b\[K|\r|\n", shown) if line]
    assert lines[0].startswith("my_rows  [")
    assert "begun" in lines
    assert lines[-1] == "my_rows  [########################] 100%  Row c  done"
