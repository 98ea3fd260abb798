"""The import's WebSocket: everyone who looks sees how far it is, and may cancel it."""

from tornado_websockets import Socket
from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket
from weather import job
from weather.models import Import

OUTCOMES: dict[str, str] = {
    Import.State.DONE: "done",
    Import.State.CANCELLED: "cancelled",
    Import.State.FAILED: "failed",
    Import.State.INTERRUPTED: "failed",
}

# region shown
bar = ProgressBar("rows", cancel=True, stages=2)
imports = WebSocket("/import", sends={bar.event_name("report"): job.Report})
imports.bind(bar)
# endregion


# region shown
def report() -> None:
    # A page that is too slow for all reports gets the latest.
    bar.emit("report", {**job.read_report()}, supersede=True)


# endregion


@imports.on
def look(socket: Socket) -> None:
    """Tell one page of the latest import, and where it has ended, if that was in a process that cannot say so."""
    latest = job.read_report()
    if latest["rows"] and latest["state"] != Import.State.RUNNING and bar.current == bar.min:
        state = {"min": 0, "max": latest["rows"], "current": latest["handled"], "outcome": OUTCOMES[latest["state"]]}
        label = job.describe(latest["handled"], latest["rows"])
        socket.emit(bar.event_name("init"), {**state, "label": label})
    socket.emit(bar.event_name("report"), {**latest})
