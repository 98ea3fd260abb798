"""Build what would be uploaded, into ``dist/``: from what is committed, twice and bit for bit the same, and checked."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"

#: What each of them must have, besides code.
SDIST = {"LICENSE", "README.md", "CHANGELOG.md", "docs/index.md", "tests/conftest.py"}
WHEEL = {
    "tornado_websockets/py.typed",
    "channels_bridge/py.typed",
    "tornado_websockets/static/tornado_websockets/client.js",
}


#: Of ten: it wants an address of the project's and one of its author's, and there is none.
PYROMA = ("pyroma", "--min", "8")


def run(*command: str | Path, cwd: Path = ROOT, **variables: str) -> bytes:
    finished = subprocess.run(command, cwd=cwd, env=os.environ | variables, check=False, stdout=subprocess.PIPE)
    if finished.returncode:
        sys.exit(f"{finished.stdout.decode()}Expected {' '.join(map(str, command))} to succeed.")
    return finished.stdout


def build(parent: Path, moment: str) -> Path:
    """Build what is committed, in a directory of its own below ``parent``; returns where it is."""
    with tarfile.open(fileobj=BytesIO(run("git", "archive", "HEAD"))) as tree:
        tree.extractall(parent / "source", filter="data")
    out = parent / "dist"
    run(sys.executable, "-m", "build", "--outdir", out, cwd=parent / "source", SOURCE_DATE_EPOCH=moment)
    return out


def digests(directory: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


def check(directory: Path) -> None:
    """Whether it is whole, and what those say who check what others upload."""
    [sdist], [wheel] = directory.glob("*.tar.gz"), directory.glob("*.whl")
    with tarfile.open(sdist) as archive:
        missing = SDIST - {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        missing |= WHEEL - set(archive.namelist())
    if missing:
        sys.exit(f"Expected these files in what is uploaded: {', '.join(sorted(missing))}.")
    for command in (("twine", "check", "--strict", sdist, wheel), ("check_wheel_contents", wheel), (*PYROMA, sdist)):
        run(sys.executable, "-m", *command)


def main() -> None:
    moment = run("git", "log", "-1", "--format=%ct").decode().strip()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory(suffix=" elsewhere") as other:
        first = build(Path(one), moment)
        built = digests(first)
        if digests(build(Path(other), moment)) != built:
            sys.exit("Expected the same files of the same commit, wherever they are built; got others the second time.")
        check(first)
        shutil.rmtree(DIST, ignore_errors=True)
        shutil.copytree(first, DIST)
    for name, digest in built.items():
        sys.stdout.write(f"{digest}  dist/{name}\n")


if __name__ == "__main__":
    main()
