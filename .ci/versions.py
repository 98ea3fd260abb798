"""Run tests with other versions: the oldest of what pyproject.toml allows, and the newest, on each Python.

    python .ci/versions.py [--servers] [VERSION ...]

A version is ``floor`` (each dependency that is named there as old as it may be, on Python 3.11, the oldest) or a
Python, ``3.13`` say, with the newest of everything. By default it is all of them. A Python that is not on this
machine is named and left out; those of pyenv are found. Each version has an environment in ``.venvs``, which is made
anew when pyproject.toml has changed.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOOR = "floor"
OLDEST = "3.11"
VERSIONS = (FLOOR, OLDEST, "3.12", "3.13", "3.14")

#: What needs no server: decisions, and what runs in the process of the tests.
IN_PROCESS = (
    *("core", "fragments", "modules", "schema", "following", "auth/test_keys.py", "test_conf.py", "test_exceptions.py"),
    *(
        "test_layering.py",
        "metrics",
        "test_names.py",
        "test_paths.py",
        "test_checks.py",
        "channels_bridge/relay",
    ),
)

#: What depends on the versions of servers, Redis and Tornado besides.
ON_SERVERS = (
    *("channels_bridge", "store", "tornado_bridge", "test_exchanges.py", "test_lifecycle.py", "test_order.py"),
    *("test_processes.py", "test_recovery.py", "test_refusals.py", "test_runtornado.py", "test_stopping.py"),
)


def uv(*arguments: str, is_quiet: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {"UV_PYTHON_DOWNLOADS": "never", **os.environ}
    return subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", *arguments],
        cwd=ROOT,
        env=environment,
        check=not is_quiet,
        capture_output=is_quiet,
        text=True,
    )


def python_of(version: str) -> str | None:
    """The path of an interpreter, or ``None`` where this machine has none of that version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for found in sorted(pyenv.glob(f"{version}.*/bin/python")):
        return str(found)
    asked = uv("python", "find", "--no-project", version, is_quiet=True)
    return asked.stdout.strip() if asked.returncode == 0 else None


def environment_of(version: str, interpreter: str) -> Path:
    """The Python of an environment with the package, installed as it is now where that is not so yet."""
    directory = ROOT / ".venvs" / version
    python, stamp = directory / "bin" / "python", directory / "installed"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        uv("venv", "--clear", "--python", interpreter, str(directory))
        resolution = "lowest-direct" if version == FLOOR else "highest"
        uv("pip", "install", "--python", str(python), "--resolution", resolution, "--editable", ".[test]")
        stamp.write_text(wanted)
    return python


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("versions", nargs="*", choices=[*VERSIONS, []], default=[])
    parser.add_argument("--servers", action="store_true", help="run what needs servers, too")
    options = parser.parse_args()
    tests = [f"tests/{each}" for each in (*IN_PROCESS, *(ON_SERVERS if options.servers else ()))]
    outcomes: dict[str, str] = {}
    for version in options.versions or VERSIONS:
        interpreter = python_of(OLDEST if version == FLOOR else version)
        if interpreter is None:
            outcomes[version] = "left out: there is no such Python on this machine"
            continue
        python = environment_of(version, interpreter)
        command = [python, "-X", "dev", "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *tests]
        outcomes[version] = "passed" if subprocess.run(command, cwd=ROOT, check=False).returncode == 0 else "FAILED"
    for version, outcome in outcomes.items():
        sys.stdout.write(f"{version:6} {outcome}\n")
    return "FAILED" in outcomes.values()


if __name__ == "__main__":
    sys.exit(main())
