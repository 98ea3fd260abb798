"""Everyone who takes part."""

import sys
from dataclasses import replace

from . import original
from .client.dialects import ACTIONS, COMPRESSION, EVENTS, PATHS, SOCKETIO, Dialect
from .contestant import Contestant
from .processes import Command, python

_HERE = "benchmarks.contestants"


def uvicorn(application: str, loop: str = "auto", program: str = sys.executable) -> Command:
    """Serve an application on uvicorn, of this Python or of another, by default on uvloop."""
    options = ("--host", "127.0.0.1", "--port", "{port}", "--lifespan", "off", "--log-level", "error")
    return python("-m", "uvicorn", *options, "--no-access-log", "--loop", loop, application, program=program)


def _daphne(application: str) -> Command:
    return python("-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", "{port}", application)


#: Seconds that a server may take to start that has 100,000 WebSockets to make first.
_PATIENCE_WITH_MANY = 60.0

_SERVERS = {"uvicorn": uvicorn, "daphne": _daphne}
_LAYERS = {"memory": "in memory", "core": "Redis core", "pubsub": "Redis pub/sub"}


def ours(server: str, layer: str = "none") -> Contestant:
    """This package on ``server``; one process needs no channel layer."""
    environment = {"DJANGO_SETTINGS_MODULE": f"{_HERE}.ours.settings", "BENCHMARK_LAYER": layer}
    return Contestant(
        "ours", _SERVERS[server]("channels_bridge.serve:application"), EVENTS, environment, modules=(server,)
    )


def on_asyncio() -> Contestant:
    """This package on uvicorn, whose loop is asyncio's own."""
    command = uvicorn("channels_bridge.serve:application", "asyncio")
    return replace(ours("uvicorn"), name="ours, on asyncio", command=command)


def unpinged() -> Contestant:
    """This package on uvicorn that pings nobody: thousands of pings at a time hold the loop by themselves."""
    served = ours("uvicorn").command
    return replace(ours("uvicorn"), command=lambda port: [*served(port), "--ws-ping-interval", "3600"])


def slow(contestant: Contestant) -> Contestant:
    """Ours, at the WebSocket whose sync handlers may overlap."""
    return replace(contestant, dialect=Dialect("/ws/slow", contestant.dialect.encode))


def compressed(contestant: Contestant) -> Contestant:
    """The same, for clients that offer compression, as browsers do."""
    return replace(contestant, dialect=replace(contestant.dialect, headers=COMPRESSION))


def kept(store: str = "") -> Contestant:
    """Ours, at the path that keeps a history, in memory or where that URL says."""
    contestant = ours("uvicorn")
    environment = {**contestant.environment, "BENCHMARK_STORE": store}
    return replace(contestant, dialect=Dialect("/ws/kept", contestant.dialect.encode), environment=environment)


def answered(contestant: Contestant) -> Contestant:
    """Ours, where each message asks for a reply."""
    dialect = Dialect(contestant.dialect.path, lambda event, data: {"event": event, "data": data, "id": 1})
    return replace(contestant, dialect=dialect)


def among(contestant: Contestant, paths: int) -> Contestant:
    """The same, with so many other paths registered beside its own."""
    environment = {**contestant.environment, "BENCHMARK_PATHS": str(paths)}
    return replace(contestant, environment=environment, patience=_PATIENCE_WITH_MANY)


def behind(contestant: Contestant, patterns: int) -> Contestant:
    """Ours, at a path that has a parameter, registered after so many others that have one."""
    environment = {**contestant.environment, "BENCHMARK_PATTERNS": str(patterns)}
    dialect = Dialect("/ws/room/lobby", contestant.dialect.encode)
    return replace(contestant, dialect=dialect, environment=environment, patience=_PATIENCE_WITH_MANY)


def channels(kind: str, server: str, layer: str = "memory") -> Contestant:
    """Hand-written consumers of Channels, ``"async"`` or ``"sync"``."""
    environment = {"DJANGO_SETTINGS_MODULE": f"{_HERE}.settings", "BENCHMARK_LAYER": layer}
    command = _SERVERS[server](f"{_HERE}.channels.asgi:{kind}_application")
    return Contestant(f"Channels, {kind}, {_LAYERS[layer]}", command, EVENTS, environment, modules=(server,))


def bare(server: str) -> Contestant:
    """A bare ASGI function."""
    return Contestant("bare ASGI", _SERVERS[server](f"{_HERE}.bare_asgi:application"), PATHS, modules=(server,))


def unread(server: str) -> Contestant:
    """The same, but what it echoes it does not read."""
    return replace(bare(server), name="bare ASGI, unread", dialect=Dialect("/ws/unread", PATHS.encode))


WEBSOCKETS = Contestant(
    "websockets.broadcast", python("-m", f"{_HERE}.bare_websockets", "{port}"), PATHS, modules=("websockets", "uvloop")
)
SEND_LOOP = Contestant("bare send() loop", python("-m", f"{_HERE}.bare_sockets", "{port}"), PATHS)
CHANX = Contestant(
    "chanx",
    uvicorn(f"{_HERE}.chanx_server:application"),
    ACTIONS,
    {"DJANGO_SETTINGS_MODULE": f"{_HERE}.settings"},
    modules=("uvicorn", "chanx", "rest_framework"),
)
PYTHON_SOCKETIO = Contestant(
    "python-socketio", uvicorn(f"{_HERE}.socketio_server:application"), SOCKETIO, modules=("uvicorn", "socketio")
)
OURS_ON_TORNADO = Contestant(
    "ours",
    python("-m", "django", "runtornado", "127.0.0.1:{port}"),
    EVENTS,
    {"DJANGO_SETTINGS_MODULE": f"{_HERE}.ours.settings", "BENCHMARK_LAYER": "none"},
)
BARE_TORNADO = Contestant("bare Tornado", python("-m", f"{_HERE}.bare_tornado", "{port}"), PATHS)
ORIGINAL = Contestant(
    "original package",
    python("manage.py", "runtornado", "{port}", program=original.PYTHON),
    EVENTS,
    directory=original.DIRECTORY,
    absence=original.absence,
    is_apart=True,
)
