"""Environments of the peers, each with a Python of its own, below a directory that is kept."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from ..environments import install


def _directory() -> Path:
    """Where they are kept: ``COMPARED_CACHE``, or a directory among the user's caches."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("COMPARED_CACHE") or caches / "django-tornado-websockets-compared")


def program(name: str) -> str:
    """The Python of the environment that is called ``name``."""
    return str(_directory() / name / "bin" / "python")


@cache
def absence(name: str, requirements: tuple[str, ...]) -> str | None:
    """Why the environment can not be had, if so; it is made when this is first asked."""
    return install(_directory() / name, requirements)


def version(python: str, package: str) -> str:
    """The version of a package that a Python has."""
    script = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    command = [python, "-c", script, package]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 our own


def own() -> str:
    """The Python that runs this."""
    return sys.executable
