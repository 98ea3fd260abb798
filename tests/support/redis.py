"""A Redis server of the tests' own."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

from redis import Redis

from .process import Process, free_port


class RedisServer:
    """Redis on a free port, with nothing written to disk; it can be killed and started again."""

    def __init__(self, program: str, directory: Path) -> None:
        self._program = program
        self._directory = directory
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it with what was saved last, which is nothing unless a test has done so."""
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no")
        log = self._directory / "redis.log"
        log.write_bytes(b"")
        self._process = Process((self._program, *options, "--dir", str(self._directory)), log, {})
        self._process.wait_for("Ready to accept connections")

    def stop(self) -> None:
        self.thaw()
        self._process.stop()

    def kill(self) -> None:
        self._process.kill()

    def freeze(self) -> None:
        """Let it answer nothing, though its connections stay open."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it was."""
        if self._process.is_running:
            os.kill(self._process.pid, signal.SIGCONT)

    @contextlib.contextmanager
    def client(self) -> Iterator[Redis]:
        """A connection to it."""
        with contextlib.closing(Redis(port=self.port, decode_responses=True)) as client:
            yield client

    def members(self) -> dict[str, int]:
        """How many channels are in each group, of both layers of channels_redis."""
        with self.client() as client:
            core = {key: client.zcard(key) for key in client.scan_iter("asgi:group:*")}
            pubsub = dict(client.pubsub_numsub(*client.pubsub_channels("asgi__group__*")))
        return {re.sub(r"^asgi(:|__)group\1", "", key): count for key, count in (core | pubsub).items()}

    def keys_of_messages(self) -> list[str]:
        """Where messages of the core layer wait for somebody to take them."""
        with self.client() as client:
            return [key for key in client.scan_iter() if not key.startswith("asgi:group:")]

    def connections_made(self) -> int:
        """By all programs, since it was started."""
        with self.client() as client:
            made: int = client.info("stats")["total_connections_received"]
        return made

    def command_counts(self) -> dict[str, int]:
        """How often each command was called since it was started."""
        with self.client() as client:
            statistics = client.info("commandstats")
        return {name.removeprefix("cmdstat_"): numbers["calls"] for name, numbers in statistics.items()}
