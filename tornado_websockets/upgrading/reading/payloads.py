"""Payloads: what kind of thing is emitted, where that can be told from how it is written."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .scopes import How, Scope
from .values import Kind, Values

_LISTS = {"list", "tuple", "set", "frozenset", "sorted", "range", "map", "filter", "zip", "reversed", "enumerate"}
_NUMBERS = {"int", "float", "len", "sum", "round", "abs", "bool", "ord", "hash"}
_TEXTS = {"str", "repr", "unicode", "format", "chr"}
_LIST_METHODS = {"split", "splitlines", "readlines"}
_TEXT_FUNCTIONS = {"dumps", "strftime", "render_to_string"}
_TEXT_METHODS = {"format", "join", "upper", "lower", "strip", "title", "isoformat"}
_NOT_FINITE = {"math.nan", "math.inf", "numpy.nan", "numpy.inf"}
_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something cannot be emitted as it was."""

    rule: str
    detail: str


def trouble_with(data: ast.expr, scope: Scope, values: Values, *, is_socket: bool) -> Trouble | None:
    """What is wrong with ``data``, if anything is.

    :param is_socket: whether it goes to one client, which got strings as they were.
    """
    kinds = {*_kinds(data, scope, 0)}
    if not is_socket and _is_empty(data):
        return None  # then as now it is sent as {}
    if len(kinds) == 1:
        kind = kinds.pop()
        if kind == "text" and is_socket:
            return Trouble("emit-text", "")
        if kind in {"a list", "a number"}:
            return Trouble("emit-data", f"it is {kind}")
    if any(_is_not_finite(node, scope, values) for node in ast.walk(data)):
        return Trouble("emit-data", "it holds NaN or an infinity")
    return None


def _kinds(expression: ast.expr, scope: Scope, depth: int) -> Iterator[str]:
    """Every kind that ``expression`` may be of; ``"unknown"`` for what cannot be told."""
    match expression:
        case ast.List() | ast.Tuple() | ast.Set() | ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            yield "a list"
        case ast.Constant(value=str()) | ast.JoinedStr():
            yield "text"
        case ast.Constant(value=int() | float()) | ast.Compare() | ast.UnaryOp():
            yield "a number"
        case ast.BinOp(left=left, right=right):
            found = {*_kinds(left, scope, depth + 1)} if depth < _DEPTH else {"unknown"}
            other = {*_kinds(right, scope, depth + 1)} if depth < _DEPTH else {"unknown"}
            is_format = isinstance(expression.op, ast.Mod) and found == {"text"}
            yield from found if is_format or found == other else {"unknown"}
        case ast.IfExp(body=one, orelse=other) if depth < _DEPTH:
            yield from _kinds(one, scope, depth + 1)
            yield from _kinds(other, scope, depth + 1)
        case ast.Call(func=ast.Name(id=name)):
            kinds = {"a list": _LISTS, "a number": _NUMBERS, "text": _TEXTS}
            yield next((kind for kind, names in kinds.items() if name in names), "unknown")
        case ast.Call(func=ast.Attribute(value=base, attr=name)):
            is_text = name in _TEXT_METHODS and (depth >= _DEPTH or {*_kinds(base, scope, depth + 1)} == {"text"})
            is_count = name == "count" and not expression.args  # of a QuerySet; others take what they count
            is_text = is_text or name in _TEXT_FUNCTIONS
            yield "a list" if name in _LIST_METHODS else "a number" if is_count else "text" if is_text else "unknown"
        case ast.Name(id=name) if depth < _DEPTH:
            yield from _kinds_of_name(name, scope, depth)
        case _:
            yield "unknown"


def _kinds_of_name(name: str, scope: Scope, depth: int) -> Iterator[str]:
    here: Scope | None = scope
    while here is not None and name not in here.bindings:
        if name in here.parameters:
            here = None
            break
        here = here.parent
    if here is None or name in here.parameters:
        yield "unknown"
        return
    for binding in here.bindings[name]:
        if binding.how is How.ASSIGNED and isinstance(binding.value, ast.expr):
            yield from _kinds(binding.value, binding.scope, depth + 1)
        else:
            yield "unknown"


def _is_empty(data: ast.expr) -> bool:
    match data:
        case ast.List(elts=[]) | ast.Constant(value="" | None):
            return True
    return False


def _is_not_finite(node: ast.AST, scope: Scope, values: Values) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as text)]):
            return text.strip().lower().lstrip("+-") in {"nan", "inf", "infinity"}
        case ast.Attribute(attr="nan" | "inf"):
            return any(one.kind is Kind.EXTERNAL and one.name in _NOT_FINITE for one in values.of(node, scope))
    return False
