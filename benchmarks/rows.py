"""What is measured, and what is promised of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

from . import lineup, rivals
from .client.dialects import DATA
from .client.lines import RECORDS, SHORT
from .comparison import Comparison, Entry
from .contestant import Contestant
from .figures import Measurement
from .lineup import bare, channels, ours, unread
from .redis import Redis
from .targets import Target
from .workloads.broadcast import (
    BYTES,
    COMMANDS,
    HELD,
    PER_DELIVERY,
    RENDERS,
    Broadcast,
    CountedBroadcast,
    Fragment,
    WatchedBroadcast,
    WeighedBroadcast,
)
from .workloads.connections import MEMORY, PER_CONNECTION, ConnectAndClose, IdleConnection
from .workloads.echo import PER_MESSAGE, UNTIL_ALL, Echo, SlowHandler
from .workloads.emits import PER_EMIT, PER_SECOND, Flood, ManyEmits
from .workloads.imports import MILLISECONDS, ORM, TORNADO, Import
from .workloads.parts import PER_PART, Parts
from .workloads.people import FOR_NEWCOMER, MEMORY_OF_PERSON, PER_PERSON, PER_PUBLISH, People
from .workloads.programs import ADDED, MEMORY_OF_HISTORY, PER_FRAME, QUERIES, Piece
from .workloads.tracking import PER_ROW, Track

#: Messages sent at a time where the next do not wait for each.
BURST = 20

#: What is echoed where its type is the question, and who says nothing of it.
FIELDS = {"room": "lobby", "text": "The quick brown fox", "number": 7, "ratio": 0.5, "is_new": True}
UNTYPED = "ours, untyped"

#: Who compresses nothing where others do.
UNCOMPRESSED = "ours, uncompressed"

Measure = Callable[[Contestant], Measurement]


def comparisons(redis: Redis | None, many: int) -> Iterator[Comparison]:
    """Every row of the table.

    :param many: clients of the largest crowd that this machine can hold.
    """
    yield from _on_uvicorn()
    yield from _compressed()
    yield from _on_daphne()
    if redis is not None:
        yield from _between_processes(redis)
    yield from _with_history(redis)
    yield from _crowded(many)
    yield from _async_echoes()
    yield from _typed_echoes()
    yield from _sync_handlers()
    yield from _connections()
    yield from _on_tornado()
    yield from _emits(redis)
    yield _parts()
    yield _fragment()
    yield _import()
    yield _tracking()
    yield from _pieces()
    yield from _people(many)


def _entries(measure: Measure, contestants: Iterable[Contestant]) -> list[Entry]:
    return [Entry(each.name, measure(each), each.why_absent, each.is_apart) for each in contestants]


def _on_uvicorn() -> Iterator[Comparison]:
    contestants = [
        ours("uvicorn"),
        lineup.on_asyncio(),
        lineup.WEBSOCKETS,
        bare("uvicorn"),
        *(channels("async", "uvicorn", layer) for layer in ("memory", "core", "pubsub")),
        channels("sync", "uvicorn"),
        lineup.PYTHON_SOCKETIO,
        lineup.CHANX,
        rivals.WEBROCKETS,
        rivals.DJANGO_SOCKET,
        rivals.DJANGO_BOLT,
        rivals.WSE,
        rivals.NODE_SOCKETIO,
        rivals.NODE_WS,
    ]
    targets = [
        Target(PER_DELIVERY, 1.2, lineup.WEBSOCKETS.name, is_headline=True),
        Target(PER_DELIVERY, Fraction(1, 25), channels("async", "uvicorn").name, is_headline=True),
        Target(PER_DELIVERY, Fraction(1, 4), lineup.PYTHON_SOCKETIO.name, is_headline=True),
        Target(PER_DELIVERY, 1.0, rivals.WEBROCKETS.name),
        Target(PER_DELIVERY, 0.5, rivals.DJANGO_SOCKET.name),
        Target(PER_DELIVERY, 0.2, rivals.DJANGO_BOLT.name),
        Target(PER_DELIVERY, 0.25, rivals.NODE_SOCKETIO.name),
    ]
    for manner, burst, limit in (("paced", 1, 1.3), ("in bursts", BURST, 1.6)):
        measure = partial(Broadcast, clients=500, burst=burst)
        yield Comparison(
            f"broadcast to 500, uvicorn, {manner}",
            _entries(measure, contestants),
            targets,
            importance=3 if burst == 1 else 1,
        )
        yield Comparison(
            f"broadcast to 500, uvicorn, {manner}, above what the kernel takes",
            _entries(measure, [ours("uvicorn"), lineup.SEND_LOOP]),
            [Target(PER_DELIVERY, limit, lineup.SEND_LOOP.name)],
        )


def _compressed() -> Iterator[Comparison]:
    own = lineup.compressed(ours("uvicorn"))
    others = [
        *map(lineup.compressed, (lineup.WEBSOCKETS, channels("async", "uvicorn"), lineup.PYTHON_SOCKETIO)),
        lineup.compressed(rivals.NODE_SOCKETIO),
        rivals.NODE_WS_COMPRESSED,
    ]
    uncompressed = replace(ours("uvicorn"), name=UNCOMPRESSED)
    yield Comparison(
        "broadcast of 60 bytes to 500, uvicorn, compressed as for browsers",
        _entries(partial(WeighedBroadcast, clients=500, lines=SHORT), [own, *others, uncompressed]),
        [Target(PER_DELIVERY, 1.15, UNCOMPRESSED), Target(PER_DELIVERY, 0.4, lineup.WEBSOCKETS.name)],
        importance=2,
    )
    yield Comparison(
        "broadcast of 4 KiB to 500, uvicorn, compressed as for browsers",
        _entries(partial(WeighedBroadcast, clients=500, lines=RECORDS), [own, *others]),
        [Target(PER_DELIVERY, 0.2, lineup.WEBSOCKETS.name), Target(BYTES, 1.25, lineup.WEBSOCKETS.name)],
        importance=1,
    )


def _on_daphne() -> Iterator[Comparison]:
    handwritten = channels("async", "daphne")
    yield Comparison(
        "broadcast to 500, daphne, paced",
        _entries(partial(Broadcast, clients=500), [ours("daphne"), bare("daphne"), handwritten]),
        [Target(PER_DELIVERY, 1.2, bare("daphne").name)],
        importance=1,
    )
    yield Comparison(
        "broadcast to 500, daphne, in bursts",
        _entries(
            partial(Broadcast, clients=500, burst=BURST),
            [ours("daphne"), bare("daphne"), handwritten, lineup.ORIGINAL, lineup.BARE_TORNADO],
        ),
        [
            Target(PER_DELIVERY, Fraction(1, 15), handwritten.name, is_headline=True),
            Target(PER_DELIVERY, 0.6, lineup.ORIGINAL.name, is_headline=True),
        ],
        importance=2,
    )


def _between_processes(redis: Redis) -> Iterator[Comparison]:
    for layer, commands in (("pubsub", 4), ("core", 16)):
        handwritten = channels("async", "uvicorn", layer)
        yield Comparison(
            f"broadcast, 2 processes on {handwritten.name.rpartition(', ')[2]}, 250 each",
            _entries(
                partial(CountedBroadcast, clients=500, redis=redis, processes=2),
                [ours("uvicorn", layer), handwritten],
            ),
            [
                Target(PER_DELIVERY, Fraction(1, 10), handwritten.name, is_headline=True),
                Target(COMMANDS, commands),
            ],
            importance=3 if layer == "pubsub" else 1,
        )


def _with_history(redis: Redis | None) -> Iterator[Comparison]:
    without = replace(ours("uvicorn"), name="ours, without history")
    for manner, burst in (("paced", 1), ("in bursts", BURST)):
        yield Comparison(
            f"broadcast to 500 with history in memory, uvicorn, {manner}",
            _entries(partial(Broadcast, clients=500, burst=burst), [lineup.kept(), without]),
            [Target(PER_DELIVERY, 1.1, without.name)],
        )
    if redis is None:
        return
    stored = lineup.kept(redis.url)
    yield Comparison(
        "broadcast to 500 with history in Redis, uvicorn, paced",
        _entries(partial(CountedBroadcast, clients=500, redis=redis), [stored, without]),
        [Target(PER_DELIVERY, 1.25, without.name), Target(COMMANDS, 3)],
    )
    yield Comparison(
        "broadcast to 500 with history in Redis, uvicorn, in bursts",
        _entries(partial(Broadcast, clients=500, burst=BURST), [stored, without]),
        [Target(PER_DELIVERY, 1.1, without.name)],
    )


def _crowded(many: int) -> Iterator[Comparison]:
    crowd, usual, floor = f"{many:,} clients", "500 clients", lineup.WEBSOCKETS
    sizes = ((crowd, many), (usual, 500))
    yield Comparison(
        f"broadcast to {many:,} in one process, uvicorn",
        [
            Entry(crowd, Broadcast(ours("uvicorn"), many)),
            Entry(usual, Broadcast(ours("uvicorn"), 500)),
            *(Entry(f"{floor.name}, {who}", Broadcast(floor, size), floor.why_absent) for who, size in sizes),
        ],
        [Target(PER_DELIVERY, 0.9, f"{floor.name}, {crowd}")],
    )
    yield Comparison(
        f"broadcast to {many:,} in one process, uvicorn: the loop",
        [Entry("ours", WatchedBroadcast(lineup.unpinged(), many))],
        [Target(HELD, 10)],
    )


def _async_echoes() -> Iterator[Comparison]:
    handwritten = channels("async", "uvicorn")
    everyone: list[Callable[[str], Contestant]] = [ours, bare, unread, partial(channels, "async")]
    others = [
        lineup.on_asyncio(),
        lineup.PYTHON_SOCKETIO,
        lineup.CHANX,
        rivals.WEBROCKETS,
        rivals.DJANGO_SOCKET,
        rivals.DJANGO_BOLT,
        rivals.NODE_SOCKETIO,
        rivals.NODE_WS,
    ]
    yield Comparison(
        "echo, async handler, uvicorn",
        _entries(Echo, [*(who("uvicorn") for who in everyone), *others]),
        [
            Target(PER_MESSAGE, 1.15, bare("uvicorn").name),
            Target(PER_MESSAGE, 0.35, handwritten.name, is_headline=True),
            Target(PER_MESSAGE, 1.2, rivals.WEBROCKETS.name),
            Target(PER_MESSAGE, 0.95, rivals.DJANGO_SOCKET.name),
        ],
        importance=3,
    )
    yield Comparison(
        "echo, async handler, daphne",
        _entries(Echo, [who("daphne") for who in everyone]),
        [Target(PER_MESSAGE, 1.0, bare("daphne").name)],
        importance=1,
    )


def _typed_echoes() -> Iterator[Comparison]:
    untyped = replace(ours("uvicorn"), name=UNTYPED)
    for event, kind, limit in (("echo_dataclass", "a dataclass", 1.35), ("echo_struct", "a msgspec.Struct", 1.1)):
        entries = [
            Entry("ours", Echo(ours("uvicorn"), event, FIELDS)),
            Entry(UNTYPED, Echo(untyped, "echo_fields", FIELDS)),
        ]
        target = Target(PER_MESSAGE, limit, UNTYPED)
        yield Comparison(f"echo of five fields, {kind}, uvicorn", entries, [target], importance=1)


def _sync_handlers() -> Iterator[Comparison]:
    in_rust = Target(PER_MESSAGE, 1.9, rivals.WEBROCKETS.name)
    for server, others, targets in (("uvicorn", [rivals.WEBROCKETS], [in_rust]), ("daphne", [], [])):
        stock = channels("sync", server)
        yield Comparison(
            f"echo, sync handler, {server}",
            [*_entries(partial(Echo, event="echo_sync"), [ours(server), stock]), *_entries(Echo, others)],
            [Target(PER_MESSAGE, 0.4, stock.name, is_headline=True), *targets],
            importance=2 if server == "uvicorn" else 1,
        )
    yield Comparison(
        "10 clients, sync handler of 0.2 s, concurrency=10",
        _entries(SlowHandler, [lineup.slow(ours("uvicorn")), channels("sync", "uvicorn")]),
        [Target(UNTIL_ALL, 0.3)],
    )


def _connections() -> Iterator[Comparison]:
    apart = [rivals.DJANGO_SOCKET, rivals.WEBROCKETS, rivals.DJANGO_BOLT, rivals.NODE_SOCKETIO, rivals.NODE_WS]
    smaller = [Target(MEMORY, 0.95, rivals.DJANGO_SOCKET.name), Target(MEMORY, 2, rivals.WEBROCKETS.name)]
    for server, limit, others, targets in (("uvicorn", 1.25, apart, smaller), ("daphne", 1.1, [], [])):
        contestants = [ours(server), bare(server), channels("async", server), *others]
        yield Comparison(
            f"connect and close, {server}",
            _entries(ConnectAndClose, contestants),
            [Target(PER_CONNECTION, limit, bare(server).name)],
            importance=2 if server == "uvicorn" else 1,
        )
        yield Comparison(
            f"idle connection, {server}",
            _entries(IdleConnection, contestants),
            [Target(MEMORY, 1.25, bare(server).name), *targets],
            importance=2 if server == "uvicorn" else 1,
        )
    yield Comparison(
        "idle connection, uvicorn, compressed as for browsers",
        _entries(IdleConnection, map(lineup.compressed, (ours("uvicorn"), bare("uvicorn")))),
        [Target(MEMORY, 0.75, bare("uvicorn").name)],
        importance=1,
    )


def _on_tornado() -> Iterator[Comparison]:
    contestants = [lineup.OURS_ON_TORNADO, lineup.ORIGINAL, lineup.BARE_TORNADO]
    works: list[tuple[str, str, Measure]] = [
        ("broadcast to 500, runtornado, paced", PER_DELIVERY, partial(Broadcast, clients=500)),
        ("broadcast to 500, runtornado, in bursts", PER_DELIVERY, partial(Broadcast, clients=500, burst=BURST)),
        ("echo, runtornado", PER_MESSAGE, Echo),
    ]
    for title, figure, measure in works:
        yield Comparison(title, _entries(measure, contestants), [Target(figure, 0.9, lineup.ORIGINAL.name)])


def _emits(redis: Redis | None) -> Iterator[Comparison]:
    yield Comparison(
        "1,000 emits in one sync handler",
        _entries(ManyEmits, [ours("uvicorn"), channels("sync", "uvicorn")]),
        [Target(PER_EMIT, 15)],
    )
    if redis is not None:
        yield Comparison(
            "burst between 2 processes on Redis pub/sub",
            _entries(Flood, [ours("uvicorn", "pubsub")]),
            [Target(PER_SECOND, 20_000, is_least=True)],
        )


def _parts() -> Comparison:
    return Comparison(
        "1,000 parts of 50 bytes to one client, uvicorn",
        [Entry("ours", Parts(lineup.answered(ours("uvicorn"))))],
        [Target(PER_PART, 15)],
    )


def _fragment() -> Comparison:
    same_size = "a broadcast of its size"
    data = {"target": "#lines", "swap": "beforeend", "html": f"<li>{DATA['text']}</li>"}
    return Comparison(
        "a fragment to 500, uvicorn",
        [
            Entry("ours", Fragment(ours("uvicorn"), 500)),
            Entry(same_size, Broadcast(ours("uvicorn"), 500, data=data)),
        ],
        [Target(RENDERS, 1), Target(PER_DELIVERY, 1.2, same_size)],
    )


def _pieces() -> Iterator[Comparison]:
    for who, measurement, limit in (("msgspec", "read", 25), ("Python", "read by Python", 55)):
        yield Comparison(
            f"a frame of 3.7 kB, read by {who}", [Entry("ours", Piece(measurement))], [Target(PER_FRAME, limit)]
        )
    yield Comparison(
        "a save that a WebSocket follows and nobody hears",
        [Entry("ours", Piece("save"))],
        [Target(ADDED, 30), Target(QUERIES, 0)],
    )
    yield Comparison(
        "histories of 1,000 paths, 100 events of 200 bytes each, in memory",
        [Entry("ours", Piece("keep"))],
        [Target(MEMORY_OF_HISTORY, 40)],
    )


def _import() -> Comparison:
    return Comparison(
        "import tornado_websockets.websocket",
        [Entry("ours", Import("tornado_websockets.websocket")), Entry("django.conf alone", Import("django.conf"))],
        [Target(MILLISECONDS, 60), Target(TORNADO, 0), Target(ORM, 0)],
    )


def _tracking() -> Comparison:
    return Comparison(
        "a loop over 1,000,000 rows, shown 20 times a second",
        [Entry("ours", Track("bar.track(rows)")), Entry("the loop alone", Track("rows"))],
        [Target(PER_ROW, 0.5)],
    )


def _people(many: int) -> Iterator[Comparison]:
    one, all_of_one = f"one user of {many:,}", "all, who are one"
    yield Comparison(
        f"publish to one user of {many:,}",
        [
            Entry(one, People("publish to a user", many)),
            Entry("one user of one", People("publish to a user", 1)),
            Entry(all_of_one, People("publish to all", 1)),
        ],
        [Target(PER_PUBLISH, 2, all_of_one)],
    )
    yield Comparison(
        "presence of 1,000 people, 50 of whom come and go at a time",
        [
            Entry("with presence", People("join, seen", 1_000)),
            Entry("without presence", People("join, unseen", 1_000)),
        ],
        [Target(PER_PERSON, 8, "without presence")],
    )
    yield Comparison(
        f"presence of {many:,} people",
        [
            Entry("with presence", People("crowd, seen", many)),
            Entry("without presence", People("crowd, unseen", many)),
        ],
        [Target(MEMORY_OF_PERSON, 6), Target(FOR_NEWCOMER, 100)],
    )
