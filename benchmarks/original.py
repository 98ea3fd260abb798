"""The original package in an environment of its own, since its modules have the names of ours."""

import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .processes import ROOT

#: Where its project is.
DIRECTORY = ROOT / "benchmarks" / "contestants" / "original"

_ENVIRONMENT = Path(sys.prefix) / "original-package"

#: The Python of its environment.
PYTHON = _ENVIRONMENT / "bin" / "python"


@cache
def absence() -> str | None:
    """Why it can not take part; its environment is made when this is first asked."""
    if not PYTHON.exists():
        try:
            _run(sys.executable, "-m", "venv", str(_ENVIRONMENT))
        except subprocess.CalledProcessError as error:
            return _reason(error)
    try:
        _run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_requirements())
    except subprocess.CalledProcessError as error:
        return _reason(error)
    return None


def _requirements() -> list[str]:
    """It, and all it needs in the versions that we run on."""
    ours = [f"{name}=={version(name)}" for name in ("Django", "tornado")]
    return ["django-tornado-websockets==0.2.2", *ours]


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 our own commands


def _reason(error: subprocess.CalledProcessError) -> str:
    lines = error.stderr.strip().splitlines() or [str(error)]
    return f"its environment can not be made: {lines[-1]}"
