"""Which way imports run, what they load, and how much is in one place."""

import ast
import functools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.scripts import ROOT, run_script

PACKAGES = ("tornado_websockets", "channels_bridge")
CORE = "tornado_websockets.core"

#: The side of Tornado, which a process that serves through ASGI never loads.
TORNADO = {
    "tornado_websockets.tornado_bridge.accepting",
    "tornado_websockets.tornado_bridge.accesslog",
    "tornado_websockets.tornado_bridge.bodies",
    "tornado_websockets.tornado_bridge.reading",
    "tornado_websockets.tornado_bridge.protocol",
    "tornado_websockets.tornado_bridge.routing",
    "tornado_websockets.tornado_bridge.stopping",
    "tornado_websockets.tornado_bridge.transport",
    "tornado_websockets.tornado_bridge.server",
    "tornado_websockets.tornado_bridge.handler",
    "tornado_websockets.tornado_bridge.wsgi",
}
#: What starts it, and its names of old.
STARTERS = {
    "tornado_websockets.management.commands.runtornado",
    "tornado_websockets.tornadowrapper",
    "tornado_websockets.websockethandler",
}
#: Where functions import it, at last.
TORNADO_WHEN_CALLED = {"tornado_websockets.exceptions"}


@dataclass(frozen=True)
class Import:
    """One module that another imports.

    ``function`` is the dotted name of the function it does so in, "" when that happens with its own import;
    ``is_for_types`` says that only type checkers see it.
    """

    source: str
    target: str
    function: str
    is_for_types: bool = False


