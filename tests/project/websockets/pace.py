"""Handlers that take their time, or must not wait for each other."""

import asyncio
import threading
import time
from collections import defaultdict
from typing import ClassVar

from asgiref.sync import sync_to_async

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

stream = WebSocket("/stream/<slug:room>")


@stream.on
def count_slowly(socket: Socket) -> None:
    for number in range(5):
        if number:
            time.sleep(0.2)
        stream.emit("tick", {"n": number})
        socket.emit("tock", {"n": number})


@stream.on
async def acount_slowly(socket: Socket) -> None:
    for number in range(5):
        if number:
            await asyncio.sleep(0.2)
        stream.emit("tick", {"n": number})
        socket.emit("tock", {"n": number})


class Order:
    """Events of one client are handled one at a time, in order."""

    ws = WebSocket("/order/<slug:room>", concurrency=4)
    running: ClassVar[defaultdict[str, int]] = defaultdict(int)

    @ws.on
    async def aslow(self, socket: Socket, data: Data) -> None:
        Order.begin(socket)
        await asyncio.sleep(0.05)
        Order.end(socket, data)

    @ws.on
    def slow(self, socket: Socket, data: Data) -> None:
        Order.begin(socket)
        time.sleep(0.05)
        Order.end(socket, data)

    @ws.on
    async def aquick(self, socket: Socket, data: Data) -> None:
        Order.begin(socket)
        Order.end(socket, data)

    @ws.on
    def quick(self, socket: Socket, data: Data) -> None:
        Order.begin(socket)
        Order.end(socket, data)

    @classmethod
    def begin(cls, socket: Socket) -> None:
        cls.running[socket.id] += 1

    @classmethod
    def end(cls, socket: Socket, data: Data) -> None:
        socket.emit("done", {"n": data["n"], "at once": cls.running[socket.id]})
        cls.running[socket.id] -= 1


meeting = WebSocket("/meeting")
arrived = asyncio.Event()


@meeting.on
async def wait_for_other(socket: Socket) -> None:
    """Ends only when another client's event is handled meanwhile."""
    socket.emit("waiting")
    await arrived.wait()
    arrived.clear()
    socket.emit("met")


@meeting.on
async def arrive() -> None:
    arrived.set()


class Overlap:
    """Counts how many of its handlers run at a time."""

    def __init__(self, path: str, concurrency: int) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.most = 0
        self.barrier = threading.Barrier(concurrency)
        ws = WebSocket(path, concurrency=concurrency)
        for handler in (self.work, self.meet, self.most_at_once):
            ws.on(handler)

    def work(self) -> None:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.02)
        with self.lock:
            self.running -= 1

    def meet(self) -> bool:
        """Whether as many others came here at the same time as may run."""
        try:
            self.barrier.wait(5)
        except threading.BrokenBarrierError:
            return False
        return True

    async def most_at_once(self) -> int:
        most, self.most = self.most, 0
        return most


alone = Overlap("/one-at-a-time", 1)
three = Overlap("/three-at-a-time", 3)


sleeper = WebSocket("/sleeper")
woken, asleep = threading.Event(), threading.Event()


@sleeper.on
def sleep(socket: Socket, data: Data) -> None:
    """Block this thread, unless somebody is done with it earlier."""
    woken.clear()
    asleep.set()
    socket.emit("asleep")
    woken.wait(data["seconds"])
    asleep.clear()
    socket.emit("awake")


@sleeper.on
async def query(socket: Socket, data: Data) -> None:
    """The same in the thread in which an async handler's queries are made."""
    await sync_to_async(sleep)(socket, data)


@sleeper.on
async def wake() -> bool:
    """Whether it has slept until now."""
    is_asleep = asleep.is_set()
    woken.set()
    return is_asleep


@sleeper.on
async def aecho(socket: Socket, data: Data) -> None:
    socket.emit("echo", data)


wakeful = WebSocket("/wakeful")
wakeful.on(aecho)


@wakeful.on
def echo(socket: Socket, data: Data) -> None:
    socket.emit("echo", data)


@wakeful.on
async def tell_sleepers(data: Data) -> None:
    await sleeper.emit("news", data)


@wakeful.on
def tell_all(data: Data) -> None:
    wakeful.emit("told", data)


class Flood:
    """Many messages out of one handler."""

    ws = WebSocket("/flood/<slug:room>")

    @ws.on
    def thousand(self, data: Data) -> None:
        for number in range(1_000):
            Flood.ws.emit("n", {"n": number})

    @ws.on
    async def athousand(self) -> None:
        for number in range(1_000):
            Flood.ws.emit("n", {"n": number})

    @ws.on
    async def athousand_awaited(self) -> None:
        for number in range(1_000):
            await Flood.ws.emit("n", {"n": number})

    @ws.on
    def megabytes(self) -> None:
        for _ in range(200):
            Flood.ws.emit("much", {"x": "x" * 20_000})

    @ws.on
    def mixed(self, socket: Socket) -> None:
        for number in range(100):
            socket.emit("own", {"n": 2 * number})
            Flood.ws.emit("all", {"n": 2 * number + 1})

    @ws.on
    async def amixed(self, socket: Socket) -> None:
        for number in range(100):
            socket.emit("own", {"n": 2 * number})
            Flood.ws.emit("all", {"n": 2 * number + 1})

    @ws.on
    async def amixed_awaited(self, socket: Socket) -> None:
        for number in range(100):
            await socket.emit("own", {"n": 2 * number})
            await Flood.ws.emit("all", {"n": 2 * number + 1})
