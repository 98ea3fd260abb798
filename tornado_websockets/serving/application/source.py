"""What the source of an ``asgi.py`` says of the application in it. None of it is run.

Only what stands in plain sight is understood: imports, and names that are given the result of a call, or a dict that is
written out, on the first level of the module. Whatever else may happen to a value makes it unknown.
"""

import ast
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PAGES: Final = "django.core.asgi.get_asgi_application()"
WEBSOCKETS: Final = "channels_bridge.asgi.websocket_application"

_ROUTER: Final = "channels.routing.ProtocolTypeRouter"

#: What sets Django up, when it is called or imported; other packages than these may do so, too.
_SETS_UP: Final = {PAGES, "django.setup()", "channels_bridge.serve"}
_HARMLESS: Final = {*sys.stdlib_module_names, "asgiref", "channels", "channels_bridge", "django", "tornado_websockets"}

#: By which a module may have names that are not written in it.
_OPENINGS: Final = {"*", "__getattr__", "eval", "exec", "globals", "locals", "modules", "setattr", "vars"}

#: How a node of a syntax tree names something.
_NAMED_BY: Final = ("id", "attr", "name")

#: What stands in them runs later, or has names of its own.
_LATER: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(eq=False)
class Router:
    """A ``ProtocolTypeRouter``, or the dict for one.

    :ivar routes: what serves each type of connection; ``None`` where that may have been changed after it was written.
    """

    routes: "dict[str, Value] | None"


#: The dotted name of what was imported, with ``()`` behind it for what a call of that gives; ``None`` if not known.
Value = str | Router | None


@dataclass
class Source:
    """What a module says.

    :ivar names: that it has; ``None`` where it may have others, and nothing else is known.
    :ivar values: of its names when it has run, as far as they are known.
    :ivar early: the line in which ``websocket_application()`` is called before the module sets Django up.
    """

    names: set[str] | None
    values: dict[str, Value] = field(default_factory=dict)
    early: int | None = None


def read_source(path: Path) -> Source | None:
    """What the module in that file says; ``None`` where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the project's escapes: not our affair
            return _Reader(ast.parse(path.read_bytes())).source
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):  # whoever serves it says so
        return None


class _Reader:
    """Goes through a module in the order in which Python would."""

    def __init__(self, tree: ast.Module) -> None:
        later = [inner for node in ast.walk(tree) if isinstance(node, _LATER) for inner in ast.walk(node)]
        self._used_later = {node.id for node in later if isinstance(node, ast.Name)}
        self._assigned_later = {name for node in later if isinstance(node, ast.Global) for name in node.names}
        self._is_set_up = self._may_be_set_up = False
        self._early: int | None = None
        has_others = bool({getattr(node, key, None) for node in ast.walk(tree) for key in _NAMED_BY} & _OPENINGS)
        self.source = Source(None if has_others else {*_bound(tree), *self._assigned_later})
        for statement in () if has_others else tree.body:
            self._run(statement)
        if self._is_set_up:
            self.source.early = self._early

    def _run(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=names):
                for alias in names:
                    self._note(alias.name)
                    self._bind(alias.asname or _root(alias.name), alias.name if alias.asname else _root(alias.name))
            case ast.ImportFrom(module=str(module), names=names, level=0):
                for alias in names:
                    self._note(module)
                    self._note(f"{module}.{alias.name}")
                    self._bind(alias.asname or alias.name, f"{module}.{alias.name}")
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                self._bind(name, self._value(value))
            case ast.Expr(value=value):
                self._value(value)
            case _:
                self._lose_sight(statement)

    def _bind(self, name: str, value: Value) -> None:
        if name in self._used_later:
            _touch(value)
        self.source.values[name] = None if name in self._assigned_later else value

    def _value(self, expression: ast.expr) -> Value:
        match expression:
            case ast.Name(id=name):
                return self.source.values.get(name)
            case ast.Attribute(value=owner, attr=name):
                value = self._value(owner)
                _touch(value)
                return f"{value}.{name}" if isinstance(value, str) else None
            case ast.Call():
                return self._called(expression)
            case ast.Dict(keys=keys, values=values):
                names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
                routes = {str(name): value for name, value in zip(names, map(self._value, values), strict=True)}
                return Router(None if None in names else routes)
        self._lose_sight(expression)
        return None

    def _called(self, call: ast.Call) -> Value:
        function = self._value(call.func)
        given = [self._value(each) for each in (*call.args, *(keyword.value for keyword in call.keywords))]
        if function == _ROUTER and len(given) == 1 and isinstance(given[0], Router):
            return given[0]
        for value in given:
            _touch(value)
        if function == WEBSOCKETS and not (self._is_set_up or self._may_be_set_up):
            self._early = self._early or call.lineno
        result = f"{function}()" if isinstance(function, str) else None
        self._note(result)
        return result

    def _note(self, name: str | None) -> None:
        """See whether Django is set up when this has been imported or called."""
        if name in _SETS_UP:
            self._is_set_up = True
        elif name is None or _root(name) not in _HARMLESS:
            self._may_be_set_up = True

    def _lose_sight(self, node: ast.AST) -> None:
        """Something else happens, to all that it names."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                _touch(self.source.values.get(inner.id))
            self._may_be_set_up |= isinstance(inner, ast.Call | ast.Import | ast.ImportFrom)
        for name in _bound(node):
            self.source.values[name] = None


def _touch(value: Value) -> None:
    """It may be changed from now on."""
    if isinstance(value, Router):
        value.routes = None


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that ``node`` gives a value to, where it stands."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or _root(name)
        case (
            ast.FunctionDef(name=name)
            | ast.AsyncFunctionDef(name=name)
            | ast.ClassDef(name=name)
            | ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            yield name
    if not isinstance(node, _LATER):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


def _root(name: str) -> str:
    return name.partition(".")[0]
