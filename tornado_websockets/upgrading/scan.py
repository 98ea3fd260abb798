"""The scan: a project's files in, its findings out."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import requirements, settings_source
from .findings import Finding, Unread
from .page_source import OLD_SCRIPT, Pages, script_name
from .project import SourceFile, read_project
from .python_source import PythonSource
from .reading.calls import Calls
from .reading.scopes import Scope, parse
from .reading.values import Values


@dataclass(frozen=True)
class Scan:
    """What a project is made of, and what is to be done about it.

    :ivar findings: in the order of the files.
    :ivar unread: what was passed over that might have had some.
    """

    root: Path
    files: list[SourceFile]
    modules: list[Scope]
    pages: Pages
    values: Values
    findings: list[Finding]
    unread: list[Unread]


def scan(root: Path) -> Scan:
    """Read every file below ``root``, and import none."""
    files, unread = read_project(root)
    modules: list[Scope] = []
    findings: list[Finding] = []
    for source in files:
        parsed = parse(source) if source.is_python else None
        if isinstance(parsed, Scope):
            modules.append(parsed)
        elif parsed is not None and "tornado_websockets" in source.text:
            findings.append(source.finding(0, "not-python-3", parsed))
        elif parsed is not None:
            unread.append(Unread(source.path, parsed))
    names = [finding for module in modules for finding in _scripts_named_in(module)]
    pages = Pages([source for source in files if source.is_page], has_old_scripts=bool(names))
    values = Values(modules, root.resolve().name)
    are_all_read = len(modules) == sum(source.is_python for source in files)
    findings += names
    findings += _of_declarations(files)
    findings += _of_python(modules, values, pages, is_in_use=_uses_package(files), are_all_read=are_all_read)
    return Scan(root, files, modules, pages, values, sorted(set(findings)), sorted(unread))


def _of_declarations(files: list[SourceFile]) -> Iterator[Finding]:
    for source in files:
        if source.is_declaration:
            yield from requirements.find_in(source)
    yield from requirements.find_installed()


def _of_python(
    modules: list[Scope], values: Values, pages: Pages, *, is_in_use: bool, are_all_read: bool
) -> Iterator[Finding]:
    calls = Calls(values, modules)
    python = PythonSource(calls, may_emit_anywhere=settings_source.may_emit_anywhere(modules))
    yield from python.find()
    yield from python.find_open_and_close({*pages.sent_events()}, is_old=pages.has_old_scripts)
    if is_in_use:
        yield from settings_source.find(modules, values)
    handled = {registration.event for registration in calls.registrations}
    yield from pages.find(handled if handled and are_all_read and not calls.has_unknown else None)


def _scripts_named_in(module: Scope) -> Iterator[Finding]:
    """Old scripts that Python names: in a form's Media, in the list of a bundle, in HTML; but not in a docstring."""
    for scope in module.walk():
        documentation = {node.value for node in scope.nodes if isinstance(node, ast.Expr)}
        for node in scope.nodes:
            if node not in documentation:
                yield from _scripts_named_by(node, scope)


def _scripts_named_by(node: ast.AST, scope: Scope) -> Iterator[Finding]:
    match node:
        case ast.Constant(value=str() as text, lineno=line):
            pass
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=str() as end, lineno=line)):
            begin = left.right if isinstance(left, ast.BinOp) else left  # a + b + c is (a + b) + c
            if not isinstance(begin, ast.Constant) or not isinstance(begin.value, str):
                return
            text = begin.value + end
        case _:
            return
    for found in OLD_SCRIPT.finditer(text):
        place = line + text.count("\n", 0, found.start())
        yield scope.source.finding(place, "old-script", f"{script_name(found)} is loaded")


def _uses_package(files: list[SourceFile]) -> bool:
    """Whether the project has to do with this package at all."""
    return any("tornado_websockets" in source.text for source in files if not source.is_declaration)
