"""The import's WebSocket: everyone who looks sees how far it is, and may cancel it."""

from typing import Any

from tornado_websockets import Socket
from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket
from weather import job

# region shown
imports = WebSocket("/import")
bar = ProgressBar("rows")
imports.bind(bar)
# endregion


class Watchers:
    """The pages that are open."""

    def begin(self, rows: int) -> None:
        bar.reset()
        bar.max = rows
        # As on connection, for the pages that are here already.
        bar.emit("init", {"min": 0, "max": rows, "current": 0})

    # region shown
    def advance(self, rows: int, label: str) -> None:
        bar.current += rows - 1  # the tick adds one
        bar.tick(label)

    # endregion

    def report(self) -> None:
        # A page that is too slow for all reports gets the latest.
        bar.emit("report", {**job.read_report()}, supersede=True)


watchers = Watchers()


@imports.on
def look(socket: Socket) -> None:
    """Tell one page where the latest import stands, whichever process is at work on it."""
    report = job.read_report()
    if report["rows"]:
        socket.emit(bar.event_name("init"), {"min": 0, "max": report["rows"], "current": report["handled"]})
        label = job.describe(report["handled"], report["rows"])
        socket.emit(bar.event_name("update"), {"current": report["handled"], "label": label})
    socket.emit(bar.event_name("report"), {**report})


# region shown
@imports.on
def cancel(data: dict[str, Any]) -> None:
    job.cancel(data.get("id"))
    watchers.report()


# endregion
