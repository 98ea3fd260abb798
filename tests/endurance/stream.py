"""A steady stream of numbered broadcasts to the clients of two servers, and what became of it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import pairwise
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.support.cluster import Cluster
from tests.support.sockets import SocketClient
from tests.support.waiting import until

#: Seconds; longer than any test.
_FOREVER = 86_400.0


class Listener:
    """Notes the numbers that a client hears.

    :ivar numbers: in the order they came.
    :ivar times: when each came, by the clock that all processes share.
    :ivar delays: seconds since each was sent.
    :ivar is_closed: whether the connection was lost.
    """

    def __init__(self, client: SocketClient) -> None:
        self.numbers: list[int] = []
        self.times: list[float] = []
        self.delays: list[float] = []
        self.is_closed = False
        self._client = client
        self._replies: asyncio.Queue[Any] = asyncio.Queue()
        self._task = asyncio.create_task(self._listen())

    async def request(self, event: str, data: object = None) -> Any:
        """What the handler of ``event`` returned."""
        await self._client.emit(event, data, id=event)
        return await self._replies.get()

    async def wait_for(self, number: int, within: float) -> None:
        """Return when it has heard this number or a later one."""
        await until(lambda: self.numbers and self.numbers[-1] >= number, within, pause=0.01)

    def missed(self, numbers: Iterable[int]) -> list[int]:
        """Those of ``numbers`` that it did not hear."""
        return sorted(set(numbers) - set(self.numbers))

    def silence_after(self, moment: float) -> float:
        """Seconds for which it heard nothing, the longest time of those since ``moment``."""
        times = [moment, *(each for each in self.times if each > moment)]
        return max(later - earlier for earlier, later in pairwise(times))

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _listen(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            try:
                while True:
                    self._take(await self._client.receive(within=_FOREVER))
            except ConnectionClosed:
                self.is_closed = True

    def _take(self, frame: Mapping[str, Any]) -> None:
        data = frame["data"]
        if frame["event"] == "reply":
            self._replies.put_nowait(data)
            return
        now = time.monotonic()
        self.numbers.append(data["n"])
        self.times.append(now)
        self.delays.append(now - data["at"])


class Stream:
    """Numbers, counted from 0 by a handler of the first server.

    :ivar local: clients of that one.
    :ivar remote: clients of the other.
    :ivar sent: how many there were so far.
    :ivar slowest: seconds that the slowest ``emit`` took.
    """

    def __init__(self, local: list[Listener], remote: list[Listener], observers: list[Listener]) -> None:
        self.local = local
        self.remote = remote
        self.sent = 0
        self.slowest = 0.0
        self._observers = observers
        self._before: list[dict[str, float]] = []

    @property
    def listeners(self) -> list[Listener]:
        return [*self.local, *self.remote]

    @property
    def is_anyone_closed(self) -> bool:
        return any(listener.is_closed for listener in (*self.listeners, *self._observers))

    @property
    def numbers(self) -> range:
        """All that were sent."""
        return range(self.sent)

    async def run(self, seconds: float, rate: int) -> None:
        """Send so many a second, for so many seconds."""
        count = int(seconds * rate)
        what = {"from": self.sent, "to": self.sent + count, "rate": rate}
        answer = await self.local[0].request("count", what)
        self.slowest = max(self.slowest, answer["slowest"])
        self.sent += count

    async def end(self, within: float = 10.0) -> None:
        """Send a few more, slowly, so that what was lost shows; return when every client has heard the last of them."""
        await self.run(seconds=0.25, rate=20)
        await asyncio.gather(*(listener.wait_for(self.sent - 1, within) for listener in self.listeners))

    async def note_counters(self) -> None:
        """From here on :meth:`counted` counts."""
        self._before = [await observer.request("counters") for observer in self._observers]

    async def counted(self) -> tuple[int, int]:
        """What the first server has counted as unsent, and the second as lost."""
        here, there = [await observer.request("counters") for observer in self._observers]
        return (
            int(here["messages_unsent"] - self._before[0]["messages_unsent"]),
            int(there["messages_lost"] - self._before[1]["messages_lost"]),
        )

    def silence_after(self, moment: float) -> float:
        """Seconds for which a remote client heard nothing, the longest time of those since ``moment``."""
        return max(listener.silence_after(moment) for listener in self.remote)

    def check(self, lost: int) -> None:
        """Local clients have heard everything, remote ones all but what was counted as lost, and nobody is closed."""
        for listener in self.local:
            assert listener.numbers == list(self.numbers)
        for listener in self.remote:
            assert listener.numbers == sorted(set(listener.numbers))
            assert len(listener.missed(self.numbers)) == lost
        assert not self.is_anyone_closed


@contextlib.asynccontextmanager
async def stream_over(cluster: Cluster, room: str, each: int) -> AsyncIterator[Stream]:
    """A stream to ``each`` clients of both servers; Redis may break, and the layer may say so in the log."""
    for server in (cluster.here, cluster.there):
        server.log.forgiven = "channels_redis"
    here, there = await cluster.connect(f"/steady/{room}", each)
    observers = await cluster.connect("/steady/observers")
    watching = [Listener(client) for clients in observers for client in clients]
    local, remote = [Listener(client) for client in here], [Listener(client) for client in there]
    stream = Stream(local, remote, watching)
    await stream.note_counters()
    try:
        yield stream
    finally:
        for listener in (*stream.listeners, *watching):
            await listener.stop()


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all is not above."""
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]
