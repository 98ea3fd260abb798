"""What the model is built of: small measurements, each of something that servers do."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from ..comparison import tell
from ..lineup import ours
from ..redis import Redis
from ..stage import stage
from ..usage import cpu_seconds, kernel_bytes, memory_bytes
from ..workloads.broadcast import say
from ..workloads.connections import PER_CONNECTION, ConnectAndClose
from .subscribers import publishing_costs

#: Clients of each process where what a message costs a process is of interest, not what its clients cost.
FEW = 10

#: Clients that connect before memory is measured, since they cause things to be loaded.
_FIRST = 50

#: Seconds for which Redis is watched while nobody says anything.
_IDLE = 1.0

#: Processes from which it is concluded what one more costs.
SEVERAL = 3

#: Who is measured.
CONTESTANT = ours("uvicorn", "pubsub")


@dataclass(frozen=True)
class Broadcasts:
    """What broadcasts to a crowd take: CPU in microseconds each, memory of all servers in bytes."""

    servers: float
    redis: float
    memory: float
    commands: float


@dataclass(frozen=True)
class Constants:
    """Microseconds of CPU, and bytes.

    :ivar message: of a broadcast, in the process where it is said: it is read, decoded, handled and published.
    :ivar receipt: of a broadcast, in each other process that has clients of its path.
    :ivar delivery: of a broadcast, for each client.
    :ivar connection: to come and go.
    :ivar redis_message: of Redis, for each broadcast.
    :ivar redis_receipt: of Redis, for each other process that gets it.
    :ivar process: memory of one without clients.
    :ivar client: memory of its process for a client that is idle.
    :ivar socket: memory of the kernel for one end of its connection.
    """

    message: float
    receipt: float
    delivery: float
    connection: float
    redis_message: float
    redis_receipt: float
    process: float
    client: float
    socket: float


def measured(redis: Redis, clients: int, rounds: int, seconds: float) -> Constants:
    """The constants of this machine.

    :param clients: of a process that is full.
    """
    message, receipt, delivery = _cpu(redis, clients, rounds, seconds)
    tell("Redis, connections, memory")
    redis_message, redis_receipt = publishing_costs(redis, seconds)
    process, client, socket = _memory(clients)
    return Constants(
        message=message,
        receipt=receipt,
        delivery=delivery,
        connection=median(ConnectAndClose(CONTESTANT)(seconds)[PER_CONNECTION] for _ in range(rounds)),
        redis_message=redis_message,
        redis_receipt=redis_receipt,
        process=process,
        client=client,
        socket=socket,
    )


def broadcasts(redis: Redis, processes: int, clients: int, seconds: float) -> Broadcasts:
    """Measure broadcasts to ``processes`` with ``clients`` each."""
    tell(f"broadcasts to {processes} processes with {clients:,} clients each")
    done = 0

    def work() -> int:
        nonlocal done
        done += 1
        say(played, CONTESTANT)
        return 1

    with stage(CONTESTANT, "say", processes * clients, processes) as played:
        memory = memory_bytes(played.pids)
        start = cpu_seconds([redis.pid])
        time.sleep(_IDLE)
        idle = (cpu_seconds([redis.pid]) - start) / _IDLE  # it has things to do by the clock
        start, clock = cpu_seconds([redis.pid]), time.monotonic()
        servers = played.cost(work, seconds)
        used = cpu_seconds([redis.pid]) - start - idle * (time.monotonic() - clock)
        return Broadcasts(servers, used / done * 1e6, memory, redis.commands_during(work))


def _cpu(redis: Redis, clients: int, rounds: int, seconds: float) -> tuple[float, float, float]:
    """Of a broadcast in the process where it is said, in each other one, and for each client."""
    sizes = [(1, FEW), (SEVERAL, FEW), (1, clients)]
    found: dict[tuple[int, int], list[Broadcasts]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            found[size].append(broadcasts(redis, *size, seconds))
    alone, several, full = (_medians(found[size]) for size in sizes)
    delivery = (full.servers - alone.servers) / (clients - FEW)
    more = (several.servers - alone.servers) / (SEVERAL - 1)
    return alone.servers - FEW * delivery, more - FEW * delivery, delivery


def _medians(found: Iterable[Broadcasts]) -> Broadcasts:
    return Broadcasts(*(median(values) for values in zip(*map(_values, found), strict=True)))


def _values(found: Broadcasts) -> tuple[float, ...]:
    return found.servers, found.redis, found.memory, found.commands


def _memory(clients: int) -> tuple[float, float, float]:
    """Of a process without clients, of each client, and of the kernel for each end of a connection."""
    with stage(CONTESTANT, "say", _FIRST) as played:
        before, kernel = memory_bytes(played.pids), kernel_bytes()
        played.crowd.connect(clients)
        client = (memory_bytes(played.pids) - before) / clients
        return before - _FIRST * client, client, (kernel_bytes() - kernel) / clients / 2
