"""``TornadoWrapper``: what is documented of it, in both old spellings."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import tornado.websocket
import websockets
from django.test import override_settings
from django.views.debug import get_default_exception_reporter_filter
from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.routing import AnyMatches, PathMatches, Rule
from tornado.web import Application, RequestHandler, stream_request_body, url

from tests.support.client import Refused
from tests.support.scripts import run_script
from tests.support.sockets import SocketClient
from tests.tornado.application import Raw, serving
from tests.tornado.wrapper import restored_wrapper
from tornado_websockets import django_app
from tornado_websockets.tornadowrapper import TornadoWrapper
from tornado_websockets.websocket import WebSocket
from tornado_websockets.websockethandler import WebSocketHandler

Wrapper = type[TornadoWrapper]

#: For scripts that run where no other test has left anything.
PROJECT = """
import asyncio
import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="x")
django.setup()

from tornado.ioloop import IOLoop
from tornado.web import RequestHandler, url
from tornado.websocket import websocket_connect
from tornado_websockets.tornadowrapper import TornadoWrapper
from tornado_websockets.websocket import WebSocket
"""


class Says(RequestHandler):
    """Says which handler it is."""

    def initialize(self, word: str) -> None:
        self.word = word

    def get(self) -> None:
        self.write(self.word)


@pytest.fixture
def colours_are_secret() -> Iterator[None]:
    """The project has a filter of its own."""
    get_default_exception_reporter_filter.cache_clear()
    with override_settings(DEFAULT_EXCEPTION_REPORTER_FILTER="tests.tornado.filters.Reticent"):
        yield
    get_default_exception_reporter_filter.cache_clear()


def says(path: Any, word: str) -> tuple[Any, ...]:
    return (path, Says, {"word": word})


@pytest.fixture
def wrapper() -> Iterator[Wrapper]:
    """The wrapper; afterwards it is as before."""
    with restored_wrapper() as wrapper:
        yield wrapper


@asynccontextmanager
async def listening(wrapper: Wrapper) -> AsyncIterator[httpx.AsyncClient]:
    """Let a started wrapper listen, and talk to it."""
    wrapper.listen(0, "127.0.0.1")
    server = wrapper.tornado_server
    assert server is not None
    base = f"http://127.0.0.1:{wrapper.tornado_port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            yield client
    finally:
        wrapper.stop()
        await server.close_all_connections()


def others(wrapper: Wrapper) -> list[Any]:
    """The handlers that are no registered WebSocket's."""
    return [handler for handler in wrapper.handlers if handler[1] is not WebSocketHandler]


def test_every_websocket_has_a_handler(wrapper: Wrapper) -> None:
    WebSocket("/tornadowrapper/<int:number>")
    ws = WebSocket("/tornadowrapper")
    assert ("/ws/tornadowrapper", WebSocketHandler, {"websocket": ws}) in wrapper.handlers


def test_its_path_stands_there_unescaped(wrapper: Wrapper) -> None:
    ws = WebSocket("/tornado-wrapper/v1.0")
    assert wrapper.handlers[0] == ("/ws/tornado-wrapper/v1.0", WebSocketHandler, {"websocket": ws})


def test_a_second_websocket_of_a_path_takes_the_place_of_the_first(wrapper: Wrapper) -> None:
    for _ in range(2):
        ws = WebSocket("/tornadowrapper/twice")
    assert [handler[2] for handler in wrapper.handlers if handler[0] == "/ws/tornadowrapper/twice"] == [
        {"websocket": ws}
    ]


def test_one_that_is_not_to_be_added_has_none(wrapper: Wrapper) -> None:
    ws = WebSocket("/tornadowrapper/hidden", add_to_handlers=False)
    assert not [handler for handler in wrapper.handlers if handler[2]["websocket"] is ws]


async def test_its_handlers_work_in_any_application(wrapper: Wrapper) -> None:
    ws = WebSocket("/tornadowrapper/<int:number>")
    async with serving(*wrapper.handlers) as served:
        await served.connect("/ws/tornadowrapper/7")
        assert [socket.kwargs for socket in ws.handlers] == [{"number": 7}]


