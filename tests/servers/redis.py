"""A Redis server of the tests' own."""

import contextlib
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
        """Start it with nothing in it."""
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no")
        log = self._directory / "redis.log"
        log.write_bytes(b"")
        self._process = Process((self._program, *options, "--dir", str(self._directory)), log, {})
        self._process.wait_for("Ready to accept connections")

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        self._process.kill()

    def command_counts(self) -> dict[str, int]:
        """How often each command was called since it was started."""
        with contextlib.closing(Redis(port=self.port)) as client:
            statistics = client.info("commandstats")
        return {name.removeprefix("cmdstat_"): numbers["calls"] for name, numbers in statistics.items()}
