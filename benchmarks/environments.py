"""Environments with a Python of their own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def install(environment: Path, requirements: Sequence[str]) -> str | None:
    """Have ``requirements`` in the environment in that directory, which is made where there is none.

    :return: why that is not possible, if so.
    """
    python = environment / "bin" / "python"
    try:
        if not python.exists():
            _run(sys.executable, "-m", "venv", str(environment))
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [str(error)]
        return f"its environment can not be made: {lines[-1]}"
    return None


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 our own commands