@pytest.mark.parametrize("spelling", ["add_handlers", "add_handler"])
def test_handlers_are_added_one_at_a_time(wrapper: Wrapper, spelling: str) -> None:
    added = getattr(wrapper, spelling)(says("/a", "a"))
    assert added is wrapper.handlers is wrapper.tornado_handlers
    assert others(wrapper) == [says("/a", "a")]


@pytest.mark.parametrize("kind", [list, tuple])
def test_several_handlers_are_added_at_once(wrapper: Wrapper, kind: Any) -> None:
    wrapper.add_handlers(kind([says("/a", "a"), says("/b", "b")]))
    assert others(wrapper) == [says("/a", "a"), says("/b", "b")]


def test_the_newest_handler_comes_first_and_a_list_keeps_its_order(wrapper: Wrapper) -> None:
    wrapper.add_handlers([says("/b", "b"), says("/a", "a")])
    ws = WebSocket("/tornadowrapper/late")
    wrapper.add_handlers(says("/c", "c"))
    newest = [says("/c", "c"), ("/ws/tornadowrapper/late", WebSocketHandler, {"websocket": ws}), says("/b", "b")]
    assert wrapper.handlers[:4] == [*newest, says("/a", "a")]


async def test_of_two_handlers_for_a_path_the_newest_serves_it(wrapper: Wrapper) -> None:
    wrapper.add_handlers(says("/a", "oldest"))
    wrapper.start_app(handlers=[says("/a", "older"), says("/a", "hidden")])
    async with listening(wrapper) as client:
        assert (await client.get("/a")).text == "older"
        wrapper.add_handlers([says("/a", "newest"), says("/a", "hidden")])
        assert (await client.get("/a")).text == "newest"


async def test_exact_paths_come_before_patterns_in_any_application(wrapper: Wrapper) -> None:
    exact, pattern = WebSocket("/tornadowrapper/7"), WebSocket("/tornadowrapper/<int:number>")
    async with serving(*wrapper.handlers) as served:
        await served.connect("/ws/tornadowrapper/7")
        assert (len(exact.handlers), len(pattern.handlers)) == (1, 0)


@pytest.mark.parametrize("catch_all", [".*", "/.*", "(.*)", "/(.*)", ".*$", PathMatches(".*"), AnyMatches()])
def test_a_catch_all_comes_last(wrapper: Wrapper, catch_all: Any) -> None:
    wrapper.add_handlers([says(catch_all, "any"), says("/a", "a")])
    wrapper.add_handlers(says("/b", "b"))
    assert [handler[2]["word"] for handler in others(wrapper)] == ["b", "a", "any"]


@pytest.mark.parametrize("thing", [None, "x", 1, {"/a": Says}, [1], [("/a",)], [says("/a", "a"), "x"], (Says, "/a")])
def test_other_things_are_no_handlers(wrapper: Wrapper, thing: Any) -> None:
    before = list(wrapper.handlers)
    with pytest.raises(TypeError, match="got"):
        wrapper.add_handlers(thing)
    assert wrapper.handlers == before


@pytest.mark.parametrize("method", ["add_handlers", "start_app"])
def test_django_app_may_be_given_uncalled_with_a_warning(wrapper: Wrapper, method: str) -> None:
    with pytest.warns(DeprecationWarning, match=r"write django_app\(\)") as warned:
        getattr(wrapper, method)([says("/a", "a"), django_app])
    assert [warning.filename for warning in warned] == [__file__]
    path, handler, _ = others(wrapper)[-1]
    assert (path, handler.__name__) == (".*", "DjangoHandler")


def test_setting_either_name_of_an_attribute_sets_both(wrapper: Wrapper) -> None:
    wrapper.app = Application()
    assert wrapper.tornado_app is wrapper.app
    wrapper.tornado_handlers = []
    assert wrapper.handlers == []


async def test_app_is_reset_with_none(wrapper: Wrapper) -> None:
    wrapper.start_app()
    before = wrapper.app
    wrapper.app = None
    with pytest.raises(TypeError, match="There is no Tornado application yet"):
        wrapper.listen(0)
    wrapper.start_app()
    assert isinstance(wrapper.app, Application)
    assert wrapper.app is not before


