"""What it costs to show on every page how far a loop is."""

import subprocess
import sys
from dataclasses import dataclass

from ..figures import Figures
from ..processes import ROOT, quiet_environment

PER_ROW = "CPU µs per row"

_ROWS = 1_000_000

_PROGRAM = """
import sys
import time
from types import ModuleType

import django
from django.conf import settings

urls = sys.modules["urls"] = ModuleType("urls")
urls.urlpatterns = []
settings.configure(INSTALLED_APPS=["tornado_websockets"], ROOT_URLCONF="urls")
django.setup()

from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket

ws, bar = WebSocket("/rows"), ProgressBar("rows")
ws.bind(bar)
rows = range({rows})
for repetition in range(3):  # the first fills the caches
    started = time.process_time()
    for row in {loop}:
        pass
    taken = time.process_time() - started
print(1e6 * taken / {rows})
"""


@dataclass(frozen=True)
class Track:
    """CPU time of a loop over a million rows, in a process of its own.

    :param loop: what is gone through; ``rows`` are there, and a ``bar``.
    """

    loop: str

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 a fixed number of rows
        program = _PROGRAM.format(rows=_ROWS, loop=self.loop)
        command = [sys.executable, "-c", program]
        printed = subprocess.run(command, cwd=ROOT, env=quiet_environment(), capture_output=True, text=True, check=True)  # noqa: S603
        return {PER_ROW: float(printed.stdout)}
