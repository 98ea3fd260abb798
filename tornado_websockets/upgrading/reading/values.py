"""Values: what the expressions of a project stand for, as far as can be told without running it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

from ..tornado_names import GONE
from .scopes import Binding, How, Scope


class Kind(Enum):
    """What something is."""

    WEBSOCKET = "websocket"  # a WebSocket
    MODULE = "module"  # a Module, or the ProgressBar of 0.2
    BAR = "bar"  # the ProgressBar of 0.1
    CONNECTION = "connection"  # what handlers get as `socket`
    LOOP = "loop"  # Tornado's event loop
    MEMBER = "member"  # an attribute of one of those
    EXTERNAL = "external"  # something of another distribution, by its dotted name
    SOURCE = "source"  # a module or package of the project
    FUNCTION = "function"  # of the project
    CLASS = "class"  # of the project
    INSTANCE = "instance"  # of a class of the project


@dataclass(frozen=True, slots=True)
class Value:
    """What an expression stands for.

    :ivar name: dotted, of what is external or a module of the project; of a member, its own.
    :ivar scope: of what the project defines; of an object, its class if the project defines it.
    :ivar site: where an object is made: two that have the same are the same object.
    :ivar of: whose member it is.
    """

    kind: Kind
    name: str = ""
    scope: Scope | None = None
    site: ast.AST | Scope | None = None
    of: Value | None = None


#: What calling these gives.
_MAKES = {
    "tornado_websockets.websocket.WebSocket": Kind.WEBSOCKET,
    "tornado_websockets.modules.Module": Kind.MODULE,
    "tornado_websockets.modules.module.Module": Kind.MODULE,
    "tornado_websockets.modules.ProgressBar": Kind.MODULE,
    "tornado_websockets.modules.progressbar.ProgressBar": Kind.MODULE,
    "tornado_websockets.modules.progress_bar.ProgressBar": Kind.BAR,
    "tornado_websockets.websockethandler.WebSocketHandler": Kind.CONNECTION,
    "tornado.ioloop.IOLoop": Kind.LOOP,
    "tornado.ioloop.IOLoop.current": Kind.LOOP,
    "tornado.ioloop.IOLoop.instance": Kind.LOOP,
}

#: What is known by a name that came with an asterisk.
_KNOWN = {*_MAKES, *GONE, "tornado.ioloop.PeriodicCallback", "tornado_websockets.tornadowrapper.TornadoWrapper"}
OBJECTS = frozenset({Kind.WEBSOCKET, Kind.MODULE, Kind.BAR, Kind.CONNECTION, Kind.LOOP})
#: Never taken for a module of the project, whatever its files are called.
_FOREIGN = {"tornado_websockets", "tornado", "django", "channels_bridge"}
_COPIES = {"copy", "enumerate", "frozenset", "iter", "list", "reversed", "set", "sorted", "tuple"}
_DEPTH = 30


class Values:
    """Tells what expressions stand for.

    :param modules: of the project.
    :param root: name of the directory that was scanned, in case it is itself a package.
    :ivar arguments: what functions are called with, by function and parameter; filled by :mod:`.calls`.
    """

    def __init__(self, modules: Iterable[Scope], root: str) -> None:
        self._modules = {module.module_name: module for module in modules}
        self._packages = {name[:end] for name in self._modules for end in range(1, len(name))}
        self._plain = {  # directories that are no packages: names of modules begin below them
            name[:end] for name in self._modules for end in range(len(name)) if not self._is_package(name[:end])
        }
        self._root = root
        self.arguments: dict[tuple[Scope, str], list[Value]] = defaultdict(list)
        self._depth = 0
        self._known: dict[object, list[Value]] = {}
        self._sought: set[object] = set()

    def start_over(self) -> None:
        """Forget what follows from arguments, since more of them are known."""
        self._known.clear()

    def of(self, expression: ast.AST, scope: Scope) -> list[Value]:
        """Everything that ``expression`` may stand for where it stands in ``scope``; nothing if that is not known."""
        if self._depth > _DEPTH:
            return []
        self._depth += 1
        try:
            return [*dict.fromkeys(self._of(expression, scope))]
        finally:
            self._depth -= 1

    def _of(self, expression: ast.AST, scope: Scope) -> Iterator[Value]:
        match expression:
            case ast.Name(id=name):
                yield from self._named(name, scope)
            case ast.Attribute(value=base, attr=name):
                for value in self.of(base, scope):
                    yield from self._member(value, name)
            case ast.Call(func=function):
                for value in self._callee(function, scope):
                    yield from self._called(value, expression, scope)
            case ast.Subscript(value=base, slice=place) if not isinstance(place, ast.Slice):
                yield from self.items(base, scope)
            case _:
                for inner in _alternatives(expression):
                    yield from self.of(inner, scope)

    def items(self, expression: ast.AST, scope: Scope) -> list[Value]:
        """What the items of ``expression`` stand for."""
        match expression:
            case ast.List(elts=each) | ast.Tuple(elts=each) | ast.Set(elts=each):
                return [value for one in each for value in self.of(one, scope)]
            case ast.ListComp(elt=one) | ast.SetComp(elt=one) | ast.GeneratorExp(elt=one):
                return self.of(one, scope)
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _COPIES:
                return self.items(first, scope)
        found = self.of(expression, scope)
        return [
            Value(Kind.CONNECTION)
            for value in found
            if value.kind is Kind.MEMBER and value.name == "handlers" and value.of and value.of.kind is Kind.WEBSOCKET
        ]

    def instance_of(self, scope: Scope, site: ast.AST | Scope) -> Value:
        """An object of a class of the project."""
        for ancestor in self.ancestors(scope):
            if isinstance(ancestor, str) and ancestor in _MAKES:
                return Value(_MAKES[ancestor], scope=scope, site=site)
        return Value(Kind.INSTANCE, scope=scope, site=site)

    def ancestors(self, scope: Scope) -> Iterator[Scope | str]:
        """The class itself, and what it derives from: classes of the project, and names of others."""
        seen: list[Scope] = []
        waiting = [scope]
        while waiting:
            one = waiting.pop(0)
            if one in seen or not isinstance(one.node, ast.ClassDef):
                continue
            seen.append(one)
            yield one
            for base in one.node.bases:
                for value in self.of(base, one.parent or one):
                    if value.kind is Kind.EXTERNAL:
                        yield value.name
                    elif value.kind is Kind.CLASS and value.scope is not None:
                        waiting.append(value.scope)

    def module(self, name: tuple[str, ...]) -> Scope | None:
        """The module of the project that an import of ``name`` finds."""
        if not name or name[0] in _FOREIGN:
            return None
        found = self._modules.get(name)
        if found is None and name[0] == self._root:
            found = self._modules.get(name[1:])
        places = (self._modules.get((*place, *name)) for place in sorted(self._plain))
        return found or next((module for module in places if module is not None), None)

    def _is_package(self, name: tuple[str, ...]) -> bool:
        module = self._modules.get(name)
        return module is not None and module.source.path.name == "__init__.py"

    def _callee(self, function: ast.expr, scope: Scope) -> list[Value]:
        if isinstance(function, ast.Name) and function.id == "super" and scope.owner is not None:
            return [Value(Kind.CLASS, scope=scope.owner)]
        return self.of(function, scope)

    def _called(self, value: Value, call: ast.Call, scope: Scope) -> Iterator[Value]:
        if value.kind is Kind.EXTERNAL and value.name in _MAKES:
            yield Value(_MAKES[value.name], site=call)
        elif value.kind is Kind.EXTERNAL and value.name == "functools.partial" and call.args:
            yield from self.of(call.args[0], scope)
        elif value.kind is Kind.CLASS and value.scope is not None:
            yield self.instance_of(value.scope, value.scope if _is_super(call) else call)
        elif value.kind is Kind.FUNCTION and value.scope is not None:
            yield from self._once(value.scope, partial(self._returned, value.scope))

    def _named(self, name: str, scope: Scope) -> Iterator[Value]:
        here: Scope | None = scope
        while here is not None:
            if (here is scope or not here.is_class) and (name in here.bindings or name in _parameters(here)):
                found = [value for binding in here.bindings.get(name, ()) for value in self._bound(binding)]
                found += self._given(name, here)
                if found or not here.is_class:  # a class may say `ws = ws`, of what is outside
                    yield from found
                    return
            here = here.parent
        for star in scope.module.bindings.get("*", ()):
            module = self.module(tuple(str(star.value).split(".")[:-1]))
            if module is not None and module is not scope.module and name in module.bindings:
                yield from self._member(Value(Kind.SOURCE, scope=module), name)
            elif module is None and f"{str(star.value)[:-1]}{name}" in _KNOWN:
                yield Value(Kind.EXTERNAL, f"{str(star.value)[:-1]}{name}")

    def _given(self, name: str, function: Scope) -> Iterator[Value]:
        """What a parameter stands for."""
        if function.parent is not None and function.parent.is_class and function.parameters[:1] == [name]:
            decorators = {one.id for one in function.decorators if isinstance(one, ast.Name)}
            if "classmethod" in decorators:
                yield Value(Kind.CLASS, scope=function.parent)
            elif "staticmethod" not in decorators:
                yield self.instance_of(function.parent, function.parent)
        yield from self.arguments.get((function, name), ())

    def _returned(self, function: Scope) -> Iterator[Value]:
        for node in function.nodes:
            if isinstance(node, ast.Return) and node.value is not None:
                yield from self.of(node.value, function)

    def _bound(self, binding: Binding) -> list[Value]:
        return self._once(binding, partial(self._bound_anew, binding))

    def _once(self, key: object, find: Callable[[], Iterator[Value]]) -> list[Value]:
        """What ``find`` gives: found once, and nothing while it is being sought, since names may go in circles."""
        if key not in self._known:
            if key in self._sought or len(self._sought) > _DEPTH:
                return []
            self._sought.add(key)
            try:
                self._known[key] = [*dict.fromkeys(find())]
            finally:
                self._sought.discard(key)
        return self._known[key]

    def _bound_anew(self, binding: Binding) -> Iterator[Value]:
        value = binding.value
        if isinstance(value, Scope):
            yield Value(Kind.CLASS if value.is_class else Kind.FUNCTION, scope=value)
        elif isinstance(value, str):
            yield from self._imported(tuple(value.split(".")))
        elif binding.how is How.ITERATED:
            yield from self.items(value, binding.scope)
        else:
            yield from self.of(value, binding.scope)

    def _imported(self, name: tuple[str, ...]) -> Iterator[Value]:
        module = self.module(name)
        if module is not None:
            yield Value(Kind.SOURCE, ".".join(module.module_name), module)
            return
        parent = self.module(name[:-1])
        if parent is not None:
            yield from self._member(Value(Kind.SOURCE, scope=parent), name[-1])
        elif any((*place, *name) in self._packages for place in self._plain) and name[0] not in _FOREIGN:
            yield Value(Kind.SOURCE, ".".join(name))
        else:
            yield Value(Kind.EXTERNAL, ".".join(name))

    def _member(self, value: Value, name: str) -> Iterator[Value]:
        match value.kind:
            case Kind.EXTERNAL:
                yield Value(Kind.EXTERNAL, f"{value.name}.{name}")
            case Kind.SOURCE:
                yield from self._of_module(value, name)
            case Kind.CLASS | Kind.INSTANCE if value.scope is not None:
                yield from self._of_class(value.scope, name)
            case kind if kind in OBJECTS:
                yield from self._of_object(value, name)

    def _of_module(self, value: Value, name: str) -> Iterator[Value]:
        module = value.scope
        if module is not None and name in module.bindings:
            for binding in module.bindings[name]:
                yield from self._bound(binding)
            return
        package = module.module_name if module is not None else tuple(value.name.split("."))
        submodule = self.module((*package, name))
        if submodule is not None:
            yield Value(Kind.SOURCE, ".".join(submodule.module_name), submodule)

    def _of_class(self, scope: Scope, name: str) -> Iterator[Value]:
        for ancestor in self.ancestors(scope):
            if isinstance(ancestor, Scope):
                found = [*ancestor.attributes.get(name, ()), *ancestor.bindings.get(name, ())]
                for binding in found:
                    yield from self._bound(binding)
                if found:
                    return

    def _of_object(self, value: Value, name: str) -> Iterator[Value]:
        own = [*self._of_class(value.scope, name)] if value.scope is not None else []
        if own:
            yield from own
        elif value.kind is not Kind.WEBSOCKET and name in {"websocket", "_websocket"}:
            yield Value(Kind.WEBSOCKET, site=value.site)
        else:
            yield Value(Kind.MEMBER, name, of=value)


def _parameters(scope: Scope) -> list[str]:
    if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = scope.node.args
        stars = [one.arg for one in (arguments.vararg, arguments.kwarg) if one is not None]
        return [*scope.parameters, *(one.arg for one in arguments.kwonlyargs), *stars]
    return []


def _alternatives(expression: ast.AST) -> list[ast.expr]:
    """The expressions of which one is what ``expression`` gives."""
    match expression:
        case ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.BoolOp(values=each):
            return each
        case ast.Await(value=inner) | ast.NamedExpr(value=inner) | ast.Starred(value=inner):
            return [inner]
        case ast.Subscript(value=base):  # a slice
            return [base]
    return []


def _is_super(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "super"
