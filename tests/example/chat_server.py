"""The example project on a real server, in a process of its own."""

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.support.process import free_port

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE_PROJECT = ROOT / "example_project"

# How each server is started on a port, and what it says when it listens.
SERVERS = {
    "daphne": (
        ("-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "project.asgi:application"),
        re.compile(r"Listening on TCP address 127\.0\.0\.1:(\d+)"),
    ),
    "runtornado": (
        ("manage.py", "runtornado", "127.0.0.1:{port}"),
        re.compile(r"Tornado serves on http://127\.0\.0\.1:(\d+)"),
    ),
}
TROUBLE = re.compile(r"Traceback|never awaited|never retrieved|was destroyed")
START_TIMEOUT = 30


def environment(database: Path) -> dict[str, str]:
    """What the example project is run with: nothing of the caller's own settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "REDIS_"))}
    return inherited | {
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_PATH": str(database),
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "PYTHONDEVMODE": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


async def manage(database: Path, *arguments: str, **variables: str) -> None:
    """Run `manage.py` with `arguments` to its end, and raise `RuntimeError` with its output if it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "manage.py", *arguments),
        cwd=EXAMPLE_PROJECT,
        env=environment(database) | variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"manage.py {' '.join(arguments)}:\n{output.decode()}")


class ChatServer:
    """A server that can be stopped and started again, on the same port and with the same database.

    `kind` is a key of `SERVERS`; `variables` are added to its environment.
    """

    def __init__(self, database: Path, kind: str = "daphne", **variables: str) -> None:
        self.database = database
        self.kind = kind
        self.variables = variables
        self.port = free_port()
        self.log: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/chat"

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def trouble(self) -> list[str]:
        """Lines of the log that a healthy server does not write."""
        return [line for line in self.log if TROUBLE.search(line)]

    async def start(self) -> None:
        listening = asyncio.get_running_loop().create_future()
        command, _ = SERVERS[self.kind]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, *(part.format(port=self.port) for part in command)),
            cwd=EXAMPLE_PROJECT,
            env=environment(self.database) | self.variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self._process, listening))
        self.port = await asyncio.wait_for(listening, START_TIMEOUT)

    async def stop(self) -> None:
        if self._process is None or self._reading is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        await self._reading
        self._process = self._reading = None

    async def kill(self) -> None:
        """Stop it as nothing can be kept from."""
        assert self._process is not None
        self._process.kill()
        await self.stop()

    async def _read(self, process: asyncio.subprocess.Process, listening: asyncio.Future[int]) -> None:
        assert process.stdout is not None
        _, pattern = SERVERS[self.kind]
        async for line in process.stdout:
            self.log.append(line.decode().rstrip())
            found = pattern.search(self.log[-1])
            if found and not listening.done():
                listening.set_result(int(found[1]))
        if not listening.done():
            listening.set_exception(RuntimeError(f"{self.kind} did not start:\n" + "\n".join(self.log)))
