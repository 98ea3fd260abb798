"""What a channel layer needs besides Python: how each is started, killed, and named in the settings."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.postgres import Postgres
from tests.support.process import Process, free_port


@dataclass
class Broker:
    """Programs that carry the messages, and the settings for them.

    :ivar commands: of each program, and what it writes when it is ready.
    :ivar takes_over: whether another takes the place of the first, which then stays dead.
    """

    directory: Path
    layer: dict[str, Any]
    store: str | None = None
    commands: list[tuple[list[str], str]] = field(default_factory=list)
    apps: tuple[str, ...] = ()
    databases: dict[str, Any] = field(default_factory=dict)
    routers: tuple[str, ...] = ()
    running: list[Process] = field(default_factory=list)
    takes_over: bool = False
    store_url: str = ""

    def start(self) -> None:
        for command, ready in self.commands[len(self.running) :]:
            log = self.directory / f"{len(self.running)}-{time.monotonic_ns()}.log"
            process = Process(command, log, {})
            process.wait_for(ready)
            self.running.append(process)

    def kill(self) -> None:
        """Kill the first, on which all depends, or which is the master."""
        self.running[0].kill()

    def revive(self) -> None:
        """Start the first anew."""
        command, ready = self.commands[0]
        self.running[0] = Process(command, self.directory / f"again-{time.monotonic_ns()}.log", {})
        self.running[0].wait_for(ready)

    def stop(self) -> None:
        for process in self.running:
            process.kill()

    def settings(self) -> dict[str, Any]:
        keys = ("layer", "store", "apps", "databases", "routers")
        return {key: getattr(self, key) for key in keys}


def program(name: str) -> str:
    found = shutil.which(os.environ.get(name.upper().replace("-", "_"), name))
    if found is None:
        raise SystemExit(f"Expected {name!r} on the PATH, or its path in {name.upper().replace('-', '_')}.")
    return found


def _redis(server: str, port: int, directory: Path, *more: str) -> tuple[list[str], str]:
    options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(directory))
    return [program(server), *options, *more], "Ready to accept connections"


def _sqlite(path: Path) -> dict[str, Any]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {"timeout": 20}}


def _one(server: str, backend: str, scheme: str, directory: Path) -> Broker:
    port = free_port()
    layer = {"BACKEND": backend, "CONFIG": {"hosts": [f"{scheme}://127.0.0.1:{port}/0"]}}
    return Broker(directory, layer, f"redis://127.0.0.1:{port}/0", [_redis(server, port, directory)])


def redis(directory: Path) -> Broker:
    return _one("redis-server", "channels_redis.pubsub.RedisPubSubChannelLayer", "redis", directory)


def redis_core(directory: Path) -> Broker:
    broker = _one("redis-server", "channels_redis.core.RedisChannelLayer", "redis", directory)
    [address] = broker.layer["CONFIG"]["hosts"]
    broker.layer["CONFIG"]["hosts"] = [{"address": address, "socket_timeout": None}]
    return broker


def valkey(directory: Path) -> Broker:
    return _one("valkey-server", "channels_redis.pubsub.RedisPubSubChannelLayer", "redis", directory)


def channels_valkey(directory: Path) -> Broker:
    return _one("valkey-server", "channels_valkey.pubsub.ValkeyPubSubChannelLayer", "valkey", directory)


def sentinel(directory: Path) -> Broker:
    """A master, a replica, and one sentinel that makes the replica the master two seconds after the other's death."""
    master, replica, watch = (free_port() for _ in range(3))
    configuration = directory / "sentinel.conf"
    configuration.write_text(
        f"port {watch}\nbind 127.0.0.1\ndir {directory}\n"
        f"sentinel monitor mymaster 127.0.0.1 {master} 1\n"
        "sentinel down-after-milliseconds mymaster 2000\nsentinel failover-timeout mymaster 10000\n"
    )
    commands = [
        _redis("redis-server", master, directory),
        (
            _redis("redis-server", replica, directory, "--replicaof", "127.0.0.1", str(master))[0],
            "Finished with success",
        ),
        ([program("redis-server"), str(configuration), "--sentinel"], r"\+slave"),
    ]
    hosts = [{"sentinels": [("127.0.0.1", watch)], "master_name": "mymaster"}]
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": hosts}}
    store = "tests.layers.stores.SentinelStore"
    return Broker(directory, layer, store, commands, takes_over=True, store_url=f"127.0.0.1:{watch}")


