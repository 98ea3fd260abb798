"""Processes side by side whose events are kept in one store, and a layer between them that loses what it is told to."""

from collections.abc import Callable
from typing import Any

from channels_bridge.relay.publisher import Relay
from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tornado_websockets.auth.recheck import logins
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.core.recovery.keeping.healing import HealTiming
from tornado_websockets.core.recovery.keeping.keeper import TopicKeeper
from tornado_websockets.core.recovery.keeping.values import ValueTiming
from tornado_websockets.core.recovery.keeping.writer import WriteTiming
from tornado_websockets.core.recovery.record import Retention
from tornado_websockets.core.recovery.store import Asked
from tornado_websockets.store.current import make_store, store_in_use
from tornado_websockets.websocket import WebSocket, endpoint_of

#: Everything is found out soon.
SOON = {
    "healing": HealTiming(delay=0.01, pause=0.02, patience=0.2, silence=5.0, tails=0.05),
    "values": ValueTiming(settling=0.05),
    "writing": WriteTiming(first_pause=0.01, longest_pause=0.05),
}


def memory_of_its_own(seconds: float = 300.0) -> Callable[[], Asked]:
    """The store of a process without ``STORE``, which no other process sees.

    :param seconds: that events are kept.
    """
    guard = make_store(None, Retention(seconds=seconds))
    return lambda: guard


class Process:
    """What is another process to others: a WebSocket with clients of its own, a hub, and a relay on the layer.

    :param store: gives the store, by default that of the settings.
    :param most_unwatched: see :class:`TopicKeeper`.
    :param options: of the WebSocket.
    """

    def __init__(
        self,
        path: str = "/chat",
        *,
        store: Callable[[], Asked] = store_in_use,
        has_relay: bool = True,
        timing: dict[str, Any] = SOON,
        most_unwatched: int = 1_000,
        **options: Any,
    ) -> None:
        self.hub = Hub()
        self.hub.keeper = TopicKeeper(self.hub, store, **timing, most_unwatched=most_unwatched)
        self.ws = WebSocket(path, add_to_handlers=False, **options)
        if has_relay:
            self.hub.publisher = Relay(self.hub, Encoder())
        self.endpoint = endpoint_of(self.ws)
        self.endpoint.hub = self.hub
        self.endpoint.observers.remove(logins)  # which looks at those of this process

    @property
    def keeper(self) -> TopicKeeper:
        assert isinstance(self.hub.keeper, TopicKeeper)
        return self.hub.keeper

    async def connect(self, path: str = "", **options: Any) -> MemoryClient:
        return await MemoryClient(self.endpoint, path or self.ws.path, **options).connect()


async def hello(client: MemoryClient, since: object = None, **more: object) -> dict[str, Any]:
    """Say hello, and return the data of the welcome."""
    before = client.events.count("tws.welcome")
    await client.send("tws.hello", {"since": since, **more})
    await until(lambda: client.events.count("tws.welcome") > before)
    frames = [frame for frame in client.received if frame["event"] == "tws.welcome"]
    data: dict[str, Any] = frames[-1]["data"]
    return data
