"""Programs that publish one number after the other, and what a page has missed of them."""

import asyncio
import itertools
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.support.sockets import SocketClient


class Sender:
    """Publishes by a process, and notes which of its numbers were confirmed.

    :param port: of the process, or of what is in front of several.
    :param pause: seconds between two numbers.

    :ivar confirmed: those.
    """

    def __init__(self, name: str, port: int, pause: float = 0.05) -> None:
        self.name = name
        self.confirmed: list[int] = []
        self._port = port
        self._pause = pause
        self._numbers = itertools.count()

    async def send(self) -> None:
        """Until it is cancelled, whatever becomes of the process."""
        while True:
            with suppress(OSError, ConnectionClosed, EOFError, TimeoutError):
                client = await SocketClient.connect(f"ws://127.0.0.1:{self._port}/ws/numbers", {})
                try:
                    while True:
                        number = next(self._numbers)
                        await client.request("count", {"sender": self.name, "n": number})
                        self.confirmed.append(number)
                        await asyncio.sleep(self._pause)
                finally:
                    await client.close()
            await asyncio.sleep(self._pause)

    def missing(self, seen: list[Any]) -> list[int]:
        """Which of its confirmed numbers a page has missed in silence.

        A page that is told of a gap reads its data again. It hears of it between two numbers of a sender, or behind the
        next one, which may have come before its welcome: either excuses what is missing between the two.

        :param seen: pairs of sender and number, and ``None`` for each gap.
        """
        missing: list[int] = []
        newest, is_told = -1, False
        for one in seen:
            if one is None:
                missing.clear()
                is_told = True
            elif one[0] == self.name:
                assert one[1] > newest, f"{self.name} {one[1]} came after {newest}"
                if not is_told:
                    missing += [each for each in self.confirmed if newest < each < one[1]]
                newest, is_told = one[1], False
        return missing
