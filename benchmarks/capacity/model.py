"""What an application of a given size would need, by the constants that were measured."""

from dataclasses import dataclass
from math import ceil

from .constants import Broadcasts, Constants

#: The share of its time that a core, and a Redis, should be busy: the rest is for bad moments.
BUSY = 0.5

_MICRO = 1e-6


@dataclass(frozen=True)
class Application:
    """Many people on few or many paths.

    :param audience: clients of each path.
    :param broadcasts: to some path, per second, all in all.
    :param is_gathered: whether the load balancer sends all clients of a path to the same process.
    """

    name: str
    clients: int
    audience: int
    broadcasts: float
    is_gathered: bool = False


@dataclass(frozen=True)
class Need:
    """What it takes.

    :ivar receivers: processes that get a broadcast, on average.
    :ivar cores: to be provided, where each is busy for :data:`BUSY` of the time.
    :ivar memory: of all processes, in bytes, and ``kernel`` that of their sockets.
    :ivar redis: hosts, busy to the same share.
    :ivar comeback: seconds until everyone has connected anew.
    """

    processes: int
    receivers: float
    cores: int
    memory: float
    kernel: float
    redis: int
    comeback: float


def predicted(constants: Constants, processes: int, clients: int) -> Broadcasts:
    """What a broadcast on one path takes, with ``clients`` on each of the ``processes``."""
    return Broadcasts(
        servers=_of_servers(constants, processes, processes * clients),
        redis=_of_redis(constants, processes),
        memory=processes * (constants.process + clients * constants.client),
        commands=1,
    )


def need(application: Application, constants: Constants, full: int) -> Need:
    """What ``application`` needs, if a process has ``full`` clients at most and a core of its own at most."""
    processes = ceil(application.clients / full)
    while (busy := _busy_cores(application, constants, processes)) > BUSY * processes:
        processes = max(processes + 1, ceil(busy / BUSY))
    receivers = _receivers(application, processes)
    cores = ceil(busy / BUSY)
    return Need(
        processes=processes,
        receivers=receivers,
        cores=cores,
        memory=processes * constants.process + application.clients * constants.client,
        kernel=application.clients * constants.socket,
        redis=ceil(application.broadcasts * _of_redis(constants, receivers) * _MICRO / BUSY),
        comeback=application.clients * constants.connection * _MICRO / cores,
    )


def _busy_cores(application: Application, constants: Constants, processes: int) -> float:
    receivers = _receivers(application, processes)
    return application.broadcasts * _of_servers(constants, receivers, application.audience) * _MICRO


def _of_servers(constants: Constants, receivers: float, audience: int) -> float:
    return constants.message + (receivers - 1) * constants.receipt + audience * constants.delivery


def _of_redis(constants: Constants, receivers: float) -> float:
    return constants.redis_message + (receivers - 1) * constants.redis_receipt


def _receivers(application: Application, processes: int) -> float:
    """How many processes have a client of a path, if not gathered then thrown together at random."""
    if application.is_gathered:
        return max(1.0, processes * application.audience / application.clients)
    return processes * (1 - (1 - 1 / processes) ** application.audience)
