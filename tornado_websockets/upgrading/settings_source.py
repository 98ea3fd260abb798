"""Settings: what ``TORNADO``, ``INSTALLED_APPS`` and ``asgi.py`` say."""

import ast
from collections.abc import Iterable, Iterator

from .findings import Finding
from .reading.scopes import Binding, How, Scope
from .reading.values import Kind, Values

_KEYS = {"port", "address", "handlers", "settings", "ssl"}
_APPS = {"tornado_websockets", "tornado_websockets.apps.TornadoWebSocketsConfig"}
DJANGO_APP = "tornado_websockets.django_app"


def find(modules: Iterable[Scope], values: Values) -> Iterator[Finding]:
    """What is to be done in the settings, and in the module that an ASGI server is given."""
    modules = [*modules]
    settings = [module for module in modules if "INSTALLED_APPS" in module.bindings]
    for module in modules:
        yield from _of_tornado(module, values)
        is_asgi = module.source.path.name == "asgi.py" and "application" in module.bindings
        if is_asgi and not _imports_bridge(module):
            yield module.source.finding(1, "asgi-without-websockets")
    if settings and not any(_has_app(module) for module in modules):
        yield _at_apps(settings[0], "no-app")
    if settings and not any("ASGI_APPLICATION" in module.bindings for module in modules):
        yield _at_apps(settings[0], "no-asgi")


def may_emit_anywhere(modules: Iterable[Scope]) -> bool:
    """Whether some settings turn ``EMIT_ANYWHERE`` on."""
    return any(
        isinstance(key, ast.Constant) and key.value == "EMIT_ANYWHERE" and _is_true(value)
        for module in modules
        for binding in module.bindings.get("TORNADO_WEBSOCKETS", ())
        for key, value in _items(binding.value)
    )


def uncalled_apps(modules: Iterable[Scope], values: Values) -> Iterator[tuple[Scope, ast.expr]]:
    """Every ``django_app`` among Tornado's handlers that is not called."""
    for module in modules:
        for handler in _handlers(module):
            if not isinstance(handler, ast.Call) and _is_django_app(handler, module, values):
                yield module, handler


def _of_tornado(module: Scope, values: Values) -> Iterator[Finding]:
    for _, handler in uncalled_apps([module], values):
        yield module.source.finding(handler.lineno, "django-app-uncalled")
    for handler in _handlers(module):
        if not _is_django_app(handler, module, values):
            yield module.source.finding(handler.lineno, "tornado-handlers")
    for key, value in _tornado(module):
        if isinstance(key, ast.Constant) and key.value not in _KEYS:
            yield module.source.finding(key.lineno, "tornado-key", f"{key.value!r} is unknown")
        if isinstance(key, ast.Constant) and key.value == "settings":
            for inner, _ in _items(value):
                if isinstance(inner, ast.Constant) and inner.value == "websocket_max_message_size":
                    yield module.source.finding(inner.lineno, "large-message", "MAX_MESSAGE_BYTES bounds it now")


def _is_django_app(handler: ast.expr, module: Scope, values: Values) -> bool:
    callee = handler.func if isinstance(handler, ast.Call) else handler
    return any(value.kind is Kind.EXTERNAL and value.name == DJANGO_APP for value in values.of(callee, module))


def _tornado(module: Scope) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """What ``TORNADO`` is made of, and what is put into it afterwards."""
    for binding in module.bindings.get("TORNADO", ()):
        yield from _items(binding.value)
    for node in module.nodes:
        match node:
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="TORNADO"), slice=key)], value=value):
                yield key, value
            case ast.Call(func=ast.Attribute(value=ast.Name(id="TORNADO"), attr="update"), args=given, keywords=more):
                for one in given:
                    yield from _items(one)
                yield from _named(more)


def _handlers(module: Scope) -> Iterator[ast.expr]:
    for key, value in _tornado(module):
        if isinstance(key, ast.Constant) and key.value == "handlers":
            yield from _listed(value, module)
    for node in module.nodes:
        match node:
            case ast.AugAssign(target=target, value=value) if _is_of_handlers(target):
                yield from _listed(value, module)
            case ast.Call(func=ast.Attribute(value=base, attr="append" | "insert"), args=[*_, one]) if _is_of_handlers(
                base
            ):
                yield one
            case ast.Call(func=ast.Attribute(value=base, attr="extend"), args=[several]) if _is_of_handlers(base):
                yield from _listed(several, module)


def _listed(value: ast.expr, module: Scope, seen: tuple[str, ...] = ()) -> Iterator[ast.expr]:
    """The items of a list that is written out, here, under a name, or in parts."""
    match value:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            yield from items
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from _listed(left, module, seen)
            yield from _listed(right, module, seen)
        case ast.Name(id=name) if name not in seen:
            for binding in module.bindings.get(name, ()):
                if isinstance(binding.value, ast.expr):
                    yield from _listed(binding.value, module, (*seen, name))


def _is_of_handlers(node: ast.expr) -> bool:
    match node:
        case ast.Subscript(value=ast.Name(id="TORNADO"), slice=ast.Constant(value="handlers")):
            return True
    return False


def _items(value: object) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """Keys and values of a dict that is written out, in either way."""
    if isinstance(value, ast.Dict):
        yield from zip(value.keys, value.values, strict=True)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        yield from _named(value.keywords)


def _named(keywords: Iterable[ast.keyword]) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    for keyword in keywords:
        if keyword.arg is not None:
            yield ast.copy_location(ast.Constant(keyword.arg), keyword), keyword.value


def _has_app(module: Scope) -> bool:
    """Whether the app is there, or may be: who builds the list by calls knows what is in it."""
    waiting, seen = [*_apps(module)], set()
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Call) or (isinstance(node, ast.Constant) and node.value in _APPS):
                return True
            if isinstance(node, ast.Name) and node.id not in seen:  # INSTALLED_APPS = DJANGO_APPS + OUR_APPS
                seen.add(node.id)
                found = (binding.value for binding in module.bindings.get(node.id, ()))
                waiting.extend(value for value in found if isinstance(value, ast.expr))
    return False


def _apps(module: Scope) -> Iterator[ast.expr]:
    """What a module says of INSTALLED_APPS: as its value, by `+=`, by `append` and the like."""
    for binding in module.bindings.get("INSTALLED_APPS", ()):
        if isinstance(binding.value, ast.expr):
            yield binding.value
    for node in module.nodes:
        match node:
            case ast.AugAssign(target=ast.Name(id="INSTALLED_APPS"), value=value):
                yield value
            case ast.Call(func=ast.Attribute(value=ast.Name(id="INSTALLED_APPS")), args=arguments):
                yield from arguments


def _at_apps(module: Scope, rule: str) -> Finding:
    return module.source.finding(_line(module.bindings["INSTALLED_APPS"][0]), rule)


def _line(binding: Binding) -> int:
    return binding.value.lineno if binding.how is How.ASSIGNED and isinstance(binding.value, ast.expr) else 1


def _imports_bridge(module: Scope) -> bool:
    return any(
        isinstance(binding.value, str) and binding.value.partition(".")[0] in {"channels_bridge", "tornado_websockets"}
        for scope in module.walk()
        for bindings in scope.bindings.values()
        for binding in bindings
    )


def _is_true(value: ast.expr) -> bool:
    return not (isinstance(value, ast.Constant) and not value.value)
