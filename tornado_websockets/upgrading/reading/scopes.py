"""Scopes: which names the modules, classes and functions of a project bind, and to what."""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..project import SourceFile

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class How(Enum):
    """How a name came by its value."""

    ASSIGNED = "assigned"  # the value of an expression
    ITERATED = "iterated"  # an item of what an expression gives
    IMPORTED = "imported"  # a dotted name
    DEFINED = "defined"  # a function or class


@dataclass(frozen=True, slots=True)
class Binding:
    """One way a name gets a value, and the scope in which that is to be understood."""

    how: How
    value: ast.expr | str | Scope
    scope: Scope


@dataclass(eq=False)
class Scope:
    """A module, a class or a function.

    :ivar nodes: what stands in it, without what stands in the functions and classes within.
    :ivar attributes: of a class: what its methods assign to ``self``.
    """

    source: SourceFile
    node: ast.Module | ast.ClassDef | FunctionNode
    parent: Scope | None
    module_name: tuple[str, ...]
    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    attributes: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    nodes: list[ast.AST] = field(default_factory=list)
    children: list[Scope] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "" if isinstance(self.node, ast.Module) else self.node.name

    @property
    def line(self) -> int:
        """Where its definition begins, below its decorators."""
        return 1 if isinstance(self.node, ast.Module) else self.node.lineno

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, FunctionNode)

    @property
    def is_class(self) -> bool:
        return isinstance(self.node, ast.ClassDef)

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def decorators(self) -> list[ast.expr]:
        return [] if isinstance(self.node, ast.Module) else self.node.decorator_list

    @cached_property
    def module(self) -> Scope:
        return self if self.parent is None else self.parent.module

    @cached_property
    def owner(self) -> Scope | None:
        """The class whose method this is, or is within."""
        if self.parent is None or self.is_class:
            return None
        return self.parent if self.parent.is_class else self.parent.owner

    @cached_property
    def parameters(self) -> list[str]:
        """The names of those that can be given by place."""
        if not isinstance(self.node, FunctionNode):
            return []
        return [argument.arg for argument in (*self.node.args.posonlyargs, *self.node.args.args)]

    @property
    def methods(self) -> Iterator[Scope]:
        return (child for child in self.children if child.is_function)

    def walk(self) -> Iterator[Scope]:
        """It, and all within."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(source: SourceFile) -> Scope | str:
    """The scope of a module, with all within; or why Python 3 cannot read it."""
    if source.trouble:
        return source.trouble
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the project's escapes and comparisons: not our affair
            tree = ast.parse(source.text)
        module = Scope(source, tree, None, _dotted(source))
        _fill(module)
    except SyntaxError as error:
        return f"line {error.lineno or 1} is not Python 3: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"Python cannot read it: {type(error).__name__}"
    return module


def _dotted(source: SourceFile) -> tuple[str, ...]:
    parts = source.path.with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _fill(scope: Scope) -> None:
    """Read what stands in ``scope``, then in what it defines."""
    stack: list[ast.AST] = [*reversed(_body(scope.node))]
    target = {name: scope.module for node in _body(scope.node) for name in _globals(node)}
    while stack:
        node = stack.pop()
        scope.nodes.append(node)
        if isinstance(node, FunctionNode | ast.ClassDef):
            child = Scope(scope.source, node, scope, scope.module_name)
            scope.children.append(child)
            scope.bindings[node.name].append(Binding(How.DEFINED, child, scope))
            stack.extend(reversed([*node.decorator_list, *_outer(node)]))
            continue
        for name, binding in _bound(node, scope):
            target.get(name, scope).bindings[name].append(binding)
        stack.extend(reversed([*ast.iter_child_nodes(node)]))
    for child in scope.children:
        _fill(child)


def _body(node: ast.Module | ast.ClassDef | FunctionNode) -> list[ast.stmt]:
    return node.body


def _globals(node: ast.stmt) -> list[str]:
    return [name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names]


def _outer(node: FunctionNode | ast.ClassDef) -> list[ast.expr]:
    """What of a definition is evaluated outside of it."""
    if isinstance(node, ast.ClassDef):
        return [*node.bases, *(keyword.value for keyword in node.keywords)]
    return [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]


def _bound(node: ast.AST, scope: Scope) -> Iterator[tuple[str, Binding]]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                name = alias.asname or alias.name.partition(".")[0]
                yield name, Binding(How.IMPORTED, alias.name if alias.asname else name, scope)
        case ast.ImportFrom(names=names):
            base = imported_module(node, scope)
            for alias in names:
                yield alias.asname or alias.name, Binding(How.IMPORTED, ".".join([*base, alias.name]), scope)
        case ast.Assign(targets=targets, value=value):
            yield from _assigned(targets, value, scope)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield from _assigned([target], value, scope)
        case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
            yield from _names(target, Binding(How.ITERATED, value, scope))
        case ast.comprehension(target=target, iter=value):
            yield from _names(target, Binding(How.ITERATED, value, scope))
        case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
            yield name, Binding(How.ASSIGNED, value, scope)


def imported_module(node: ast.ImportFrom, scope: Scope) -> tuple[str, ...]:
    """The absolute name of the module that something is imported from."""
    module = tuple(node.module.split(".")) if node.module else ()
    if not node.level:
        return module
    is_package = scope.source.path.name == "__init__.py"
    package = scope.module_name if is_package else scope.module_name[:-1]
    above = len(package) - (node.level - 1)
    return (*package[: max(above, 0)], *module)


def _assigned(targets: Iterable[ast.expr], value: ast.expr, scope: Scope) -> Iterator[tuple[str, Binding]]:
    for target in targets:
        match target, value:
            case ast.Name(id=name), _:
                yield name, Binding(How.ASSIGNED, value, scope)
            case ast.Attribute(value=ast.Name(id="self"), attr=name), _ if scope.owner is not None:
                scope.owner.attributes[name].append(Binding(How.ASSIGNED, value, scope))
            case ((ast.Tuple(elts=parts) | ast.List(elts=parts)), (ast.Tuple(elts=values) | ast.List(elts=values))):
                for part, item in zip(parts, values, strict=False):
                    yield from _assigned([part], item, scope)


def _names(target: ast.expr, binding: Binding) -> Iterator[tuple[str, Binding]]:
    if isinstance(target, ast.Name):
        yield target.id, binding
