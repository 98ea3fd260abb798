"""The import's WebSocket: everyone who looks sees how far it is, and may cancel it.

The import runs in the process that was asked for it, and only that one can tell newcomers how far it is, or cancel it.
With several processes it would be a task of a worker, and its state a row in the database.
"""

from typing import Any

from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket
from weather.job import Importer, Report

imports = WebSocket("/import")
bar = ProgressBar("rows")
imports.bind(bar)


class Watchers:
    """The pages that are open."""

    def begin(self, rows: int) -> None:
        bar.reset()
        bar.max = rows
        # As on connection, for the pages that are here already.
        start = {"indeterminate": bar.indeterminate, "min": bar.min, "max": bar.max, "current": bar.current}
        bar.emit("init", start)

    def advance(self, rows: int, label: str) -> None:
        bar.current += rows - 1  # and one more with the tick
        bar.tick(label)

    def report(self, report: Report) -> None:
        # A page that is too slow for all reports gets the latest.
        bar.emit("report", {**report}, supersede=True)


importer = Importer(Watchers())


@imports.on
def open(socket: Any) -> None:  # noqa: A001 an event's name is its function's
    socket.emit(bar.event_name("report"), {**importer.read_report()})


@imports.on
async def cancel() -> None:
    importer.cancel()
