"""The example project, served by Tornado and by daphne."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from tests.example.chat_server import EXAMPLE_PROJECT, environment
from tests.support.process import Process

#: How each is called, on a port that it chooses, and what it says then.
KINDS = {
    "tornado": (("manage.py", "runtornado", "0"), r"Tornado serves on http://127\.0\.0\.1:(\d+)"),
    "daphne": (
        ("-m", "daphne", "-b", "127.0.0.1", "-p", "0", "project.asgi:application"),
        r"Listening on TCP address 127\.0\.0\.1:(\d+)",
    ),
}


class Chat(Process):
    """One server of the example project.

    :param kind: a key of :data:`KINDS`.
    :param database: file that all of them share.
    :param redis_url: of the Redis that connects them.
    """

    def __init__(self, kind: str, log: Path, database: Path, redis_url: str) -> None:
        command, listening = KINDS[kind]
        super().__init__((sys.executable, *command), log, environment(database) | {"REDIS_URL": redis_url})
        self.url = f"http://127.0.0.1:{self.wait_for(listening)[1]}/"

    def _start(self, output: IO[bytes], variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command, cwd=EXAMPLE_PROJECT, env=variables, stdout=output, stderr=output)
