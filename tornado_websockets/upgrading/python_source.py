"""Python: what handlers, and whatever sends to clients, do that is different now."""

import ast
import re
from collections.abc import Iterator
from itertools import groupby, permutations
from pathlib import Path

from .findings import Finding
from .reading.calls import Calls, Registration
from .reading.payloads import trouble_with
from .reading.scopes import Scope, imported_module
from .reading.values import Kind, Value
from .tornado_names import GONE, ON_TORNADO_ONLY, instead_of

_SPEAKERS = {Kind.WEBSOCKET, Kind.MODULE, Kind.BAR}
_TIMING = {"add_callback", "add_timeout", "call_at", "call_later", "spawn_callback", "add_callback_from_signal"}
_PERIODIC = "tornado.ioloop.PeriodicCallback"
_WRAPPER = "tornado_websockets.tornadowrapper.TornadoWrapper"
_HANDLER = "tornado_websockets.websockethandler.WebSocketHandler"
_COROUTINE = {"tornado.gen.coroutine", "tornado.gen.engine", "asyncio.coroutine"}
_PLAIN_DECORATORS = _COROUTINE | {"staticmethod"}
_ARGUMENTS = {"self", "socket", "data", "event"}
_SIGNS_OF_REGEX = set("()[]\\^$*+?{}|")
#: Where something is put into a text, by `%` or `format`.
_PLACES = re.compile(r"%(?:\(\w+\))?[sdr]|\{[\w.\[\]]*(?:![rsa])?(?::[^{}]*)?\}")