def cluster(directory: Path) -> Broker:
    """Three masters, without replicas; the layer knows the first of them, as it knows no cluster."""
    ports = [free_port() for _ in range(3)]
    commands = []
    for port in ports:
        more = ("--cluster-enabled", "yes", "--cluster-config-file", f"{port}.conf", "--cluster-port")
        commands.append(_redis("redis-server", port, directory, *more, str(free_port())))
    hosts = [f"redis://127.0.0.1:{ports[0]}/0"]
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": hosts}}
    broker = Broker(directory, layer, "tests.layers.stores.ClusterStore", commands, store_url=hosts[0])
    broker.start()
    nodes = [f"127.0.0.1:{port}" for port in ports]
    join = [program("redis-cli"), "--cluster", "create", *nodes, "--cluster-yes"]
    subprocess.run(join, check=True, stdout=subprocess.DEVNULL)
    return broker


def postgres(directory: Path) -> Broker:
    server = Postgres()
    database = server.settings()
    wanted = {"PASSWORD": "", "TIME_ZONE": None}  # without them channels_postgres raises, and Channels says nothing
    layer = {"BACKEND": "channels_postgres.core.PostgresChannelLayer", "CONFIG": database | wanted}
    databases = {"default": database, "channels_postgres": database}
    apps = ("channels_postgres", "tornado_websockets.database_store")
    return _PostgresBroker(directory, layer, "database", apps=apps, databases=databases, running=[server._process])


class _PostgresBroker(Broker):
    """The server runs already; the command is that by which it was started."""

    def kill(self) -> None:
        os.kill(self.running[0].pid, signal.SIGQUIT)  # it ends all its children at once
        self.running[0].wait()

    def revive(self) -> None:
        self.running[0] = Process(self.running[0].command, self.directory / "again.log", {})
        self.running[0].wait_for("ready to accept connections")

    def stop(self) -> None:
        self.kill()


def lite(directory: Path) -> Broker:
    layer = {"BACKEND": "channels_lite.layers.core.SQLiteChannelLayer", "CONFIG": {"database": "channels"}}
    return _lite(directory, layer)


def lite_aio(directory: Path) -> Broker:
    layer = {"BACKEND": "channels_lite.layers.aio.AIOSQLiteChannelLayer", "CONFIG": {"database": "channels"}}
    return _lite(directory, layer)


def _lite(directory: Path, layer: dict[str, Any]) -> Broker:
    databases = {"default": _sqlite(directory / "default"), "channels": _sqlite(directory / "channels")}
    apps = ("channels_lite", "tornado_websockets.database_store")
    routers = ("channels_lite.router.ChannelsRouter",)
    return Broker(directory, layer, "database", [], apps, databases, routers)


def nats(directory: Path) -> Broker:
    port = free_port()
    command = [program("nats-server"), "--addr", "127.0.0.1", "--port", str(port)]
    layer = {"BACKEND": "channels_nats.NatsChannelLayer", "CONFIG": {"servers": [f"nats://127.0.0.1:{port}"]}}
    databases = {"default": _sqlite(directory / "default")}
    apps = ("tornado_websockets.database_store",)
    return Broker(directory, layer, "database", [(command, "Server is ready")], apps, databases)


BROKERS = {
    "redis": redis,
    "redis-core": redis_core,
    "valkey": valkey,
    "channels-valkey": channels_valkey,
    "sentinel": sentinel,
    "cluster": cluster,
    "postgres": postgres,
    "lite": lite,
    "lite-aio": lite_aio,
    "nats": nats,
}


@contextlib.contextmanager
def running(name: str, directory: Path) -> Iterator[Broker]:
    """A broker with its settings."""
    broker = BROKERS[name](directory)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
