"""Channel layers for the tests: some work and can be told to fail, one never works."""

import asyncio
import threading
import time
from collections import deque
from typing import Any

from channels.layers import BaseChannelLayer

Message = dict[str, Any]


class BrokerLayer(BaseChannelLayer):  # type: ignore[misc]
    """Works within one process, from any of its event loops, and keeps a record.

    :ivar calls: name and arguments of each call but ``receive``.
    :ivar error: raised by every call while it is set.
    :ivar is_hanging: no call returns while it is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        self.groups: dict[str, set[str]] = {}
        self.error: Exception | None = None
        self.is_hanging = False
        self._lock = threading.Lock()
        self._messages: dict[str, deque[Message]] = {}
        self._channels = 0

    async def new_channel(self, prefix: str = "specific") -> str:
        await self._work("new_channel")
        self._channels += 1
        return f"{prefix}.{self._channels}"

    async def group_add(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        await self._work("group_add", group, channel)
        with self._lock:
            self.groups.setdefault(group, set()).add(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await self._work("group_discard", group, channel)
        with self._lock:
            self.groups.get(group, set()).discard(channel)

    async def group_send(self, group: str, message: Message) -> None:
        await self._work("group_send", group, message)
        with self._lock:
            for channel in self.groups.get(group, ()):
                self._messages.setdefault(channel, deque()).append(message)

    async def receive(self, channel: str) -> Message:
        while True:
            if self.error is not None:
                raise self.error
            with self._lock:
                if self._messages.get(channel):
                    return self._messages[channel].popleft()
            await asyncio.sleep(0.001)

    def forget_groups(self) -> None:
        """As a restart of Redis does."""
        with self._lock:
            self.groups.clear()

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of the calls of that name."""
        return [call[1:] for call in self.calls if call[0] == name]

    @property
    def texts(self) -> list[str]:
        """The texts of all batches that were sent, in order."""
        return [text for _, message in self.named("group_send") for text in message.get("texts", ())]

    async def _work(self, *call: Any) -> None:
        self.calls.append(call)
        await asyncio.sleep(0)
        while self.is_hanging:  # noqa: ASYNC110 several loops may wait
            await asyncio.sleep(0.001)
        if self.error is not None:
            raise self.error


class RefusingLayer(BaseChannelLayer):  # type: ignore[misc]
    """Refuses whatever it is asked, as a layer does whose server is down."""

    async def new_channel(self, prefix: str = "specific") -> str:
        raise ConnectionRefusedError("nobody listens there")

    async def group_add(self, group: str, channel: str) -> None:
        raise ConnectionRefusedError("nobody listens there")

    async def group_discard(self, group: str, channel: str) -> None:
        raise ConnectionRefusedError("nobody listens there")

    async def group_send(self, group: str, message: Message) -> None:
        raise ConnectionRefusedError("nobody listens there")

    async def receive(self, channel: str) -> Message:
        raise ConnectionRefusedError("nobody listens there")


class WantingLayer(BrokerLayer):
    """Cannot be made without a time zone, nor with a wrong one."""

    def __init__(self, **config: Any) -> None:
        if config["TIME_ZONE"] is not None:
            raise ValueError("not this one")
        super().__init__()


class SlowlyMadeLayer(BrokerLayer):
    """Takes its time to be made.

    :cvar made: how many there are.
    """

    made = 0

    def __init__(self) -> None:
        SlowlyMadeLayer.made += 1
        time.sleep(0.05)
        super().__init__()


BROKER = {"default": {"BACKEND": "tests.support.layers.BrokerLayer"}}
WANTING = {"default": {"BACKEND": "tests.support.layers.WantingLayer"}}
REFUSING = {"default": {"BACKEND": "tests.support.layers.RefusingLayer"}}
IN_MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
SLOWLY_MADE = {"default": {"BACKEND": "tests.support.layers.SlowlyMadeLayer"}}
