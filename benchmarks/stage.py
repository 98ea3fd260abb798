"""Servers that run, with a crowd of clients in front of them."""

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from .client.crowd import Crowd
from .contestant import Contestant
from .processes import Server
from .usage import cpu_seconds


@dataclass(frozen=True)
class Stage:
    """What a workload plays on."""

    servers: list[Server]
    crowd: Crowd

    @property
    def pids(self) -> list[int]:
        return [server.pid for server in self.servers]

    def cost(self, work: Callable[[], int], seconds: float) -> float:
        """Microseconds of the servers' CPU for each of what ``work`` says it has done.

        :param work: is repeated, after a third of ``seconds`` to warm up, until the servers have worked for so long.
        """
        self._repeat(work, seconds / 3)
        used, done = self._repeat(work, seconds)
        return used / done * 1e6

    def _repeat(self, work: Callable[[], int], seconds: float) -> tuple[float, int]:
        start, used, done = cpu_seconds(self.pids), 0.0, 0
        while used < seconds:
            done += work()
            used = cpu_seconds(self.pids) - start
        return used, done


@contextmanager
def stage(contestant: Contestant, event: str, clients: int, processes: int = 1) -> Iterator[Stage]:
    """Start servers, let the clients connect, evenly spread; stop all that in the end.

    :param event: what the clients are going to ask for.
    """
    with ExitStack() as stack:
        servers = [stack.enter_context(contestant.serve()) for _ in range(processes)]
        crowd = stack.enter_context(Crowd(contestant.dialect, [server.port for server in servers], event))
        crowd.connect(clients)
        gc.collect()
        gc.disable()  # clients are many objects, and none of them garbage
        stack.callback(gc.enable)
        yield Stage(servers, crowd)
        for server in servers:
            server.check()
