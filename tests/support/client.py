"""A client of a WebSocket, by whichever transport it is connected."""

import json
from abc import ABC, abstractmethod
from typing import Any

from .log import DEADLINE

Frame = dict[str, Any]


class Refused(Exception):
    """The handshake was answered with another status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The handshake was refused with {status}.")
        self.status = status


class AnyClient(ABC):
    """One connected client.

    :ivar transcript: every text it has received, but for the answers that :meth:`settle` waited for.
    """

    def __init__(self) -> None:
        self.transcript: list[str] = []
        self._settled = 0

    @abstractmethod
    async def send(self, message: str | bytes) -> None:
        """Send a text frame, or a binary one."""

    @abstractmethod
    async def close(self) -> None:
        """Say good-bye, and wait until the server has answered."""

    @abstractmethod
    async def _receive(self, within: float) -> str:
        """The next text frame, or ``TimeoutError`` after so many seconds."""

    async def emit(self, event: str, data: object = None, **more: object) -> None:
        """Send a frame with an event."""
        await self.send(json.dumps({"event": event, **({} if data is None else {"data": data}), **more}))

    async def receive(self, within: float = DEADLINE) -> Frame:
        """The next frame."""
        text = await self._receive(within)
        self.transcript.append(text)
        frame: Frame = json.loads(text)
        return frame

    async def expect(self, event: str, within: float = DEADLINE) -> Any:
        """The data of the next frame, which must be this event."""
        frame = await self.receive(within)
        assert frame["event"] == event, frame
        return frame["data"]

    async def request(self, event: str, data: object = None) -> Any:
        """What the handler of ``event`` returned; what comes before is in the transcript."""
        await self.emit(event, data, id=event)
        while (frame := await self.receive()).get("id") != event:
            pass
        assert "error" not in frame, frame
        return frame["data"]

    async def settle(self) -> list[Frame]:
        """What came until everything sent so far was handled: a question is asked, which is answered in its turn."""
        self._settled += 1
        question = f"settle {self._settled}"
        await self.emit("settle", id=question)
        frames: list[Frame] = []
        while (frame := await self.receive()).get("id") != question:
            frames.append(frame)
        self.transcript.pop()
        return frames