def test_the_port_is_0_before_it_listens() -> None:
    assert run_script(f"{PROJECT}\nTornadoWrapper.start_app()\nprint(repr(TornadoWrapper.tornado_port))") == "0\n"


async def test_start_app_takes_the_older_names(wrapper: Wrapper) -> None:
    wrapper.start_app(tornado_handlers=[says("/a", "a")], tornado_settings={"debug": False, "mine": 1})
    assert isinstance(wrapper.tornado_app, Application)
    assert wrapper.tornado_app is wrapper.app
    assert wrapper.tornado_app.settings["mine"] == 1
    assert others(wrapper) == [says("/a", "a")]


async def test_start_app_takes_the_later_names(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[says("/a", "a")], settings={"mine": 1})
    assert wrapper.tornado_app is not None
    assert wrapper.tornado_app.settings["mine"] == 1
    assert others(wrapper) == [says("/a", "a")]


async def test_start_app_takes_both_by_position(wrapper: Wrapper) -> None:
    wrapper.start_app([says("/a", "a")], {"mine": 1})
    assert wrapper.tornado_app is not None
    assert wrapper.tornado_app.settings["mine"] == 1


async def test_start_app_takes_nothing(wrapper: Wrapper) -> None:
    wrapper.start_app()
    assert isinstance(wrapper.tornado_app, Application)


async def test_peers_that_have_vanished_are_noticed_unless_the_settings_say_otherwise(wrapper: Wrapper) -> None:
    wrapper.start_app()
    assert wrapper.app is not None
    assert wrapper.app.settings["websocket_ping_interval"] == 20
    wrapper.start_app(settings={"websocket_ping_interval": 0})
    assert wrapper.app.settings["websocket_ping_interval"] == 0


@pytest.mark.parametrize("thing", ["", 0, {}, says, "x"])
def test_start_app_takes_no_other_handlers(wrapper: Wrapper, thing: Any) -> None:
    with pytest.raises(TypeError, match="Expected"):
        wrapper.start_app(thing)


@pytest.mark.parametrize("thing", [[], "", 0, "debug", [("debug", True)]])
def test_start_app_takes_no_other_settings(wrapper: Wrapper, thing: Any) -> None:
    with pytest.raises(TypeError, match="Expected the settings as a dict, got"):
        wrapper.start_app(None, thing)


def test_listen_comes_after_start_app(wrapper: Wrapper) -> None:
    wrapper.tornado_app = None
    with pytest.raises(TypeError, match=r"call TornadoWrapper\.start_app\(\) before listen\(\)"):
        wrapper.listen(0)


@pytest.mark.parametrize("port", ["8000", None, 80.5])
async def test_a_port_is_an_int(wrapper: Wrapper, port: Any) -> None:
    wrapper.start_app()
    with pytest.raises(TypeError, match="Expected the port as an int, got"):
        wrapper.listen(port)


async def test_listen_knows_server_and_port(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[says("/a", "a")])
    async with listening(wrapper) as client:
        assert isinstance(wrapper.tornado_server, HTTPServer)
        assert wrapper.tornado_server is wrapper.server
        assert wrapper.tornado_port
        assert (await client.get("/a")).text == "a"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Tornado leaves a socket behind
async def test_a_port_that_is_taken_is_an_os_error(wrapper: Wrapper) -> None:
    wrapper.start_app()
    async with listening(wrapper):
        server, port = wrapper.tornado_server, wrapper.tornado_port
        assert port is not None
        with pytest.raises(OSError, match="in use"):
            wrapper.listen(port, "127.0.0.1")
        assert wrapper.tornado_server is server


async def test_stop_takes_no_more_connections(wrapper: Wrapper) -> None:
    wrapper.start_app()
    async with listening(wrapper):
        wrapper.stop()
        with pytest.raises(OSError, match="Connect call failed"):
            await SocketClient.connect(f"ws://127.0.0.1:{wrapper.tornado_port}/", {})


