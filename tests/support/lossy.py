"""A layer that loses, repeats and holds back what it is told to, and pages that must miss nothing all the same."""

from collections import deque
from typing import TYPE_CHECKING, Any

from tests.support.kept import Process, hello
from tests.support.layers import BrokerLayer, Message

if TYPE_CHECKING:
    from tests.support.memory import MemoryClient


class LossyLayer(BrokerLayer):
    """Does with each message of the relays what is planned next: ``lose``, ``repeat``, ``hold``; else it brings it.

    :ivar plan: what comes next.
    :ivar doomed: a part of a text; the next message that has it is lost, whatever is planned.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plan: deque[str] = deque()
        self.doomed = ""
        self._held: list[tuple[str, Message]] = []

    async def group_send(self, group: str, message: Message) -> None:
        texts = message.get("texts")
        if self.doomed and any(self.doomed in text for text in texts or ()):
            self.doomed, what = "", "lose"
        else:
            what = self.plan.popleft() if self.plan and texts else "bring"
        if what == "lose":
            self.calls.append(("group_send", group, message))
            return
        if what == "hold":
            self.calls.append(("group_send", group, message))
            self._held.append((group, message))
            return
        for _ in range(2 if what == "repeat" else 1):
            await super().group_send(group, message)
        await self.release()

    async def release(self) -> None:
        """Bring what was held back."""
        held, self._held = self._held, []
        for group, message in held:
            await super().group_send(group, message)


LOSSY = {"default": {"BACKEND": "tests.support.lossy.LossyLayer"}}


class Page:
    """A page that keeps a list of what was said, as a browser does, over any number of connections.

    :ivar since: where it stands; ``None`` before it was told.
    :ivar heard: the numbers that it was told, in order, since it read its data last.
    :ivar readings: how often it had to read its data.
    """

    def __init__(self) -> None:
        self.since: dict[str, int] | None = None
        self.heard: list[int] = []
        self.readings = 0
        self._ids: list[str] = []
        self._client: MemoryClient | None = None
        self._taken = 0
        self._places: set[str] = set()  # of what has come live over this connection, each once

    @property
    def is_connected(self) -> bool:
        return self._client is not None

    async def connect(self, process: Process) -> None:
        client = self._client = await process.connect()
        welcome = await hello(client, self.since, ids=self._ids)
        self._ids.append(client.connection.id)
        self._taken = 0
        self._places.clear()
        if welcome["recovered"]:
            for frame in welcome["events"]:
                self._hear(frame)
        else:
            self.read_data()
            self.since = dict(welcome["at"])
            self._taken = client.events.index("tws.welcome")  # what came before is in the data
        self.catch_up()
        assert self.since is not None
        for sender, number in welcome["at"].items():
            self.since[sender] = max(number, self.since.get(sender, 0))

    async def leave(self) -> None:
        if self._client is not None:
            self.catch_up()
            client, self._client = self._client, None
            await client.leave()

    def catch_up(self) -> None:
        """Take what has come live."""
        received = [] if self._client is None else self._client.received
        for frame in received[self._taken :]:
            if frame["event"] == "tws.gap":
                self.read_data()
            elif "at" in frame:
                assert frame["at"] not in self._places, f"{frame} was sent twice"
                self._places.add(frame["at"])
                self._hear(frame)
        self._taken = len(received)

    def read_data(self) -> None:
        """Something is not to be had any more: the page reads its data from elsewhere."""
        self.readings += 1
        self.heard.clear()

    def _hear(self, frame: dict[str, Any]) -> None:
        sender, _, number = frame["at"].rpartition(".")
        assert self.since is not None
        if int(number) > self.since.get(sender, 0):  # else it has come with a recovery, or the data were read since
            self.since[sender] = int(number)
            self.heard.append(frame["data"]["n"])
