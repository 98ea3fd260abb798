"""The files of a project: which of them are read, and what stands in them."""

import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from tokenize import detect_encoding

from .findings import Finding, Unread

#: Bytes of the largest file that is read: a syntax tree takes a hundred times as much.
MAX_BYTES = 1_000_000

PYTHON = {".py", ".pyw"}
PAGES = {
    ".cjs", ".djhtml", ".ejs", ".hbs", ".htm", ".html", ".j2", ".jinja", ".jinja2", ".js", ".jsx", ".mjs", ".mustache",
    ".svelte", ".ts", ".tsx", ".twig", ".vue", ".xhtml",
}  # fmt: skip
SCRIPTS = {".cjs", ".js", ".jsx", ".mjs", ".ts", ".tsx"}
_REQUIREMENTS = re.compile(
    r".*(requirements|constraints).*\.(txt|in|pip)|pyproject\.toml|setup\.(py|cfg)|tox\.ini|Pipfile(\.lock)?"
    r"|(poetry|uv|pdm)\.lock|environment\.ya?ml|(package|bower)\.json|Dockerfile.*",
    re.IGNORECASE,
)
_INSTALLED = {"node_modules", "bower_components", "site-packages", "jspm_packages", "__pypackages__"}
_TOOLS = {"__pycache__", "CVS", ".git", ".hg", ".svn", ".tox", ".nox", ".eggs", ".cache", ".idea", ".vscode"}
_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r"[\"']([^\"']+)[\"']")
_STATIC_ROOT = re.compile(r"^\s*STATIC_ROOT\s*=(.*)", re.MULTILINE)


