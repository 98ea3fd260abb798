"""Broadcasts to hundreds of clients for half an hour, while others come and go and Redis is restarted."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.cluster import servers_on
from tests.support.process import PLAIN_PYTHON
from tests.support.redis import RedisServer
from tests.support.transports import ASGI_SERVERS, Servers

from .conftest import Report
from .crowd import PATIENCE, Crowd
from .measures import MEBIBYTE, memory
from .scale import IS_LONG, amount
from .visits import Door

SECONDS = 60.0 * float(os.environ.get("SOAK_MINUTES", "30")) if IS_LONG else 5.0
CLIENTS = amount(50, 500)
PASSING = amount(5, 20)
BROADCASTS_PER_SECOND = 50

#: Seconds between two events of a kind, of which the first comes after half of that time.
RESTARTS = min(300.0, SECONDS)
REPLACEMENTS = 0.5
SAMPLES = 1.0
READING = 0.1

#: Seconds for which Redis is away.
OUTAGE = 1.0

#: The share of the time after which memory should be what it stays.
WARM_UP = 0.2


@pytest.fixture
def mortal_servers(mortal_redis: RedisServer, database: Path, tmp_path: Path) -> Iterator[Servers]:
    with servers_on(mortal_redis, database, tmp_path, PLAIN_PYTHON) as servers:
        yield servers


class Schedule:
    """Calls what is due, now and again.

    :param seconds: how long it lasts.
    """

    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._seconds = seconds
        self._due: list[tuple[float, float, Callable[[], None]]] = []

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start

    def every(self, seconds: float, call: Callable[[], None], first: float | None = None) -> None:
        self._due.append((seconds if first is None else first, seconds, call))

    def run(self) -> None:
        while (now := self.elapsed) < self._seconds:
            for number, (due, interval, call) in enumerate(self._due):
                if due <= now:
                    self._due[number] = (due + interval, interval, call)
                    call()
            time.sleep(max(0.0, min(due for due, _, _ in self._due) - self.elapsed))


class Soak:
    """What is going on, and what is seen of it."""

    def __init__(self, server: Server, redis: RedisServer, crowd: Crowd, passing: Crowd, speaker: Crowd) -> None:
        self._server = server
        self._redis = redis
        self._crowd = crowd
        self._passing = passing
        self._speaker = speaker
        self.sent = self.restarts = 0
        self.samples: list[tuple[float, float]] = []

    def run(self, seconds: float) -> None:
        schedule = Schedule(seconds)
        schedule.every(1 / BROADCASTS_PER_SECOND, self.broadcast)
        schedule.every(READING, self.read)
        schedule.every(REPLACEMENTS, self._passing.replace_oldest)
        schedule.every(SAMPLES, lambda: self.sample(schedule.elapsed))
        schedule.every(RESTARTS, self._redis.kill, RESTARTS / 2)
        schedule.every(RESTARTS, self.start_redis, RESTARTS / 2 + OUTAGE)
        schedule.run()

    def broadcast(self) -> None:
        (speaker,) = self._speaker
        speaker.emit("asay", {"n": self.sent})
        self.sent += 1

    def read(self) -> None:
        for crowd in (self._crowd, self._passing, self._speaker):
            crowd.read()

    def start_redis(self) -> None:
        self._redis.start()
        self.restarts += 1

    def sample(self, elapsed: float) -> None:
        self.samples.append((elapsed / 60, memory(self._server.pid) / MEBIBYTE))

    def drain(self) -> float:
        """Seconds until everybody has everything, or until patience ends."""
        start = time.monotonic()
        while min(member.count for member in self._crowd) < self.sent and time.monotonic() < start + PATIENCE:
            self.read()
            time.sleep(0.01)
        return time.monotonic() - start

    @property
    def slope(self) -> float:
        """MiB a minute, once warm."""
        samples = self.samples[int(WARM_UP * len(self.samples)) :]
        return statistics.linear_regression(*zip(*samples, strict=True)).slope


@pytest.mark.parametrize("kind", ASGI_SERVERS)
@pytest.mark.timeout(SECONDS + 180)
def test_clients_lose_nothing_and_memory_does_not_grow(
    mortal_servers: Servers, mortal_redis: RedisServer, kind: str, key: str, report: Report
) -> None:
    server = mortal_servers.get(kind, TEST_LAYER="core")
    server.log.forgiven = "channels_redis"  # which reports that its connection broke
    door = Door(server.port, f"/room/{key}")
    with Crowd(door, CLIENTS) as crowd, Crowd(door, PASSING) as passing, Crowd(door, 1) as speaker:
        soak = Soak(server, mortal_redis, crowd, passing, speaker)
        soak.run(SECONDS)
        late = soak.drain()
        counts = [member.count for member in crowd]
        memories = [mebibytes for _, mebibytes in soak.samples]
        report(
            f"{len(counts)} clients, {soak.sent:,} broadcasts in {SECONDS / 60:.1f} min, {soak.restarts} restarts of "
            f"Redis, the last {late:.2f} s late, {sum(counts):,} of {soak.sent * len(counts):,} received, "
            f"{memories[0]:.0f} to {memories[-1]:.0f} MiB, {soak.slope:+.2f} MiB/min"
        )
        assert set(counts) == {soak.sent}
        assert soak.restarts >= 1
        assert not IS_LONG or soak.slope < 1
