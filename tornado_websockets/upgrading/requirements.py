"""Requirements: which distributions a project asks for, and which of them are installed."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import PurePosixPath

from .findings import Finding
from .project import SourceFile

OLD = "django-tornado-websockets"
NEW = "django-tornado-websockets-channels"
#: The oldest versions that this package runs with.
MINIMUM = {"django": (5, 2), "tornado": (6, 5, 2)}

OLD_NAME = re.compile(
    r"(?:^[\s-]*|['\"=]|\bpip3? install\b.*\s)(?P<name>django[-_.]tornado[-_.]websockets)"
    r"(?=\s*(?:$|[<>=!~;,@\[\]'\"&]))",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"(?:^|\s)#.*")
_CLIENT = re.compile(r"['\"]django-tornado-websockets-client['\"]")
_PINNED = re.compile(
    r"(?<![\w.:/-])(?P<name>django|tornado)(?:['\"]?\s*=\s*['\"]|\s*)(?P<versions>(?:[<>=!~^]=?=?\s*v?\d[\d.]*(?:\.\*)?\s*,?\s*)+)",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?P<sign>[<>=!~^]=?=?)\s*v?(?P<number>\d{1,9}(?:\.\d{1,9})*)")


def find_in(source: SourceFile) -> Iterator[Finding]:
    """What a file that declares requirements asks for and should not."""
    for number, line in enumerate(source.lines, 1):
        text = line if source.path.suffix == ".json" else _COMMENT.sub("", line)
        if OLD_NAME.search(text):
            yield source.finding(number, "old-distribution", "is required")
        elif _CLIENT.search(text):
            yield source.finding(number, "own-copy", "the old client as a package")
        for found in _PINNED.finditer(text):
            name = found["name"].lower()
            if _is_too_old(found["versions"], MINIMUM[name]):
                needed = ".".join(map(str, MINIMUM[name]))
                yield source.finding(number, "old-requirement", f"{found['name']} must be {needed} or newer")


def find_installed() -> Iterator[Finding]:
    """The old distribution, if it is installed where this package runs."""
    try:
        found = distribution(OLD)
    except PackageNotFoundError:
        return
    directory = PurePosixPath(str(found.locate_file("")))
    yield Finding(directory, 0, "old-distribution", f"version {found.version} is installed beside this package")


def _is_too_old(versions: str, minimum: tuple[int, ...]) -> bool:
    """Whether every version that ``versions`` allows is below ``minimum``."""
    for found in _VERSION.finditer(versions):
        number = tuple(map(int, found["number"].split(".")))
        match found["sign"]:
            case "==" | "===" | "<=" | "=":
                is_below = number < minimum
            case "<":
                is_below = number <= minimum
            case "~=":
                is_below = number[: max(len(number) - 1, 1)] < minimum[: max(len(number) - 1, 1)]
            case "^":
                is_below = number[:1] < minimum[:1]
            case _:
                is_below = False
        if is_below:
            return True
    return False
