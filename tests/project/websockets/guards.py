"""Places whose ``authorize`` takes its time, never answers, or raises what ends more than a function."""

import asyncio
import threading
import time
from collections import defaultdict

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.serving import authorization
from tornado_websockets.websocket import WebSocket

from .notes import note

#: Let the guards of a key go on, those on the event loop and those in threads.
_unlocked: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
_unstuck: defaultdict[str, threading.Event] = defaultdict(threading.Event)

porter = WebSocket("/porter")


@porter.on
async def unlock(data: Data) -> None:
    _unlocked[data["key"]].set()
    _unstuck[data["key"]].set()


@porter.on
async def unlock_later(data: Data) -> None:
    """Let one on the event loop go on, whatever becomes of whoever asks for it."""
    asyncio.get_running_loop().call_later(data["seconds"], _unlocked[data["key"]].set)


@porter.on
async def count_undecided() -> int:
    """How many handshakes are being decided."""
    return len(authorization._deadlines)


@porter.on
async def name_threads() -> Data:
    return {"names": [thread.name for thread in threading.enumerate()]}


async def _waits(socket: Socket) -> bool:
    key = socket.kwargs["key"]
    note(key, "asked")
    try:
        await _unlocked[key].wait()
    finally:
        note(key, "done")
    return True


def _is_stuck(socket: Socket) -> bool:
    key = socket.kwargs["key"]
    note(key, "asked")
    return _unstuck[key].wait(30)


def _sleeps(socket: Socket) -> bool:
    time.sleep(2)
    return True


def _exits(socket: Socket) -> bool:
    raise SystemExit(3)


async def _exits_on_the_loop(socket: Socket) -> bool:
    raise SystemExit(3)


class NoException(BaseException):
    """What ``except Exception`` does not catch."""


def _raises(socket: Socket) -> bool:
    raise NoException("in authorize")


async def _raises_on_the_loop(socket: Socket) -> bool:
    raise NoException("in authorize")


async def _is_cancelled(socket: Socket) -> bool:
    raise asyncio.CancelledError


locked = WebSocket("/locked/<slug:key>", authorize=_waits)
stuck = WebSocket("/stuck/<slug:key>", authorize=_is_stuck)
slow = WebSocket("/slow-guard", authorize=_sleeps)
quick = WebSocket("/quick-guard", authorize=lambda socket: True)

for path, authorize in {
    "/exiting-guard": _exits,
    "/aexiting-guard": _exits_on_the_loop,
    "/raising-guard": _raises,
    "/araising-guard": _raises_on_the_loop,
    "/cancelled-guard": _is_cancelled,
}.items():
    WebSocket(path, authorize=authorize)
