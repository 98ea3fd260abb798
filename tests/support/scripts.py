"""Python scripts in a process of their own, for what must not or cannot happen in the tests' process."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: How a script forks: with the hooks of Python, and as uWSGI does it.
FORKS = {"with hooks": "os.fork()", "without hooks": "ctypes.PyDLL(None).fork()"}


def run_script(script: str, *, directory: Path | None = None, are_warnings_errors: bool = True) -> str:
    """Run ``script``, with no Django settings of ours, and return what it prints.

    :param directory: where it runs, and more modules are found.
    """
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, [*([directory] if directory else []), ROOT]))
    python = [sys.executable, "-X", "dev", *(["-W", "error"] if are_warnings_errors else [])]
    finished = subprocess.run(
        [*python, "-c", textwrap.dedent(script)],
        cwd=directory or ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
