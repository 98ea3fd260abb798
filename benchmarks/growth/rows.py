"""What grows, and what must not grow with it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from .. import lineup
from ..client.lines import RECORDS
from ..comparison import Entry
from ..contestant import Contestant
from ..figures import Measurement
from ..lineup import among, bare, behind, channels, ours
from ..workloads.broadcast import PER_DELIVERY, Broadcast, WeighedBroadcast
from ..workloads.connections import MEMORY, PER_CONNECTION, ConnectAndClose, IdleConnection
from ..workloads.echo import PER_MESSAGE, Echo
from ..workloads.people import PER_PERSON, People
from .curves import Curve, Growth

#: Clients of each process.
_EACH = 250

#: Clients that wait for answers where others say nothing.
_BUSY = 2_000

#: Clients that say nothing.
_IDLE = (100, 2_000, 20_000)

#: Clients of the largest crowd.
CROWD = _IDLE[-1] + _BUSY

#: Clients of a broadcast where something else grows.
_CLIENTS = 100

_CROWDS = (10, 100, 1_000, 3_000, 10_000)
_PROCESSES = (1, 2, 4, 8)
_PATHS = (10, 100, 1_000, 10_000, 100_000)

_PEOPLE = (100, 1_000, 10_000)
_KINDS = {"with presence": "join, seen", "without presence": "join, unseen"}

#: Each client costs the hand-written consumers so much that more would say nothing new.
_FEW_CROWDS, _FEW_PATHS = _CROWDS[:4], _PATHS[:4]


def growths(most: int, *, has_redis: bool) -> Iterator[Growth]:
    """Everything that may grow.

    :param most: clients that this machine can hold.
    """
    yield _clients(most)
    yield _compressed(most)
    yield _presence()
    yield from _idle(most)
    if has_redis:
        yield _processes()
    yield _paths("broadcast to 100, uvicorn, over registered paths", PER_DELIVERY, partial(Broadcast, clients=_CLIENTS))
    yield _paths("echo, uvicorn, over registered paths", PER_MESSAGE, Echo)
    yield _found_paths()


def _clients(most: int) -> Growth:
    def broadcast(contestant: Contestant, clients: int) -> Entry:
        return Entry(contestant.name, Broadcast(contestant, clients), contestant.why_absent)

    def curve(name: str, contestant: Contestant, sizes: Sequence[int]) -> Curve:
        return Curve(name, [size for size in sizes if size <= most], partial(broadcast, contestant))

    return Growth(
        "broadcast, paced, over clients",
        "clients",
        PER_DELIVERY,
        [
            curve("ours, uvicorn", ours("uvicorn"), _CROWDS),
            curve("ours with history, uvicorn", lineup.kept(), _CROWDS),
            curve("ours, daphne", ours("daphne"), _CROWDS),
            curve(lineup.WEBSOCKETS.name, lineup.WEBSOCKETS, _CROWDS),
            curve("Channels, async, in memory", channels("async", "uvicorn"), _FEW_CROWDS),
            curve("bare ASGI, daphne", bare("daphne"), _FEW_CROWDS),
        ],
        "With few clients, each delivery bears more of what a message costs once: it is read, decoded and handled. "
        "With thousands, their sockets and buffers no longer fit into the processor's caches; "
        "`websockets.broadcast` and the bare function on daphne, which do nothing but write to them, show how much of "
        "the rise is that.",
    )


def _compressed(most: int) -> Growth:
    def entry(contestant: Contestant, clients: int) -> Entry:
        measure = WeighedBroadcast(lineup.compressed(contestant), clients, RECORDS)
        return Entry(contestant.name, measure, contestant.why_absent)

    sizes = [size for size in _FEW_CROWDS if size <= most]
    return Growth(
        "broadcast of 4 KiB, uvicorn, compressed as for browsers, over clients",
        "clients",
        PER_DELIVERY,
        [Curve(each.name, sizes, partial(entry, each)) for each in (ours("uvicorn"), lineup.WEBSOCKETS)],
        "Ours is compressed once, the other for each client.",
    )


def _presence() -> Growth:
    def entry(kind: str, people: int) -> Entry:
        return Entry(kind, People(kind, people))

    curves = [Curve(name, _PEOPLE, partial(entry, kind)) for name, kind in _KINDS.items()]
    return Growth(
        "fifty who come and go at a time, over people who are present",
        "people",
        PER_PERSON,
        curves,
        "All who are present are told, of the fifty in one message. There are no lines to them.",
    )


def _idle(most: int) -> Iterator[Growth]:
    sizes = sorted({min(size, most - _BUSY) for size in _IDLE})
    contestants = [
        ("ours, uvicorn", ours("uvicorn")),
        ("ours, daphne", ours("daphne")),
        ("ours, runtornado", lineup.OURS_ON_TORNADO),
    ]

    def growth(title: str, figure: str, measure: Callable[[Contestant, int], Measurement], note: str) -> Growth:
        def entry(contestant: Contestant, idle: int) -> Entry:
            return Entry(contestant.name, measure(contestant, idle), contestant.why_absent)

        curves = [Curve(name, sizes, partial(entry, contestant)) for name, contestant in contestants]
        return Growth(title, "idle clients", figure, curves, note)

    yield growth(
        f"echo of {_BUSY:,} busy clients, over idle ones",
        PER_MESSAGE,
        lambda contestant, idle: Echo(contestant, clients=_BUSY, idle=idle),
        "All busy clients ask at the same time, and again when each has its answer. Idle ones are pinged now and then.",
    )
    yield growth("memory of an idle client, over idle clients", MEMORY, IdleConnection, "")


def _processes() -> Growth:
    def broadcast(contestant: Contestant, processes: int) -> Entry:
        measure = Broadcast(contestant, _EACH * processes, processes=processes)
        return Entry(contestant.name, measure, contestant.why_absent)

    contestants = [
        ("ours, Redis pub/sub", ours("uvicorn", "pubsub")),
        ("ours, Redis core", ours("uvicorn", "core")),
        ("Channels, Redis pub/sub", channels("async", "uvicorn", "pubsub")),
        ("Channels, Redis core", channels("async", "uvicorn", "core")),
    ]
    return Growth(
        f"broadcast, uvicorn, over processes with {_EACH} clients each",
        "processes",
        PER_DELIVERY,
        [Curve(name, _PROCESSES, partial(broadcast, contestant)) for name, contestant in contestants],
        "A message costs every process once what it takes to receive it from Redis, spread over its clients. "
        "A process alone receives nothing. Where there are more processes than cores, they also push each other out of "
        "the caches.",
    )


def _paths(title: str, figure: str, measure: Callable[[Contestant], Measurement]) -> Growth:
    def entry(paths: int) -> Entry:
        contestant = among(ours("uvicorn"), paths)
        return Entry(contestant.name, measure(contestant), contestant.why_absent)

    return Growth(title, "registered paths", figure, [Curve("ours", _PATHS, entry)], "")


def _found_paths() -> Growth:
    def connect(change: Callable[[Contestant, int], Contestant], contestant: Contestant, paths: int) -> Entry:
        changed = change(contestant, paths)
        return Entry(changed.name, ConnectAndClose(changed), changed.why_absent)

    return Growth(
        "connect and close, uvicorn, over registered paths",
        "registered paths",
        PER_CONNECTION,
        [
            Curve("ours", _PATHS, partial(connect, among, ours("uvicorn"))),
            Curve("ours, last of the patterns", _FEW_PATHS, partial(connect, behind, ours("uvicorn"))),
            Curve("Channels' URLRouter", _FEW_PATHS, partial(connect, among, channels("async", "uvicorn"))),
        ],
        "A path without parameters is looked up. Paths with parameters are tried one after the other, oldest first, as "
        "Django's URLs are; the curve shows the worst case, which is the last of them. `URLRouter` tries every path.",
    )
