"""What a project says of itself that a scan must find, and what a scan finds."""

import re
from pathlib import Path

from tornado_websockets.upgrading.scan import scan

HERE = Path(__file__).parent
APPLICATION = HERE / "application_of_2016"
SAMPLES = HERE / "samples"

_MARK = re.compile(r"finds: ([a-z0-9-]+(?:, [a-z0-9-]+)*)")

Place = tuple[str, int, str]


def marked(root: Path) -> set[Place]:
    """Every line that says in a comment what it is to be found for."""
    return {
        (path.relative_to(root).as_posix(), number, rule)
        for path in root.rglob("*")
        if path.is_file() and path.suffix in {".py", ".js", ".html", ".txt"} and path.name != "README.txt"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for found in _MARK.finditer(line)
        for rule in found[1].split(", ")
    }


def found(root: Path) -> set[Place]:
    """What a scan finds there."""
    return {(str(finding.path), finding.line, finding.rule) for finding in scan(root).findings}


def write(root: Path, files: dict[str, str]) -> Path:
    """Write the files of a project."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def found_in(root: Path, files: dict[str, str]) -> set[Place]:
    """What a scan finds in a project of these files."""
    return found(write(root, files))