@dataclass(frozen=True)
class SourceFile:
    """One file of the project.

    :ivar path: below the directory that is scanned.
    :ivar encoding: in which it is written back.
    :ivar trouble: why it cannot be read as what it is, if it cannot.
    """

    path: PurePosixPath
    text: str
    encoding: str
    trouble: str = ""

    @property
    def is_python(self) -> bool:
        return self.path.suffix.lower() in PYTHON

    @property
    def is_page(self) -> bool:
        return self.path.suffix.lower() in PAGES

    @property
    def is_declaration(self) -> bool:
        """Whether it may say which distributions the project needs."""
        return _is_declaration(self.path)

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins."""
        return [0, *(found.end() for found in _LINE_END.finditer(self.text))]

    @cached_property
    def lines(self) -> list[str]:
        return _LINE_END.split(self.text)

    def line_of(self, offset: int) -> int:
        """The number of the line, from 1, that ``offset`` is in."""
        return bisect_right(self.starts, offset)

    def finding(self, line: int, rule: str, detail: str = "") -> Finding:
        """A finding in this file."""
        source = self.lines[line - 1].strip() if 0 < line <= len(self.lines) else ""
        return Finding(self.path, line, rule, detail, source)


def read_project(root: Path) -> tuple[list[SourceFile], list[Unread]]:
    """Every file that may want a change, and what was passed over that might have been one."""
    files: list[SourceFile] = []
    unread: list[Unread] = []
    for path in _walk(root, unread):
        found = _read(root, path)
        if isinstance(found, SourceFile):
            files.append(found)
        else:
            unread.append(found)
    collected = {path for path in _static_roots(files) if _is_collected(root / path)}
    unread = [each for each in unread if collected.isdisjoint(each.path.parents)]
    unread += [
        Unread(path, "holds what collectstatic collected") for path in collected - {each.path for each in unread}
    ]
    return [file for file in files if collected.isdisjoint(file.path.parents)], sorted(unread)


def _is_collected(folder: Path) -> bool:
    """Whether static files were collected there: this package's, or those of Django's admin, are among them."""
    return any((folder / name).is_dir() for name in ("tornado_websockets", "admin"))


def _static_roots(files: list[SourceFile]) -> Iterator[PurePosixPath]:
    """Where static files are collected, as far as settings spell it out: below their own folder, or one around it."""
    for file in files:
        for found in _STATIC_ROOT.finditer(file.text) if file.is_python else ():
            name = "/".join(_QUOTED.findall(found[1])).strip("/")
            if name:
                yield from (folder / name for folder in file.path.parents)


def _walk(root: Path, unread: list[Unread]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        unread.append(Unread(_below(root, Path(error.filename)), f"cannot be listed: {error.strerror}"))

    for directory, names, files in os.walk(root, onerror=refuse):
        here = Path(directory)
        for name in sorted(names):
            reason = _why_not_entered(here / name)
            if reason is not None:
                names.remove(name)
                if reason:
                    unread.append(Unread(_below(root, here / name), reason))
        names.sort()
        yield from (here / name for name in sorted(files) if _is_wanted(_below(root, here / name)))


def _why_not_entered(path: Path) -> str | None:
    """Why a directory is passed over: ``""`` if that goes without saying, ``None`` if it is not."""
    if path.is_symlink():
        return "is a link, and links are not followed"
    if path.name in _TOOLS or path.name.endswith(".egg-info"):
        return ""
    if path.name in _INSTALLED or (path / "pyvenv.cfg").exists() or (path / "bin" / "activate_this.py").exists():
        return "holds installed packages"
    if (path / "admin" / "css" / "base.css").exists() and (path / "admin" / "js").exists():
        return "holds what collectstatic collected"
    if path.name == "tornado_websockets" and any(
        (path / name).exists() for name in ("websocket.py", "client.js", "tornadowebsocket.js")
    ):
        return "is the package itself, or a copy of it"
    return None


def _is_wanted(path: PurePosixPath) -> bool:
    return path.suffix.lower() in PYTHON | PAGES or _is_declaration(path)


def _is_declaration(path: PurePosixPath) -> bool:
    is_in_folder = path.parent.name == "requirements" and path.suffix in {".txt", ".in", ".pip"}
    return is_in_folder or _REQUIREMENTS.fullmatch(path.name) is not None


def _read(root: Path, path: Path) -> SourceFile | Unread:
    below = _below(root, path)
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return Unread(below, "is a link, and links are not followed")
        if not stat.S_ISREG(status.st_mode):
            return Unread(below, "is no regular file")
        if status.st_size > MAX_BYTES:
            return Unread(below, f"has {status.st_size:,} bytes, more than {MAX_BYTES:,}")
        return _decode(below, path.read_bytes())
    except OSError as error:
        return Unread(below, f"cannot be read: {error.strerror}")


def _decode(path: PurePosixPath, content: bytes) -> SourceFile | Unread:
    if b"\0" in content:
        return Unread(path, "has null bytes: it is no text, or not in UTF-8")
    try:
        encoding = _encoding(path, content)
        return SourceFile(path, content.decode(encoding), encoding)
    except (SyntaxError, ValueError, LookupError) as error:
        # Whatever it is, the names that are sought are ASCII; and each byte has a place in Latin-1.
        trouble = _why_undecoded(error, content) if path.suffix.lower() in PYTHON else ""
        return SourceFile(path, content.decode("latin-1"), "latin-1", trouble)


def _encoding(path: PurePosixPath, content: bytes) -> str:
    if path.suffix.lower() in PYTHON:
        lines = iter(content.splitlines(keepends=True))
        return detect_encoding(lambda: next(lines, b""))[0]
    return "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"


def _why_undecoded(error: Exception, content: bytes) -> str:
    if isinstance(error, UnicodeDecodeError):
        line = content.count(b"\n", 0, error.start) + 1
        return f"line {line} is not in {error.encoding.upper()}, and the file names no other encoding"
    if "missing encoding declaration" in str(error):
        return "it is not in UTF-8, and names no other encoding"
    return f"its encoding cannot be used: {error}"


def _below(root: Path, path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(root).as_posix())
