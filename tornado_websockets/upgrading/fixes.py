"""Fixes: the changes that need no thought, as edits of texts, and as a diff."""

import ast
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from .page_source import OLD_SCRIPT
from .project import PAGES, SCRIPTS, SourceFile
from .reading.javascript import Making, Script, literal
from .reading.scopes import Scope
from .reading.values import Kind, Value
from .report import printable
from .requirements import NEW, OLD_NAME
from .scan import Scan
from .settings_source import uncalled_apps

_ENGINE = "tornado.gen.engine"
_NEW_SCRIPTS = {
    "tornado_websockets/client.js": "tornado_websockets/tornadowebsocket.js",
    "tornado_websockets/tornadowebsocket-es6.js": "tornado_websockets/tornadowebsocket.js",
    "tornado_websockets/modules/progressbar.js": "tornado_websockets/modules/progress_bar.js",
    "tornado_websockets/modules/progress_bar-es6.js": "tornado_websockets/modules/progress_bar.js",
}


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """What takes the place of a piece of text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Fix:
    """A file, and what becomes of it."""

    source: SourceFile
    text: str

    def diff(self) -> Iterator[str]:
        """The change as a unified diff; its lines have no ends."""
        name = printable(self.source.path)
        before, after = self.source.text.splitlines(), self.text.splitlines()
        yield from unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="")

    def apply(self, root: Path) -> bool:
        """Write it, as a whole or not at all; false if the file is not what it was when it was read."""
        path = root / self.source.path
        if path.is_symlink() or path.read_bytes() != self.source.text.encode(self.source.encoding):
            return False
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.text.encode(self.source.encoding))
            shutil.copymode(path, name)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return True


@dataclass
class Fixes:
    """All that can be changed without thought.

    :ivar files: what becomes of each.
    :ivar hindrances: why pages keep the old scripts, if they do.
    """

    files: list[Fix] = field(default_factory=list)
    hindrances: list[str] = field(default_factory=list)


def find_fixes(scan: Scan) -> Fixes:
    """What can be changed in a project without thought."""
    edits: dict[SourceFile, list[Edit]] = {source: [] for source in scan.files}
    fixes = Fixes()
    for module, handler in uncalled_apps(scan.modules, scan.values):
        end = _offset(module.source, handler.end_lineno or 0, handler.end_col_offset or 0)
        edits[module.source].append(Edit(end, end, "()"))
    for module in scan.modules:
        edits[module.source].extend(_of_engine(module, scan))
    for source in scan.files:
        if source.is_declaration and source.path.suffix.lower() in {".txt", ".in", ".pip"}:
            edits[source].extend(_of_requirements(source))
    if scan.pages.has_old_scripts:
        fixes.hindrances = [*_hindrances(scan)]
        for script in scan.pages.scripts if not fixes.hindrances else ():
            edits[script.source].extend(_of_page(script))
    fixes.files = [Fix(source, _apply(source.text, changes)) for source, changes in edits.items() if changes]
    return fixes


def _apply(text: str, edits: list[Edit]) -> str:
    for edit in sorted(set(edits), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _offset(source: SourceFile, line: int, column: int) -> int:
    """Where a place is in the text that a syntax tree names in bytes of UTF-8."""
    start = source.starts[line - 1]
    before = source.lines[line - 1].encode()[:column].decode()
    return start + len(before)


def _of_engine(module: Scope, scan: Scan) -> Iterator[Edit]:
    """``gen.engine`` becomes ``gen.coroutine``; what was imported by name keeps that name."""
    for scope in module.walk():
        for node in scope.nodes:
            match node:
                case ast.ImportFrom(module="tornado.gen", names=names):
                    yield from (_rename(alias, module.source) for alias in names if alias.name == "engine")
                case ast.Attribute(attr="engine") if Value(Kind.EXTERNAL, _ENGINE) in scan.values.of(node, scope):
                    end = _offset(module.source, node.end_lineno or 0, node.end_col_offset or 0)
                    yield Edit(end - len("engine"), end, "coroutine")


def _rename(alias: ast.alias, source: SourceFile) -> Edit:
    start = _offset(source, alias.lineno, alias.col_offset)
    return Edit(start, start + len("engine"), "coroutine" if alias.asname else "coroutine as engine")


def _of_requirements(source: SourceFile) -> Iterator[Edit]:
    has_new = NEW in source.text
    for start, line in zip(source.starts, source.lines, strict=True):
        found = OLD_NAME.match(line)
        if found is not None:
            end = len(line.partition(" #")[0].rstrip())
            yield Edit(start + found.start("name"), start + end, "" if has_new else NEW)


def _hindrances(scan: Scan) -> Iterator[str]:
    """What keeps pages from the new scripts: each would behave otherwise there."""
    for script in scan.pages.scripts:
        yield from _of_makings(script)
        yield from _of_listeners(script)
        for found in OLD_SCRIPT.finditer(script.text):
            if script.is_html and _new_script(found[0]) is None:
                yield f"{_where(script, found.start())} names a script that is not this package's"
    for finding in scan.findings:
        is_in_page = finding.path.suffix.lower() in PAGES - SCRIPTS
        if finding.rule in {"own-copy", "message-event"} or (finding.rule == "old-script" and not is_in_page):
            yield f"{printable(finding.path)}:{finding.line} [{finding.rule}]"


def _of_makings(script: Script) -> Iterator[str]:
    for making in script.makings:
        if not making.has_new:
            yield f"{_where(script, making.call.start)} makes a client without `new`"
        elif _reconnect_edit(making) is None:
            yield f"{_where(script, making.call.start)} has options that are not written out"
    for place in script.unclear:
        yield f"{_where(script, place)} may make a client, in a way that cannot be read"
    place = script.code.find("ProgressBarModule")
    if place >= 0:
        yield f"{_where(script, place)} uses ProgressBarModule"


def _of_listeners(script: Script) -> Iterator[str]:
    for name in sorted(script.names):
        seen = set()
        for call in script.calls({name}, "on"):
            event = literal(call.arguments[0]) if call.arguments else None
            if event in seen:
                yield f"{_where(script, call.start)} listens to {event!r} again: the new script calls both"
            elif event is not None:
                seen.add(event)


def _where(script: Script, offset: int) -> str:
    return f"{printable(script.source.path)}:{script.source.line_of(offset)}"


def _of_page(script: Script) -> Iterator[Edit]:
    for found in OLD_SCRIPT.finditer(script.text):
        new = _new_script(found[0])
        if new is not None:
            yield Edit(found.start(), found.end(), new)
    for making in script.makings:
        edit = _reconnect_edit(making)
        if edit is not None and edit.text:
            yield edit


def _new_script(name: str) -> str | None:
    """What an old script of this package is called now."""
    return _NEW_SCRIPTS.get(name.replace(".min.js", ".js"))


def _reconnect_edit(making: Making) -> Edit | None:
    """Let a client stay away once its connection is lost, as it did; ``None`` if that cannot be written."""
    arguments, end = making.call.arguments, making.call.end - 1
    if len(arguments) == 1 and arguments[0]:
        return Edit(end, end, ", { reconnect: false }")
    if len(arguments) != 2 or not arguments[1].startswith("{") or not arguments[1].endswith("}"):
        return None
    if "reconnect" in arguments[1]:
        return Edit(end, end, "")
    start = making.call.places[1] + 1
    rest = arguments[1][1:-1]
    if not rest.strip():
        return Edit(start, start, " reconnect: false ")
    return Edit(start, start, " reconnect: false," + ("" if rest[0].isspace() else " "))
