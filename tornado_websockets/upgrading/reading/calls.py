"""Calls: which functions of a project are handlers, and which run inside of handlers only."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from .scopes import Scope
from .values import Kind, Value, Values

#: Rounds of following arguments from call to call; each goes one call further.
_ROUNDS = 5
_SPEAKERS = {Kind.WEBSOCKET, Kind.MODULE, Kind.BAR}
#: What runs of a class when an object is made of it, or soon after.
_RUN_BY_MAKING = {"__init__", "__call__", "run", "initialize"}


@dataclass(frozen=True, slots=True)
class Registration:
    """A function that is registered as a handler.

    :ivar event: by which clients call it.
    :ivar target: what it is registered on.
    :ivar scope: of the function.
    """

    event: str
    target: Value
    scope: Scope
    line: int


class Calls:
    """Who calls whom.

    :ivar registrations: every handler.
    :ivar has_unknown: whether something is registered of which the name cannot be told.
    """

    def __init__(self, values: Values, modules: Iterable[Scope]) -> None:
        self.values = values
        self.scopes = [scope for module in modules for scope in module.walk()]
        self.registrations: list[Registration] = []
        self.has_unknown = False
        self._methods = self._unique_methods()
        for _ in range(_ROUNDS):
            before = self._size()
            self.values.start_over()
            self._register()
            self._follow_arguments()
            if self._size() == before:
                break
        self.handlers = {registration.scope for registration in self.registrations}
        self._callees = self._find_callees()
        self._inside = self._reach(self.handlers, set())
        self._outside = self._reach(self._entries(), self.handlers)

    def runs_outside(self, scope: Scope) -> bool:
        """Whether what stands in ``scope`` may run outside of handlers."""
        return scope not in self.handlers and (scope in self._outside or scope not in self._inside)

    def runs_inside(self, scope: Scope) -> bool:
        """Whether it may run inside of a handler."""
        return scope in self._inside

    def _size(self) -> int:
        return len(self.registrations) + sum(map(len, self.values.arguments.values()))

    def _register(self) -> None:
        for scope in self.scopes:
            for decorator in scope.decorators if scope.is_function else ():
                call = decorator if isinstance(decorator, ast.Call) else None
                for value in self.values.of(call.func if call else decorator, scope.parent or scope):
                    self._register_one(value, scope, call)
            for node in scope.nodes:
                if isinstance(node, ast.Call):
                    self._register_call(node, scope)

    def _register_call(self, call: ast.Call, scope: Scope) -> None:
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "on" or not call.args:
            return
        for value in self.values.of(call.func, scope):
            if value.kind is Kind.MEMBER and value.of is not None and value.of.kind in _SPEAKERS:
                functions = [one for one in self.values.of(call.args[0], scope) if one.kind is Kind.FUNCTION]
                self.has_unknown |= not functions
                for function in functions:
                    registered = function.scope or scope
                    self._add(Registration(registered.name, value.of, registered, call.lineno))

    def _register_one(self, value: Value, scope: Scope, call: ast.Call | None) -> None:
        if value.kind is not Kind.MEMBER or value.of is None or value.of.kind not in _SPEAKERS:
            return
        if value.name == "on" and call is None:
            self._add(Registration(scope.name, value.of, scope, scope.line))
        elif value.name == "on_event" and call is not None:
            name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else "*"
            self.has_unknown |= name == "*"
            self._add(Registration(str(name), value.of, scope, scope.line))

    def _add(self, registration: Registration) -> None:
        if registration in self.registrations:
            return
        self.registrations.append(registration)
        if "socket" in registration.scope.parameters:
            self._give(registration.scope, "socket", Value(Kind.CONNECTION))

    def _give(self, function: Scope, parameter: str, value: Value) -> None:
        known = self.values.arguments[function, parameter]
        if value not in known:
            known.append(value)

    def _follow_arguments(self) -> None:
        for scope in self.scopes:
            for node in scope.nodes:
                if isinstance(node, ast.Call):
                    for function, arguments, keywords in self._given_to(node, scope):
                        self._give_all(function, arguments, keywords, scope)

    def _given_to(self, call: ast.Call, scope: Scope) -> Iterator[tuple[Scope, list[ast.expr], dict[str, ast.expr]]]:
        """The functions that a call runs, now or later, and what it gives them."""
        keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
        for function in self._functions(call.func, scope):
            yield function, call.args, keywords
        for place, argument in enumerate(call.args):
            for function in self._functions(argument, scope):
                yield function, call.args[place + 1 :], {}
        if "target" in keywords:  # of threading.Thread
            given = keywords.get("args")
            for function in self._functions(keywords["target"], scope):
                yield function, given.elts if isinstance(given, ast.Tuple | ast.List) else [], {}

    def _functions(self, expression: ast.expr, scope: Scope) -> Iterator[Scope]:
        if not isinstance(expression, ast.Name | ast.Attribute):
            return
        for value in self.values.of(expression, scope):
            if value.kind is Kind.FUNCTION and value.scope is not None:
                yield value.scope
            elif value.kind is Kind.CLASS and value.scope is not None:
                for ancestor in self.values.ancestors(value.scope):
                    methods = ancestor.methods if isinstance(ancestor, Scope) else ()
                    yield from (method for method in methods if method.name == "__init__")

    def _give_all(
        self, function: Scope, arguments: list[ast.expr], keywords: dict[str, ast.expr], scope: Scope
    ) -> None:
        is_method = function.parent is not None and function.parent.is_class
        parameters = function.parameters[1:] if is_method else function.parameters
        pairs = [*zip(parameters, arguments, strict=False)]
        pairs += [(name, value) for name, value in keywords.items() if name in function.parameters]
        for name, expression in pairs:
            for value in self.values.of(expression, scope):
                self._give(function, name, value)

    def _find_callees(self) -> dict[Scope, set[Scope]]:
        callees: dict[Scope, set[Scope]] = defaultdict(set)
        for scope in self.scopes:
            for node in scope.nodes:
                if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                    callees[scope].update(self._run_by(node, scope))
        return callees

    def _run_by(self, node: ast.Name | ast.Attribute, scope: Scope) -> Iterator[Scope]:
        """What may run because ``node`` names it."""
        found = self.values.of(node, scope)
        for value in found:
            if value.scope is not None and value.kind is Kind.FUNCTION:
                yield value.scope
            elif value.scope is not None and value.kind is Kind.CLASS:
                for ancestor in self.values.ancestors(value.scope):
                    methods = ancestor.methods if isinstance(ancestor, Scope) else ()
                    yield from (method for method in methods if method.name in _RUN_BY_MAKING)
        if isinstance(node, ast.Attribute) and all(value.kind is Kind.MEMBER for value in found):
            method = self._methods.get(node.attr)
            if method is not None and all(one.kind is Kind.MEMBER for one in self.values.of(node.value, scope)):
                yield method

    def _unique_methods(self) -> dict[str, Scope]:
        """Methods of which there is one of that name: whatever the object is, that one is meant."""
        methods = [method for scope in self.scopes if scope.is_class for method in scope.methods]
        counts = Counter(method.name for method in methods)
        return {method.name: method for method in methods if counts[method.name] == 1}

    def _entries(self) -> set[Scope]:
        """Where something other than a handler begins: modules, and functions that nobody in the project calls."""
        called = {callee for caller, callees in self._callees.items() for callee in callees if callee is not caller}
        return {
            scope
            for scope in self.scopes
            if not _is_test(scope.source.path) and scope not in self.handlers and scope not in called
        }

    def _reach(self, start: Iterable[Scope], barrier: set[Scope]) -> set[Scope]:
        reached: set[Scope] = set()
        waiting = [*start]
        while waiting:
            scope = waiting.pop()
            if scope not in reached:
                reached.add(scope)
                waiting.extend(callee for callee in self._callees[scope] if callee not in barrier)
        return reached


def _is_test(path: PurePosixPath) -> bool:
    return path.name.startswith(("test_", "tests.")) or bool({"test", "tests"} & set(path.parts))