class PythonSource:
    """The Python of a project.

    :param calls: of all its modules.
    :param may_emit_anywhere: whether its settings turn ``EMIT_ANYWHERE`` on.
    """

    def __init__(self, calls: Calls, *, may_emit_anywhere: bool) -> None:
        self.calls = calls
        self.values = calls.values
        self.may_emit_anywhere = may_emit_anywhere
        self.parameters: set[str] = set()

    def find(self) -> Iterator[Finding]:
        """What is to be done, but for the settings."""
        paths = [finding for scope in self.calls.scopes for finding in self._of_paths(scope)]
        yield from paths
        for scope in self.calls.scopes:
            for node in scope.nodes:
                yield from self._of_node(node, scope)
            yield from self._of_class(scope)
        yield from self._of_names()
        for registration in self.calls.registrations:
            yield from self._of_signature(registration)

    def find_open_and_close(self, sent: set[str], *, is_old: bool) -> Iterator[Finding]:
        """Handlers of ``open`` and ``close`` that ran at other times then.

        :param sent: events that pages send.
        :param is_old: whether the pages are those of then.
        """
        for one in self.calls.registrations:
            if one.event in sent & {"open", "close"}:
                yield one.scope.source.finding(one.line, "open-close-handler", f"pages send {one.event!r} as well")
            elif one.event == "close" and is_old:
                yield one.scope.source.finding(one.line, "open-close-handler", "it runs at every disconnect now")

    def _of_node(self, node: ast.AST, scope: Scope) -> Iterator[Finding]:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from self._of_import(node, scope)
            case ast.Attribute(ctx=ast.Load()):
                yield from self._of_member(node, scope)
            case ast.Name(ctx=ast.Load()):
                yield from self._of_name(node, scope)
            case ast.Call():
                yield from self._of_payload(node, scope)
                yield from self._of_timer(node, scope)

    def _of_import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> Iterator[Finding]:
        if isinstance(node, ast.Import):
            names = [(alias.name, alias) for alias in node.names]
        else:
            base = ".".join(imported_module(node, scope))
            names = [(f"{base}.{alias.name}", alias) for alias in node.names]
        for name, alias in names:
            line = getattr(alias, "lineno", node.lineno)
            if name in GONE:
                yield scope.source.finding(line, "gone-from-tornado", f"{name}: {GONE[name]}")
            module = name if isinstance(node, ast.Import) else name.rpartition(".")[0]
            if module.startswith("tornado_websockets.") and not _is_ours(module):
                yield scope.source.finding(line, "no-such-module", f"there is no {module}")

    def _of_name(self, node: ast.Name | ast.Attribute, scope: Scope) -> Iterator[Finding]:
        for value in self.values.of(node, scope):
            if value.kind is Kind.EXTERNAL and value.name in GONE:
                yield scope.source.finding(node.lineno, "gone-from-tornado", f"{value.name}: {GONE[value.name]}")

    def _of_member(self, node: ast.Attribute, scope: Scope) -> Iterator[Finding]:
        yield from self._of_name(node, scope)
        for value in self.values.of(node, scope):
            if value.kind is Kind.EXTERNAL and value.name.startswith(f"{_WRAPPER}."):
                rule = "tornado-mounted" if node.attr == "add_handlers" else "tornado-side"
                yield scope.source.finding(_line(node), rule, f"TornadoWrapper.{node.attr}")
            if value.kind is not Kind.MEMBER or value.of is None:
                continue
            if value.of.kind is Kind.CONNECTION and node.attr in ON_TORNADO_ONLY:
                yield scope.source.finding(_line(node), "tornado-socket", f"{node.attr}: {instead_of(node.attr)}")
            if value.of.kind is Kind.WEBSOCKET and node.attr == "emit" and self._is_outside(scope):
                yield scope.source.finding(_line(node), "emit-outside", self._where(scope))

    def _is_outside(self, scope: Scope) -> bool:
        return not self.may_emit_anywhere and self.calls.runs_outside(scope)

    def _is_inside(self, scope: Scope) -> bool:
        return self.calls.runs_inside(scope) or not self.calls.runs_outside(scope)

    def _where(self, scope: Scope) -> str:
        if not scope.is_function:
            return "when the module is imported"
        is_both = self.calls.runs_inside(scope)
        return f"in {scope.name}(), which " + ("others than handlers call as well" if is_both else "is no handler")

    def _of_payload(self, call: ast.Call, scope: Scope) -> Iterator[Finding]:
        for value in self.values.of(call.func, scope):
            if value.kind is not Kind.MEMBER or value.name != "emit" or value.of is None:
                continue
            data = _argument(call, 1, "data")
            if data is not None and value.of.kind in _SPEAKERS | {Kind.CONNECTION}:
                trouble = trouble_with(data, scope, self.values, is_socket=value.of.kind is Kind.CONNECTION)
                if trouble is not None:
                    yield scope.source.finding(_line(call.func), trouble.rule, trouble.detail)

    def _of_timer(self, call: ast.Call, scope: Scope) -> Iterator[Finding]:
        for value in self.values.of(call.func, scope):
            if _takes_loop(value, call):
                yield scope.source.finding(_line(call.func), "gone-from-tornado", "io_loop=: leave the argument out")
            is_periodic = value.kind is Kind.EXTERNAL and value.name == _PERIODIC
            loop = value.of if value.kind is Kind.MEMBER and value.of and value.of.kind is Kind.LOOP else None
            if loop is not None and value.name == "run_sync" and _is_current(loop) and self._is_inside(scope):
                yield scope.source.finding(_line(call.func), "run-sync")
            is_timing = loop is not None and value.name in _TIMING
            if not (is_periodic or is_timing) or self._is_on_loop(scope):
                continue
            name = "PeriodicCallback" if is_periodic else value.name
            rule = "timer-outside" if self.calls.runs_outside(scope) else "timer-in-handler"
            yield scope.source.finding(_line(call.func), rule, name)

    def _is_on_loop(self, scope: Scope) -> bool:
        """Whether it is a coroutine, which runs on the event loop wherever it is served."""
        return scope.is_async or any(
            value.kind is Kind.EXTERNAL and value.name in _COROUTINE
            for decorator in scope.decorators
            for value in self.values.of(decorator, scope.parent or scope)
        )

    def _of_paths(self, scope: Scope) -> Iterator[Finding]:
        for node in scope.nodes:
            if not isinstance(node, ast.Call):
                continue
            made = [value for value in self.values.of(node, scope) if value.site is node]
            if not any(value.kind in {Kind.WEBSOCKET, Kind.BAR} for value in made):
                continue
            path = _text(_argument(node, 0, "path"), scope)
            if path is None:
                continue
            if _SIGNS_OF_REGEX & set(path):
                yield scope.source.finding(_line(node.func), "regex-path", repr(path))
            else:
                self.parameters |= {part.partition(">")[0].rpartition(":")[2] for part in path.split("<")[1:]}

    def _of_class(self, scope: Scope) -> Iterator[Finding]:
        if not isinstance(scope.node, ast.ClassDef) or scope.parent is None:
            return
        for base in scope.node.bases:
            if any(value == Value(Kind.EXTERNAL, _HANDLER) for value in self.values.of(base, scope.parent)):
                yield scope.source.finding(scope.node.lineno, "tornado-side", "a WebSocketHandler of your own")
                if (line := _line_of_check_origin(scope.node)) is not None:
                    yield scope.source.finding(line, "own-check-origin", f"in {scope.node.name}")

    def _of_names(self) -> Iterator[Finding]:
        def key(one: Registration) -> tuple[str, int]:
            return one.event, id(one.target.site)

        for _, group in groupby(sorted(self.calls.registrations, key=key), key):
            first, *others = sorted(group, key=lambda one: (one.scope.source.path, one.line))
            for other in others:
                if first.target.site is not None and not _are_alternatives(first, other):
                    where = f"{first.scope.source.path}:{first.line}"
                    yield other.scope.source.finding(other.line, "registered-twice", f"{first.event!r}, as in {where}")

    def _of_signature(self, registration: Registration) -> Iterator[Finding]:
        scope = registration.scope
        node = scope.node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not self._keeps_signature(scope):
            return
        arguments = node.args
        given = [*arguments.posonlyargs, *arguments.args]
        required = given[: len(given) - len(arguments.defaults)]
        required += [
            one for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None
        ]
        known = _ARGUMENTS | self.parameters
        unknown = [one.arg for one in required if one.arg not in known]
        if unknown:
            yield scope.source.finding(node.lineno, "handler-signature", f"nothing can fill {', '.join(unknown)}")

    def _keeps_signature(self, scope: Scope) -> bool:
        """Whether no decorator may have put another function in its place."""
        for decorator in scope.decorators:
            callee = decorator.func if isinstance(decorator, ast.Call) else decorator
            found = self.values.of(callee, scope.parent or scope)
            is_known = isinstance(callee, ast.Name) and callee.id in _PLAIN_DECORATORS
            for value in found:
                is_known |= value.kind is Kind.MEMBER or value.name in _PLAIN_DECORATORS
            if not is_known:
                return False
        return True


