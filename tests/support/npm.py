"""Programs of npm."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from .missing import do_without

ROOT = Path(__file__).resolve().parents[2]
CLIENT = Path("tornado_websockets", "static", "tornado_websockets")

TYPESCRIPT = "typescript@7.0.2"
STRICT = ["--strict", "--noEmit", "--target", "es2020", "--lib", "es2020,dom,dom.iterable", "--module", "nodenext"]


def run(*command: str | Path, directory: Path = ROOT, seconds: float = 55, **variables: str) -> None:
    """Run a program, whose output is the reason when it fails.

    :param variables: of its environment, on top of ours.
    """
    done = subprocess.run(
        command,
        cwd=directory,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        pytest.fail(f"{command[0]}:\n{done.stdout}{done.stderr}", pytrace=False)


def fetch(package: str, directory: Path, purpose: str) -> Path:
    """Let npm put a package into ``directory``, and return its folder; without npm or a registry skip, in CI fail.

    :param purpose: what it is needed for.
    """
    name, _, _ = package.rpartition("@")
    if shutil.which("npm") is None:
        do_without(f"Expected 'npm' on the PATH; it fetches {name}, {purpose}.")
    options = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", directory)
    done = subprocess.run(
        ("npm", "install", *options, package),
        cwd=directory,
        env=os.environ | {"NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    if done.returncode:
        do_without(f"Expected npm to fetch {package}: {done.stderr}")
    return directory / "node_modules" / name


def compiler() -> list[str]:
    """The command of the TypeScript compiler."""
    return command_of(TYPESCRIPT, "tsc")


@cache
def command_of(package: str, program: str) -> list[str]:
    """The command of a program of a package, which npm fetches once and keeps; without npm the test is skipped."""
    command = ["npm", "exec", "--yes", f"--package={package}", "--", program]
    if shutil.which("npm") is None:
        do_without(f"Expected 'npm' on the PATH; it fetches {package}.")
    probe = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False, cwd=ROOT)
    if probe.returncode:
        do_without(f"Expected npm to fetch {package}: {probe.stderr}")
    return command
