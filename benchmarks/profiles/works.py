"""What is profiled: each work, as we do it and as the floor below us does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..client.frames import client_frame
from ..contestant import Contestant
from ..lineup import bare, ours
from ..rows import BURST
from ..stage import Stage
from ..workloads.broadcast import PER_DELIVERY, say
from ..workloads.connections import PER_CONNECTION, PRESENT, come_and_go
from ..workloads.echo import PER_MESSAGE, ask


@dataclass(frozen=True)
class Work:
    """Something that a server does again and again.

    :ivar figure: its unit.
    :ivar event: what the clients ask for.
    :ivar clients: how many there are.
    :ivar once: has it done, and returns how many times.
    """

    title: str
    figure: str
    contestant: Contestant
    event: str
    clients: int
    once: Callable[[Stage, Contestant], int]


def works(server: str) -> Iterator[Work]:
    """All that is profiled on ``server``."""
    both = ours(server), bare(server)
    for who in both:
        yield Work("broadcast to 500, paced", PER_DELIVERY, who, "say", 500, say)
    for who in both:
        yield Work("broadcast to 500, in bursts", PER_DELIVERY, who, "say", 500, _say_in_bursts)
    for who in both:
        yield Work("echo, async handler", PER_MESSAGE, who, "echo", 50, _echo)
    for who in both:
        yield Work("connect and close", PER_CONNECTION, who, "echo", PRESENT, _come_and_go)


def _say_in_bursts(played: Stage, who: Contestant) -> int:
    return say(played, who, BURST)


def _echo(played: Stage, who: Contestant) -> int:
    return ask(played, client_frame(who.dialect.message("echo")), played.crowd.clients)


def _come_and_go(played: Stage, who: Contestant) -> int:  # noqa: ARG001 as the others
    return come_and_go(played)
