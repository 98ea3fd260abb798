"""Environments of those who need one of their own, below a directory that is kept."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path


def program(name: str) -> str:
    """The Python of the environment that is called ``name``."""
    return str(directory(name) / "bin" / "python")


def directory(name: str) -> Path:
    """Where the environment that is called ``name`` is: below ``COMPARED_CACHE``, or among the user's caches."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("COMPARED_CACHE") or caches / "django-tornado-websockets-compared") / name


@cache
def absence(name: str, requirements: tuple[str, ...], least: tuple[int, int] = (3, 0)) -> str | None:
    """Why the environment can not be had, if so; it is made when this is first asked.

    :param least: the oldest Python that it takes. Where ours is older, a newer one is looked for on the path.
    """
    found = sys.executable if sys.version_info >= least else _newer_python(least)
    if found is None:
        return "it needs Python {}.{}, which is not on the path".format(*least)
    return install(directory(name), requirements, found)


@cache
def node_absence(name: str, packages: tuple[str, ...]) -> str | None:
    """The same for one of Node."""
    missing = [needed for needed in ("node", "npm") if shutil.which(needed) is None]
    if missing:
        return f"there is no program {' or '.join(missing)}"
    folder = directory(name)
    folder.mkdir(parents=True, exist_ok=True)
    options = ("--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder))
    return _failure("npm", "install", *options, *packages)


def install(environment: Path, requirements: Sequence[str], maker: str = sys.executable) -> str | None:
    """Have ``requirements`` in the environment in that directory, which is made where there is none.

    :param maker: the Python that makes it.
    :return: why that is not possible, if so.
    """
    python = environment / "bin" / "python"
    making = None if python.exists() else _failure(maker, "-m", "venv", str(environment))
    options = ("--quiet", "--disable-pip-version-check")
    return making or _failure(str(python), "-m", "pip", "install", *options, *requirements)


def version(python: str, package: str) -> str:
    """The version of a package that a Python has."""
    script = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    command = [python, "-c", script, package]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 our own


def own() -> str:
    """The Python that runs this."""
    return sys.executable


def _newer_python(least: tuple[int, int]) -> str | None:
    major, minor = least
    found = (shutil.which(f"python{major}.{minor + newer}") for newer in range(4))
    return next(filter(None, found), None)


def _failure(*command: str) -> str | None:
    """Why a command has failed, if it has."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 our own commands
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().splitlines() or [f"{command[0]} ended with {done.returncode}"]
    return f"its environment can not be made: {lines[-1]}"
