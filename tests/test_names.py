"""The names and members that applications import and use."""

import importlib
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer

import tornado_websockets
from channels_bridge.routing import websocket_urlpatterns
from tests.support.scripts import ROOT, run_script
from tests.support.transports import in_process
from tornado_websockets import exceptions
from tornado_websockets.websocket import WebSocket

_paths = iter(range(1_000_000))


@pytest.fixture
def path() -> str:
    return f"/names/{next(_paths)}"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("tornado_websockets.websocket", "WebSocket"),
        ("tornado_websockets.exceptions", "TornadoWebSocketsError"),
        ("tornado_websockets.exceptions", "EmitHandlerError"),
        ("tornado_websockets.exceptions", "InvalidInstanceError"),
        ("tornado_websockets.exceptions", "NotCallableError"),
        ("tornado_websockets.exceptions", "WebSocketEventAlreadyBinded"),
        ("tornado_websockets.exceptions", "PublishError"),
        ("tornado_websockets.exceptions", "Refused"),
        ("tornado_websockets.exceptions", "RequestRefused"),
        ("tornado_websockets.exceptions", "AlreadyRunning"),
        ("tornado_websockets.exceptions", "Cancelled"),
        ("tornado_websockets.signals", "connected"),
        ("tornado_websockets.signals", "disconnected"),
        ("tornado_websockets.signals", "event_handled"),
        ("tornado_websockets.signals", "event_refused"),
        ("tornado_websockets.schema", "Type"),
        ("tornado_websockets.schema", "invalid"),
        ("tornado_websockets.schema", "register"),
        ("tornado_websockets", "Socket"),
        ("tornado_websockets", "__version__"),
        ("tornado_websockets", "__version_info__"),
        ("channels_bridge.routing", "websocket_urlpatterns"),
        ("channels_bridge.asgi", "websocket_application"),
    ],
)
def test_name_can_be_imported(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


def test_version_is_that_of_the_distribution_and_its_parts() -> None:
    assert tornado_websockets.__version__ == metadata.version("django-tornado-websockets-channels")
    assert ".".join(tornado_websockets.__version_info__) == tornado_websockets.__version__


def test_version_costs_nothing_until_it_is_asked_for() -> None:
    script = """
    import sys
    import tornado_websockets
    before = "importlib.metadata" in sys.modules
    tornado_websockets.__version__
    print(before, "importlib.metadata" in sys.modules)
    """
    assert run_script(script) == "False True\n"


def test_a_copy_that_was_never_installed_has_a_version_too(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tornado_websockets", tmp_path / "tornado_websockets")
    script = """
    import sys
    sys.path = [path for path in sys.path if "-packages" not in path]
    import tornado_websockets
    print(tornado_websockets.__version_info__)
    """
    assert run_script(script, directory=tmp_path) == "('0',)\n"


@pytest.mark.parametrize(
    ("error", "attributes", "bases"),
    [
        (exceptions.EmitHandlerError("event", "/path"), {"event": "event", "path": "/path"}, ()),
        (exceptions.WebSocketEventAlreadyBinded("event", "/path"), {"event": "event", "path": "/path"}, (NameError,)),
        (exceptions.NotCallableError("thing"), {"thing": "thing"}, ()),
        (
            exceptions.InvalidInstanceError("instance", "a.Name"),
            {"actual_instance": "instance", "expected_instance_name": "a.Name"},
            (TypeError,),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_exception_has_its_arguments_and_bases(
    error: Exception, attributes: dict[str, str], bases: tuple[type, ...]
) -> None:
    assert vars(error) == attributes
    assert isinstance(error, (exceptions.TornadoWebSocketsError, *bases))
    assert all(isinstance(error, base) for base in bases)


def test_websocket_has_its_members(path: str) -> None:
    ws = WebSocket(path)
    assert ws.path == path
    assert dict(ws.events) == {}
    assert ws.handlers == []
    assert ws.context is None
    assert all(callable(getattr(ws, name)) for name in ("on", "on_event", "emit", "bind", "publish", "apublish"))


def test_path_gets_a_leading_slash(path: str) -> None:
    assert WebSocket(path.removeprefix("/")).path == path


def test_events_are_the_registered_callbacks(path: str) -> None:
    ws = WebSocket(path)

    @ws.on
    def happens() -> None: ...

    assert dict(ws.events) == {"happens": happens}


def test_on_returns_the_callback_unchanged(path: str) -> None:
    def happens() -> None: ...

    assert WebSocket(path).on(happens) is happens


def test_name_registered_twice_is_refused(path: str) -> None:
    ws = WebSocket(path)

    def happens() -> None: ...

    ws.on(happens)
    with pytest.raises(exceptions.WebSocketEventAlreadyBinded) as refusal:
        ws.on(happens)
    assert (refusal.value.event, refusal.value.path) == ("happens", path)


@pytest.mark.parametrize("thing", ["happens", None, 1, {}], ids=repr)
def test_what_is_not_callable_can_not_be_registered(path: str, thing: Any) -> None:
    with pytest.raises(exceptions.NotCallableError) as refusal:
        WebSocket(path).on(thing)
    assert refusal.value.thing is thing


def test_parameter_that_nothing_can_fill_is_refused_at_registration(path: str) -> None:
    def happens(socket: object, somebody: object) -> None: ...

    with pytest.raises(TypeError, match="somebody"):
        WebSocket(path).on(happens)


def test_parameter_of_the_path_is_filled_only_on_that_path(path: str) -> None:
    def happens(room: str) -> None: ...

    WebSocket(path + "/<slug:room>").on(happens)
    with pytest.raises(TypeError, match="room"):
        WebSocket(path).on(happens)


class Inspected:
    """A callable that counts how often its signature is asked for."""

    __name__ = "inspected"

    def __init__(self) -> None:
        self.inspected = 0

    def __call__(self) -> None: ...

    def __getattribute__(self, name: str) -> Any:
        if name == "__signature__":
            self.inspected += 1
        return super().__getattribute__(name)


async def test_signature_is_read_once_at_registration(path: str) -> None:
    callback = Inspected()
    ws = WebSocket(path)
    ws.on(callback)
    read = callback.inspected
    async with in_process().visit() as way:
        client = await way.connect(path)
        for _ in range(3):
            assert await client.request("inspected") == {}
    assert read > 0
    assert callback.inspected == read


def test_websocket_shows_up_in_the_live_list_once(path: str) -> None:
    patterns = websocket_urlpatterns
    ws = WebSocket(path)
    assert patterns.count(ws.route) == 1
    assert ws.route.resolve(f"ws{path}").func is ws.route.callback


def test_websocket_that_is_not_to_be_added_stays_out_of_the_list(path: str) -> None:
    assert WebSocket(path, add_to_handlers=False).route not in websocket_urlpatterns


def test_path_with_a_parameter_is_routed_with_its_converter(path: str) -> None:
    route = WebSocket(path + "/<int:number>").route
    assert route.resolve(f"ws{path}/7").kwargs == {"number": 7}
    assert route.resolve(f"ws{path}/seven") is None


def test_consumer_is_a_class_of_its_own_named_after_the_path(path: str) -> None:
    first, second = WebSocket("/some/chat-room", False), WebSocket(path, False)
    assert issubclass(first.consumer, AsyncWebsocketConsumer)
    assert first.consumer is first.consumer
    assert first.consumer is not second.consumer
    assert first.consumer.__name__ == "SomeChatRoomConsumer"


def test_group_names_are_valid_and_differ(path: str) -> None:
    names = {WebSocket(text, False).group_name for text in ("/a", "/a/b", "/a_b", "/a.b", "/é", "/a" * 99, "/a" * 98)}
    assert len(names) == 7
    assert all(len(name) < 100 and name.replace("-", "").replace("_", "").replace(".", "").isalnum() for name in names)
