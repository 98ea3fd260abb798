"""Plain handlers that set timers, as those of Tornado's days do."""

import asyncio
import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

timers = WebSocket("/timers/<slug:key>")

SOON = 0.02


def _ran(way: str) -> None:
    timers.emit("ran", {"way": way, "loop": id(asyncio.get_running_loop())})


async def _ran_async(way: str) -> None:
    await asyncio.sleep(0)
    _ran(way)


def _ways(io_loop: Any) -> dict[str, Callable[..., Any]]:
    """How Tornado's loop is asked to call something."""
    return {
        "add_callback": io_loop.add_callback,
        "spawn_callback": io_loop.spawn_callback,
        "call_later": partial(io_loop.call_later, SOON),
        "call_at": lambda *args: io_loop.call_at(io_loop.time() + SOON, *args),
        "add_timeout": lambda *args: io_loop.add_timeout(io_loop.time() + SOON, *args),
        "add_timeout of a timedelta": partial(io_loop.add_timeout, dt.timedelta(seconds=SOON)),
    }


@timers.on
async def loop() -> Data:
    return {"loop": id(asyncio.get_running_loop())}


@timers.on
def set_timer(data: Data) -> None:
    from tornado.ioloop import IOLoop

    io_loop = IOLoop.current() if data["of"] == "current" else IOLoop.instance()
    _ways(io_loop)[data["way"]](_ran_async if data["is_async"] else _ran, data["way"])


@timers.on
def cancel_timer() -> None:
    from tornado.ioloop import IOLoop

    io_loop = IOLoop.current()
    cancelled = io_loop.call_later(SOON, _ran, "cancelled")
    io_loop.remove_timeout(cancelled)
    io_loop.call_later(3 * SOON, _ran, "later")


@timers.on
def start_period(socket: Any) -> None:
    from tornado.ioloop import PeriodicCallback

    socket.period = PeriodicCallback(partial(_ran, "period"), 1_000 * SOON)
    socket.period.start()


@timers.on
def stop_period(socket: Any) -> Data:
    socket.period.stop()
    return {}


async def _answer() -> int:
    return 42


@timers.on
def run_until_complete() -> Data:
    """What a library may do that offers something async to sync code, and a timer after it."""
    from tornado.ioloop import IOLoop

    answer = asyncio.get_event_loop().run_until_complete(_answer())
    IOLoop.current().add_callback(_ran, "after running")
    return {"answer": answer}


@timers.on
def run() -> Data:
    from tornado.ioloop import IOLoop

    answer = asyncio.run(_answer())
    IOLoop.current().add_callback(_ran, "after running")
    return {"answer": answer}


@timers.on
def set_timer_elsewhere(data: Data) -> None:
    """In a thread that the handler starts, and does not wait for."""
    pool = ThreadPoolExecutor()
    starts: dict[str, Callable[[Callable[[], object]], object]] = {
        "thread": lambda call: threading.Thread(target=call).start(),
        "timer": lambda call: threading.Timer(SOON, call).start(),
        "executor": pool.submit,
    }
    starts[data["where"]](partial(set_timer, {"way": data["way"], "of": data["of"], "is_async": False}))
    pool.shutdown(wait=False)


@timers.on
def forbidden(data: Data) -> str:
    from tornado.ioloop import IOLoop

    async def nothing() -> None:
        pass

    ways: dict[str, Callable[[], Any]] = {
        "task": lambda: asyncio.ensure_future(nothing()),
        "add_handler": lambda: IOLoop.current().add_handler(0, print, IOLoop.READ),
        "run_sync": lambda: IOLoop.current().run_sync(nothing),
        "start": lambda: IOLoop.current().start(),
        "close": lambda: IOLoop.current().close(),
    }
    try:
        ways[data["way"]]()
    except RuntimeError as error:
        return str(error)
    return "no error"