async def test_handlers_of_every_form_are_served(wrapper: Wrapper) -> None:
    handlers = [
        says("/tuple", "tuple"),
        list(says("/list", "list")),
        says(PathMatches("/matcher"), "matcher"),
        Rule(PathMatches("/rule"), Says, {"word": "rule"}),
        url("/url", Says, {"word": "url"}, name="url"),
    ]
    wrapper.start_app(handlers=handlers)
    async with listening(wrapper) as client:
        for word in ("tuple", "list", "matcher", "rule", "url"):
            assert (await client.get(f"/{word}")).text == word


async def test_handlers_added_after_the_start_are_served_before_the_catch_all(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[says(".*", "any"), url("/a", Says, {"word": "a"}, name="a")])
    async with listening(wrapper) as client:
        assert (await client.get("/late")).text == "any"
        wrapper.add_handlers(says("/late", "late"))
        assert (await client.get("/late")).text == "late"
        assert (await client.get("/a")).text == "a"
        assert (await client.get("/else")).text == "any"


async def test_handlers_added_after_the_start_leave_static_files_alone(wrapper: Wrapper, tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello", encoding="ascii")
    wrapper.start_app(handlers=[says(".*", "any")], settings={"static_path": str(tmp_path)})
    async with listening(wrapper) as client:
        wrapper.add_handlers(says("/late", "late"))
        assert (await client.get("/static/hello.txt")).text == "hello"


async def test_websockets_are_served_whenever_they_were_made(wrapper: Wrapper) -> None:
    before = WebSocket("/tornadowrapper/before")
    wrapper.start_app(handlers=[says(".*", "any")])
    between = WebSocket("/tornadowrapper/between")
    async with listening(wrapper):
        after = WebSocket("/tornadowrapper/after/<int:number>")
        for path in ("before", "between", "after/7"):
            client = await SocketClient.connect(f"ws://127.0.0.1:{wrapper.tornado_port}/ws/tornadowrapper/{path}", {})
            await client.settle()
            await client.close()
    served = [handler[2]["websocket"] for handler in wrapper.handlers if handler[1] is WebSocketHandler]
    assert {before, between, after} <= set(served)


async def test_a_websocket_can_be_mounted_by_hand(wrapper: Wrapper) -> None:
    ws = WebSocket("/by-hand", add_to_handlers=False)
    wrapper.start_app(handlers=[("/by-hand", WebSocketHandler, {"websocket": ws})])
    async with listening(wrapper):
        client = await SocketClient.connect(f"ws://127.0.0.1:{wrapper.tornado_port}/by-hand", {})
        await client.settle()
        await client.close()


async def test_a_users_handler_does_not_hide_ours(wrapper: Wrapper) -> None:
    WebSocket("/tornadowrapper/hidden-not")
    wrapper.start_app(handlers=[says("/ws/.*", "hiding"), django_app()])
    async with listening(wrapper):
        client = await SocketClient.connect(f"ws://127.0.0.1:{wrapper.tornado_port}/ws/tornadowrapper/hidden-not", {})
        await client.settle()
        await client.close()


@pytest.mark.parametrize("path", ["/nowhere", "/ws/nowhere", "/ws/tornadowrapper/7/8"])
async def test_a_handshake_that_nobody_takes_is_refused(
    wrapper: Wrapper, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrapper.start_app(handlers=[django_app()])
    async with listening(wrapper):
        with pytest.raises(Refused) as refused:
            await SocketClient.connect(f"ws://127.0.0.1:{wrapper.tornado_port}{path}", {})
    assert refused.value.status == 403
    assert f"Refused a connection to {path!r}: there is no WebSocket" in caplog.text


async def test_a_users_handler_may_take_a_handshake(wrapper: Wrapper) -> None:
    class Echo(tornado.websocket.WebSocketHandler):
        def on_message(self, message: str | bytes) -> None:
            self.write_message(message)

    wrapper.start_app(handlers=[django_app()])
    async with listening(wrapper):
        wrapper.add_handlers(("/ws/echo", Echo))
        async with websockets.connect(f"ws://127.0.0.1:{wrapper.tornado_port}/ws/echo", proxy=None) as client:
            await client.send("hello")
            assert await client.recv() == "hello"


# What it takes from whoever connects.


class Size(RequestHandler):
    """Answers with the length of the body, which it has in memory."""

    def post(self) -> None:
        self.write(str(len(self.request.body)))


@stream_request_body
class StreamedSize(RequestHandler):
    """The same of a body that it never has as a whole, and with a limit of its own."""

    def prepare(self) -> None:
        assert isinstance(self.request.connection, HTTP1Connection)
        self.request.connection.set_max_body_size(5_000_000)
        self.size = 0

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def post(self) -> None:
        self.write(str(self.size))


async def sent(wrapper: Wrapper, path: str, length: int, body: bytes) -> int:
    """The status of what a body is answered with that says it is so long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", wrapper.tornado_port)
    client = Raw(reader, writer)
    client.ask(path, {"Host": "127.0.0.1", "Content-Length": str(length)}, "POST")
    writer.write(body)
    try:
        return await client.status()
    finally:
        client.abort()


async def test_a_body_in_memory_is_as_long_as_django_lets_one_be(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[("/size", Size)])
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1_000):
        async with listening(wrapper):
            assert await sent(wrapper, "/size", 1_000, b"x" * 1_000) == 200
            assert await sent(wrapper, "/size", 1_001, b"") == 400


async def test_without_that_limit_of_djangos_it_is_as_long_as_ours(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[("/size", Size)])
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=None, TORNADO_WEBSOCKETS={"MAX_BODY_BYTES": 4_000_000}):
        async with listening(wrapper):
            assert await sent(wrapper, "/size", 4_000_000, b"x" * 4_000_000) == 200
            assert await sent(wrapper, "/size", 4_000_001, b"") == 400


async def test_a_handler_that_streams_has_a_limit_of_its_own(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[("/size", StreamedSize)])
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1_000):
        async with listening(wrapper):
            assert await sent(wrapper, "/size", 5_000_000, b"x" * 5_000_000) == 200
            assert await sent(wrapper, "/size", 5_000_001, b"") == 400


async def test_what_django_may_have_in_memory_does_not_bound_what_it_streams(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[django_app()])
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1_000):
        async with listening(wrapper):
            assert await sent(wrapper, "/nowhere", 5_000_000, b"x" * 5_000_000) == 404


async def test_a_body_below_ws_is_for_a_handler_that_takes_that_path(wrapper: Wrapper) -> None:
    wrapper.start_app(handlers=[("/ws/size", Size), django_app()])
    async with listening(wrapper):
        assert await sent(wrapper, "/ws/size", 3, b"abc") == 200
        assert await sent(wrapper, "/ws/nowhere", 3, b"abc") == 413


async def test_heads_and_bodies_may_take_their_time_but_not_for_ever(wrapper: Wrapper) -> None:
    wrapper.start_app()
    async with listening(wrapper):
        assert wrapper.server is not None
        times = wrapper.server.conn_params
        assert (times.header_timeout, times.body_timeout) == (75, 1800)


@pytest.mark.parametrize("name", ["idle_connection_timeout", "body_timeout"])
async def test_the_settings_say_how_long(wrapper: Wrapper, name: str) -> None:
    wrapper.start_app(handlers=[django_app()], settings={name: 0.2})
    async with listening(wrapper):
        reader, writer = await asyncio.open_connection("127.0.0.1", wrapper.tornado_port)
        if name == "body_timeout":
            Raw(reader, writer).ask("/", {"Host": "127.0.0.1", "Content-Length": "10"}, "POST")
        writer.write(b"x")
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_what_a_stranger_asks_for_does_not_fill_the_access_log(
    wrapper: Wrapper, caplog: pytest.LogCaptureFixture
) -> None:
    wrapper.start_app(handlers=[says("/a", "a")])
    async with listening(wrapper) as client:
        await client.get("/" + "x" * 15_000)
        await client.request("M" * 15_000, "/a")
    lines = [record.getMessage() for record in caplog.records if record.name == "tornado.access"]
    assert len(lines) == 2
    assert all(len(line) < 700 for line in lines), lines


async def test_the_settings_may_log_requests_themselves(wrapper: Wrapper, caplog: pytest.LogCaptureFixture) -> None:
    logged: list[RequestHandler] = []
    wrapper.start_app(handlers=[says("/a", "a")], settings={"log_function": logged.append})
    async with listening(wrapper) as client:
        await client.get("/nowhere")
    assert [handler.request.path for handler in logged] == ["/nowhere"]
    assert "tornado.access" not in {record.name for record in caplog.records}


# What it prints.


def test_loop_prints_address_handlers_and_settings() -> None:
    script = """
    WebSocket("/chat")
    WebSocket("/room/<slug:room>")
    TornadoWrapper.start_app(
        handlers=[("/a.*", RequestHandler), url("/b", RequestHandler, name="b")],
        settings={"debug": False, "cookie_secret": "hush", "xsrf_cookies": True},
    )
    TornadoWrapper.listen(0, "127.0.0.1")
    IOLoop.current().call_later(0.01, IOLoop.current().stop)
    TornadoWrapper.loop()
    print(TornadoWrapper.tornado_port)
    """
    *lines, port = run_script(PROJECT + _dedent(script)).splitlines()
    assert lines == [
        f"Tornado serves on http://127.0.0.1:{port}",
        "  handler   /a.* -> RequestHandler",
        "  handler   /b$ -> RequestHandler",
        "  handler   /ws/room/<slug:room> -> WebSocketHandler",
        "  handler   /ws/chat -> WebSocketHandler",
        "  setting   cookie_secret = ...",
        "  setting   debug = False",
        "  setting   websocket_ping_interval = 20",
        "  setting   xsrf_cookies = True",
    ]


@pytest.mark.parametrize("name", ["api_key", "db_password", "TOKEN", "Signature", "cookie_secret", "authorization"])
def test_loop_prints_no_secrets(wrapper: Wrapper, name: str) -> None:
    wrapper.start_app(settings={name: "hush", "oauth": [{name: "hush"}], "inner": {"a": ({name: "hush", "b": 1},)}})
    printed = wrapper._description()
    assert "hush" not in printed
    assert f"  setting   {name} = ..." in printed.splitlines()
    assert "'b': 1" in printed


@pytest.mark.usefixtures("colours_are_secret")
def test_the_project_may_say_what_is_secret(wrapper: Wrapper) -> None:
    wrapper.start_app(settings={"colour": "hush", "token": "loud"})
    printed = wrapper._description()
    assert "  setting   colour = ..." in printed
    assert "  setting   token = 'loud'" in printed


def test_without_an_address_all_of_them_are_listened_on() -> None:
    script = """
    TornadoWrapper.start_app()
    TornadoWrapper.listen(0)
    IOLoop.current().call_later(0.01, IOLoop.current().stop)
    TornadoWrapper.loop()
    print(TornadoWrapper.tornado_port)
    """
    first, *_, port = run_script(PROJECT + _dedent(script)).splitlines()
    assert f"http://0.0.0.0:{port}" in first


def test_loop_runs_in_any_thread() -> None:
    script = """
    import logging
    import sys
    import threading

    logging.basicConfig(stream=sys.stdout)

    def serve():
        TornadoWrapper.start_app()
        TornadoWrapper.listen(0, "127.0.0.1")
        IOLoop.current().call_later(0.01, IOLoop.current().stop)
        TornadoWrapper.loop()
        IOLoop.current().close()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    """
    output = run_script(PROJECT + _dedent(script))
    assert output.startswith("Tornado serves on")
    assert "Traceback" not in output


def test_a_handler_that_does_not_end_does_not_hold_up_a_stop() -> None:
    script = """
    import logging
    import os
    import signal
    import socket
    import sys
    from tornado.web import stream_request_body

    @stream_request_body
    class Stuck(RequestHandler):
        async def prepare(self):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    logging.basicConfig(stream=sys.stdout)
    TornadoWrapper.start_app([("/stuck", Stuck)])
    TornadoWrapper.listen(0, "127.0.0.1")
    client = socket.create_connection(("127.0.0.1", TornadoWrapper.tornado_port))
    client.sendall(b"GET /stuck HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n")
    TornadoWrapper.loop()
    """
    began = time.monotonic()
    output = run_script(PROJECT + _dedent(script))
    assert time.monotonic() - began < 10
    assert "Stopping, although requests are still being handled" in output


def _dedent(script: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in script.splitlines())
