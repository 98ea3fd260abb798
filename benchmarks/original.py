"""The original package in an environment of its own, since its modules have the names of ours."""

import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .environments import install
from .processes import ROOT

#: Where its project is.
DIRECTORY = ROOT / "benchmarks" / "contestants" / "original"

_ENVIRONMENT = Path(sys.prefix) / "original-package"

#: The Python of its environment.
PYTHON = _ENVIRONMENT / "bin" / "python"


@cache
def absence() -> str | None:
    """Why it can not take part; its environment is made when this is first asked."""
    return install(_ENVIRONMENT, _requirements())


def _requirements() -> list[str]:
    """It, and all it needs in the versions that we run on."""
    ours = [f"{name}=={version(name)}" for name in ("Django", "tornado")]
    return ["django-tornado-websockets==0.2.2", *ours]