def _line_of_check_origin(node: ast.ClassDef) -> int | None:
    """Where a class defines that, as a method or as a name for something else."""
    for statement in node.body:
        match statement:
            case ast.FunctionDef(name="check_origin") | ast.AsyncFunctionDef(name="check_origin"):
                return statement.lineno
            case ast.Assign(targets=[ast.Name(id="check_origin")]):
                return statement.lineno
    return None


def _is_ours(module: str) -> bool:
    """Whether this package has a module of that name; looked up without importing it."""
    path = Path(__file__).parents[1].joinpath(*module.split(".")[1:])
    return path.is_dir() or path.with_suffix(".py").is_file()


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    if any(isinstance(one, ast.Starred) for one in call.args[: place + 1]):
        return None
    if len(call.args) > place:
        return call.args[place]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _text(expression: ast.expr | None, scope: Scope) -> str | None:
    """A string that is written out, here or under a name."""
    match expression:
        case ast.Constant(value=str() as text):
            return text
        case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod()):
            return _PLACES.sub("", text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format")):
            return _PLACES.sub("", text)
        case ast.JoinedStr(values=pieces):
            return "".join(str(piece.value) for piece in pieces if isinstance(piece, ast.Constant))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [_text(part, scope) for part in (left, right)]
            return "".join(part for part in parts if part is not None) if any(parts) else None
        case ast.Name(id=name):
            bindings = scope.bindings.get(name) or scope.module.bindings.get(name) or []
            match [binding.value for binding in bindings]:
                case [ast.Constant(value=str() as text)]:
                    return text
    return None


def _line(node: ast.expr) -> int:
    """The line that the last name of a dotted one stands on."""
    return node.end_lineno or node.lineno if isinstance(node, ast.Attribute) else node.lineno


def _takes_loop(value: Value, call: ast.Call) -> bool:
    """Whether something of Tornado's is told which loop to use, as an argument that is gone."""
    if value.kind is not Kind.EXTERNAL or not value.name.startswith("tornado."):
        return False
    is_third = value.name == _PERIODIC and len(call.args) > 2  # what comes third is another one now
    return is_third or any(keyword.arg == "io_loop" for keyword in call.keywords)


def _is_current(loop: Value) -> bool:
    """Whether it is the loop that is there, and not one of its own."""
    made = loop.site.func if isinstance(loop.site, ast.Call) else None
    return isinstance(made, ast.Attribute) and made.attr in {"current", "instance"}


def _are_alternatives(one: Registration, other: Registration) -> bool:
    """Whether the same function is meant, or only one of both is ever defined."""
    if one.scope is other.scope:
        return True
    parent = one.scope.parent
    return parent is not None and any(
        _is_within(one.scope, first) and _is_within(other.scope, second)
        for node in parent.nodes
        for first, second in permutations(_branches(node), 2)
    )


def _branches(node: ast.AST) -> list[list[ast.stmt]]:
    """The blocks of a statement of which one at most is run to its end."""
    match node:
        case ast.If(body=body, orelse=other):
            return [body, other]
        case ast.Try(body=body, handlers=handlers):
            return [body, *(handler.body for handler in handlers)]
    return []


def _is_within(scope: Scope, block: list[ast.stmt]) -> bool:
    return any(scope.node is node for statement in block for node in ast.walk(statement))