@cache
def modules() -> dict[str, Path]:
    """Every module of both packages."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths}
    return {name: path for path, name in names.items()}


@cache
def imports() -> list[Import]:
    """All of their imports, but for those that only type checkers see."""
    return [found for found in every_import() if not found.is_for_types]


@cache
def every_import() -> list[Import]:
    """All of their imports."""
    return [found for name, path in modules().items() for found in imports_of(name, path)]


def imports_of(name: str, path: Path) -> Iterator[Import]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]

    def visit(node: ast.AST, function: str, is_for_types: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            is_for_types = True
        if isinstance(node, ast.Import):
            yield from (Import(name, alias.name, function, is_for_types) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (Import(name, target, function, is_for_types) for target in targets(node, package))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            function = f"{function}.{node.name}".removeprefix(".")
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function, is_for_types)

    for found in visit(ast.parse(path.read_text()), "", False):
        in_class_body = found.function.rpartition(".")[2][:1].isupper()
        yield replace(found, function="") if in_class_body else found


def targets(node: ast.ImportFrom, package: str) -> Iterator[str]:
    base = node.module or ""
    if node.level:
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parents, *([node.module] if node.module else [])])
    for alias in node.names:  # "from package import module" imports the module, too
        yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules() else base


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def of(package: str) -> list[Import]:
    """What other modules import of ``package``."""
    return [found for found in imports() if is_in(found.target, package)]


class TestTheReadingOfImports:
    """What is found here must be found, or the tests below could not fail."""

    @pytest.mark.parametrize(
        "expected",
        [
            Import("tornado_websockets.core.connections.endpoint", "tornado_websockets.core.delivery.hub", ""),
            Import("tornado_websockets.core.connections.connection", "tornado_websockets.exceptions", ""),
            Import("tornado_websockets.websocket", "tornado_websockets.core.registry", ""),
            Import("tornado_websockets.exceptions", "tornado.websocket", "raise_connection_closed"),
            Import("tornado_websockets.tornado_bridge.handler", "tornado.websocket", ""),
            Import("channels_bridge.consumers", "channels.layers", ""),
            Import("channels_bridge.consumers", "channels_bridge.transports.known", ""),
            Import("channels_bridge.consumers", "tornado_websockets.serving.handshake", ""),
        ],
        ids=str,
    )
    def test_finds(self, expected):
        assert expected in imports()

    def test_tells_what_only_type_checkers_see(self):
        expected = Import(
            "tornado_websockets.core.delivery.hub", "tornado_websockets.core.delivery.publisher", "", True
        )
        assert expected in every_import()
        assert replace(expected, is_for_types=False) not in every_import()


def test_the_core_imports_only_itself_asgiref_and_the_exceptions():
    strangers = [
        found
        for found in imports()
        if is_in(found.source, CORE)
        and not is_in(found.target, CORE)
        and found.target != "tornado_websockets.exceptions"
        and found.target.partition(".")[0] not in {*sys.stdlib_module_names, "annotationlib", "asgiref"}
    ]
    assert strangers == []


def test_the_exceptions_import_nothing_of_the_package():
    assert [
        found for found in imports() if found.source.endswith(".exceptions") and is_in(found.target, PACKAGES[0])
    ] == []


def test_the_bridge_imports_the_package_and_never_the_reverse():
    doors = {
        (found.source, found.function) for found in of("channels_bridge") if not is_in(found.source, "channels_bridge")
    }
    assert doors == {
        ("tornado_websockets.apps", "TornadoWebSocketsConfig.ready"),
        ("tornado_websockets.websocket", "WebSocket.consumer"),
        ("tornado_websockets.websocket", "WebSocket.route"),
    }


def test_channels_is_imported_by_the_bridge_only():
    assert {found.source.partition(".")[0] for found in of("channels")} == {"channels_bridge"}


def test_tornado_is_imported_by_its_own_side_only():
    assert {found.source for found in of("tornado") if not found.function} == TORNADO


def test_tornado_is_imported_elsewhere_only_when_it_is_needed():
    assert {found.source for found in of("tornado") if found.function} - TORNADO == TORNADO_WHEN_CALLED


def test_the_side_of_tornado_is_imported_by_nobody_else():
    imported = {found.source for found in imports() if found.target in TORNADO and not found.function}
    assert imported <= TORNADO | STARTERS


#: Rooms of the core, each of which imports those before it only.
ROOMS = ["protocol", "handlers", "delivery", "recovery", "conversation", "connections"]


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_the_core_import_one_way(room):
    later = ROOMS[ROOMS.index(room) + 1 :]
    wrong = [
        found
        for found in every_import()
        if is_in(found.source, f"{CORE}.{room}") and any(is_in(found.target, f"{CORE}.{other}") for other in later)
    ]
    assert wrong == []


#: The properties by which a WebSocket is the doorway to what serves it.
DOORS = {"WebSocket.consumer", "WebSocket.route"}


def test_there_are_no_cycles_not_even_of_types():
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for found in every_import():
        is_door = found.source == "tornado_websockets.websocket" and found.function in DOORS
        if found.target in graph and found.target != found.source and not is_door:
            graph[found.source].add(found.target)
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules())


def test_no_folder_is_crowded():
    folders = Counter(path.parent for path in modules().values() if path.name != "__init__.py")
    assert {str(folder): count for folder, count in folders.items() if count > 12} == {}


@pytest.mark.parametrize("room", sorted(name for name, path in modules().items() if path.name == "__init__.py"))
def test_a_room_says_what_it_is_about(room):
    first, *_ = (ast.get_docstring(ast.parse(modules()[room].read_text())) or "").splitlines() or [""]
    assert first.endswith((".", "?"))


@pytest.mark.parametrize("module", sorted(name for name in modules() if is_in(name, CORE)))
def test_a_module_of_the_core_loads_no_framework(module):
    assert loaded_by(module) & {"django", "tornado", "channels", "twisted"} == set()


@pytest.mark.parametrize(
    "module",
    [
        "tornado_websockets",
        "tornado_websockets.exceptions",
        "tornado_websockets.modules",
        "tornado_websockets.websocket",
    ],
)
def test_what_applications_import_loads_no_server(module):
    assert loaded_by(module) & {"tornado", "channels", "twisted", "channels_bridge"} == set()


def test_the_import_of_a_websocket_loads_little_more_than_the_settings_of_django():
    """What serves it, and the half of Django that this needs, come with the first one that is made."""
    loaded = modules_loaded_by("tornado_websockets.websocket")
    heavy = {
        "django.apps",
        "django.core.checks",
        "django.db",
        "django.http",
        "django.template",
        "django.utils.timezone",
    }
    assert loaded & heavy == set()
    assert len([name for name in loaded if name.startswith("tornado_websockets")]) < 10


def loaded_by(module: str) -> set[str]:
    """The packages that are loaded when ``module`` is."""
    return {name.partition(".")[0] for name in modules_loaded_by(module)}


@functools.cache
def modules_loaded_by(module: str) -> set[str]:
    """The modules that are loaded when ``module`` is."""
    loaded = set(run_script(f"import sys\nimport {module}\nprint(*sys.modules)").split())
    assert module in loaded
    return loaded


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_long_module_says_why(name):
    assert lines(modules()[name]) <= 350 or "long" in docstring(modules()[name])


def test_most_functions_are_short():
    lengths = [
        (node.end_lineno or 0) - node.lineno + 1
        for path in modules().values()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    assert sum(length <= 25 for length in lengths) >= 0.9 * len(lengths)
