"""A PostgreSQL server of the tests' own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .missing import do_without
from .process import Process, free_port


def _programs() -> Path:
    """The directory of its programs, the newest version's; without them the test is skipped, in CI it fails."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        do_without("Expected PostgreSQL, as Debian's package 'postgresql' has it.")
    return found[-1]


class Postgres:
    """PostgreSQL on a free port, in a directory of its own.

    It refuses to run as root, and then runs as the user that its package has made.
    """

    def __init__(self) -> None:
        self._programs = programs = _programs()
        self.port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="postgres-"))
        as_user: tuple[str, ...] = ()
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._directory, user.pw_uid, user.pw_gid)
            as_user = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
        self.user = "postgres"
        data = str(self._directory / "data")
        initdb = (
            *as_user,
            str(programs / "initdb"),
            "-U",
            self.user,
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "-D",
            data,
        )
        subprocess.run(initdb, check=True, cwd="/", stdout=subprocess.DEVNULL)
        options = ("-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-k", str(self._directory))
        command = (*as_user, str(programs / "postgres"), "-D", data, "-p", str(self.port), *options)
        log = self._directory.with_suffix(".log")
        log.write_bytes(b"")
        self._log = log
        self._process = Process(command, log, {})
        self._process.wait_for("ready to accept connections")

    def settings(self) -> dict[str, Any]:
        """An entry of ``DATABASES`` for it."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": self.user,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
        }

    def run(self, sql: str) -> str:
        """What psql prints."""
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, "-d", "postgres")
        command = (str(self._programs / "psql"), *address, "-Atc", sql)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def connections(self) -> int:
        """How many programs hold, this question's apart."""
        return int(self.run("select count(*) from pg_stat_activity where datname is not null") or 0) - 1

    def kill_connections(self) -> None:
        """As an administrator, a failover or an idle timeout does."""
        self.run(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname <> ''"
        )

    def stop(self) -> None:
        """End it, whoever is connected, and drop what it has."""
        os.kill(self._process.pid, signal.SIGINT)  # SIGTERM would wait until all have left
        self._process.stop()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._log.unlink()
