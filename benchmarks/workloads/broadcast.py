"""What one client says, all receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

from ..client.dialects import DATA, Data
from ..client.frames import client_frame
from ..contestant import Contestant
from ..figures import Figures
from ..redis import Redis
from ..stage import Stage, stage

PER_DELIVERY = "µs per delivery"
BYTES = "bytes on the wire per delivery"
COMMANDS = "Redis commands per broadcast"
RENDERS = "renders per broadcast"
HELD = "ms that the loop is held"

#: Broadcasts during which bytes or commands are counted, or the loop is watched.
_BROADCASTS = 20


@dataclass(frozen=True)
class Broadcast:
    """The cost of a delivery.

    :param clients: all receive; spread over ``processes`` servers.
    :param burst: messages sent at a time; the next follow when all clients have these.
    :param data: of the message, by default a line of chat.
    """

    contestant: Contestant
    clients: int
    burst: int = 1
    processes: int = 1
    data: Data | None = None

    def __call__(self, seconds: float) -> Figures:
        with stage(self.contestant, "say", self.clients, self.processes) as played:
            data = DATA if self.data is None else self.data
            return {PER_DELIVERY: played.cost(lambda: say(played, self.contestant, self.burst, data), seconds)}


@dataclass(frozen=True)
class WeighedBroadcast:
    """The same, with what it takes on the wire.

    :param lines: what is said in turn, as no two messages of an application are the same.
    """

    contestant: Contestant
    clients: int
    lines: Sequence[Data]

    def __call__(self, seconds: float) -> Figures:
        with stage(self.contestant, "say", self.clients) as played:
            lines = cycle(self.lines)
            cost = played.cost(lambda: say(played, self.contestant, data=next(lines)), seconds)
            before = played.crowd.received
            delivered = sum(say(played, self.contestant, data=next(lines)) for _ in range(_BROADCASTS))
            return {PER_DELIVERY: cost, BYTES: (played.crowd.received - before) / delivered}


@dataclass(frozen=True)
class CountedBroadcast:
    """The same, with what Redis had to do for it."""

    contestant: Contestant
    clients: int
    redis: Redis
    processes: int = 1

    def __call__(self, seconds: float) -> Figures:
        with stage(self.contestant, "say", self.clients, self.processes) as played:
            cost = played.cost(lambda: say(played, self.contestant), seconds)
            commands = self.redis.commands_during(lambda: [say(played, self.contestant) for _ in range(_BROADCASTS)])
            return {PER_DELIVERY: cost, COMMANDS: commands / _BROADCASTS}


@dataclass(frozen=True)
class Fragment:
    """The cost of a delivery of a piece of HTML, and how often it is rendered."""

    contestant: Contestant
    clients: int

    def __call__(self, seconds: float) -> Figures:
        with stage(self.contestant, "fragment", self.clients) as played:
            cost = played.cost(lambda: say(played, self.contestant, event="fragment"), seconds)
            before = max(played.servers[0].reported("renders"))
            for _ in range(_BROADCASTS):
                say(played, self.contestant, event="fragment")
            renders = max(played.servers[0].reported("renders")) - before
            return {PER_DELIVERY: cost, RENDERS: renders / _BROADCASTS}


@dataclass(frozen=True)
class WatchedBroadcast:
    """For how long the event loop of one process is held at most while it broadcasts, paced and in a burst."""

    contestant: Contestant
    clients: int

    def __call__(self, seconds: float) -> Figures:  # noqa: ARG002 it takes as long as it takes
        with stage(self.contestant, "say", self.clients) as played:
            say(played, self.contestant)
            played.crowd.clients[0].send(client_frame(self.contestant.dialect.message("watch_loop")))
            for _ in range(_BROADCASTS):
                say(played, self.contestant)
            say(played, self.contestant, _BROADCASTS)
            return {HELD: max(played.servers[0].reported("milliseconds"))}


def say(played: Stage, contestant: Contestant, burst: int = 1, data: Data = DATA, event: str = "say") -> int:
    """Let the first client say something, wait until all have it, and return how many times it was delivered."""
    crowd = played.crowd
    crowd.expect(burst)
    crowd.clients[0].send(client_frame(contestant.dialect.message(event, data)) * burst)
    crowd.wait()
    return burst * len(crowd.clients)
