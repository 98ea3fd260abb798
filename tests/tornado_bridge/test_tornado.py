"""What we touch of Tornado, and of Django beside it, that is documented nowhere: each name, and what it means.

When a release changes one of them, the test of its name fails here, and says which.
"""

import asyncio
import inspect
import socket
import threading
from typing import Any

import pytest
from django.template import Engine
from django.template.loaders.cached import Loader as CachedLoader
from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.ioloop import IOLoop
from tornado.iostream import BaseIOStream, IOStream
from tornado.routing import AnyMatches, PathMatches, Rule
from tornado.web import Application, FallbackHandler, RequestHandler
from tornado.websocket import WebSocketHandler, WebSocketProtocol13, _WebSocketParams
from tornado.wsgi import WSGIContainer


class Stream:
    """Reads bytes that are there already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def read_bytes(self, count: int) -> bytes:
        read, self._content = self._content[:count], self._content[count:]
        return read


class Listener:
    """Takes the messages that are read."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def on_message(self, message: str) -> None:
        self.messages.append(message)


def protocol(content: bytes = b"") -> Any:
    """Tornado's own, which reads ``content``."""
    made: Any = WebSocketProtocol13(Listener(), False, _WebSocketParams(max_message_size=100))  # type: ignore[arg-type]
    made.stream = Stream(content)
    return made


def request(path: str = "/", **headers: str) -> HTTPServerRequest:
    return HTTPServerRequest(
        start_line=RequestStartLine("GET", path, "HTTP/1.1"), headers=HTTPHeaders({"Host": "x", **headers})
    )


class Context:
    """The connection of a request that no server has."""

    remote_ip = "127.0.0.1"
    protocol = "http"

    def set_close_callback(self, callback: Any) -> None:
        pass


def handler(kind: type[RequestHandler], **headers: str) -> Any:
    """One of that kind, for a request of its own."""
    asked = request(**headers)
    asked.connection = Context()  # type: ignore[assignment]
    return kind(Application(), asked)


FRAGMENTS = b"\x01\x02he" + b"\x80\x03llo"


async def test_receive_frame_reads_one_frame() -> None:
    reading = protocol(b"\x81\x02hi" + b"\x81\x02yo")
    await reading._receive_frame()
    assert reading.handler.messages == ["hi"]


async def test_receive_frame_is_what_the_loop_calls() -> None:
    class Once(WebSocketProtocol13):
        async def _receive_frame(self) -> None:
            calls.append(self)
            self.client_terminated = True

    class Handler(Listener):
        def on_ws_connection_close(self, code: int | None, reason: str | None) -> None:
            pass

    calls: list[Once] = []
    once = Once(Handler(), False, _WebSocketParams())  # type: ignore[arg-type]
    await once._receive_frame_loop()
    assert calls == [once]  # and client_terminated has ended the loop


async def test_open_is_called_between_start_pinging_and_the_loop() -> None:
    class Told(WebSocketProtocol13):
        def start_pinging(self) -> None:
            calls.append(f"start_pinging {self.stream is not None}")

        async def _receive_frame_loop(self) -> None:
            calls.append("loop")

    class Opening(WebSocketHandler):
        def finish(self, chunk: Any = None) -> Any:
            calls.append(f"finish {self.get_status()}")

        def _detach_stream(self) -> Any:
            return Stream(b"")

        async def open(self) -> None:  # type: ignore[override]
            await asyncio.sleep(0)
            calls.append("open")

    calls: list[str] = []
    opening = handler(Opening, **{"Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"})
    opening.open_args, opening.open_kwargs = (), {}
    await Told(opening, False, _WebSocketParams()).accept_connection(opening)
    assert calls == ["finish 101", "start_pinging True", "open", "loop"]


async def test_fragmented_message_buffer_is_there_between_fragments() -> None:
    reading = protocol(FRAGMENTS)
    assert reading._fragmented_message_buffer is None
    await reading._receive_frame()
    assert reading._fragmented_message_buffer == b"he"
    await reading._receive_frame()
    assert reading._fragmented_message_buffer is None
    assert reading.handler.messages == ["hello"]


async def test_wire_bytes_in_grows_when_a_frame_begins() -> None:
    class Pending(Stream):
        async def read_bytes(self, count: int) -> bytes:
            await here.wait()
            return await super().read_bytes(count)

    here, reading = asyncio.Event(), protocol()
    reading.stream = Pending(b"\x81\x02hi")
    receiving = asyncio.create_task(reading._receive_frame())
    await asyncio.sleep(0)
    assert reading._wire_bytes_in == 0
    here.set()
    await receiving
    assert reading._wire_bytes_in == 4


def test_client_terminated_is_false_at_first() -> None:
    assert protocol().client_terminated is False


async def test_nothing_is_handled_once_client_terminated_is_set() -> None:
    reading = protocol(b"\x81\x02hi")
    reading.client_terminated = True
    await reading._receive_frame()
    assert reading.handler.messages == []


def test_protocol_has_what_it_was_made_with() -> None:
    made = protocol()
    assert made.mask_outgoing is False
    assert made.params.max_message_size == 100


def test_is_closing_once_the_server_has_terminated() -> None:
    class Closed(Stream):
        def closed(self) -> bool:
            return False

    made = protocol()
    made.stream = Closed(b"")
    assert made.is_closing() is False
    made.server_terminated = True
    assert made.is_closing() is True


async def test_get_websocket_protocol_gives_that_of_version_13() -> None:
    headers = {"Sec-WebSocket-Version": "13"}
    assert isinstance(handler(WebSocketHandler, **headers).get_websocket_protocol(), WebSocketProtocol13)
    assert handler(WebSocketHandler).get_websocket_protocol() is None


async def test_ws_connection_is_none_before_the_handshake() -> None:
    assert handler(WebSocketHandler).ws_connection is None


async def test_check_cross_origin_gives_a_reason_or_none() -> None:
    if not hasattr(WebSocketHandler, "_check_cross_origin"):
        pytest.skip("Tornado before 6.6 asks check_origin itself.")
    asking = handler(WebSocketHandler, Origin="http://elsewhere.example")
    assert asking._check_cross_origin(lambda origin: origin == "http://elsewhere.example") is None
    assert isinstance(asking._check_cross_origin(lambda _: False), str)


def test_get_asks_check_cross_origin() -> None:
    is_asked = "_check_cross_origin(self.check_origin)" in inspect.getsource(WebSocketHandler.get)
    assert is_asked is hasattr(WebSocketHandler, "_check_cross_origin")


def test_wildcard_router_has_the_rules_of_the_application_in_order() -> None:
    application = Application([("/a", RequestHandler), ("/b", RequestHandler)])
    rules = application.wildcard_router.rules
    application.wildcard_router.add_rules([("/c", RequestHandler)])
    assert application.wildcard_router.rules is rules
    patterns = [rule.matcher.regex.pattern for rule in rules if isinstance(rule.matcher, PathMatches)]
    assert patterns == ["/a$", "/b$", "/c$"]


def test_rule_has_matcher_and_target() -> None:
    matcher = AnyMatches()
    rule = Rule(matcher, RequestHandler)
    assert (rule.matcher, rule.target) == (matcher, RequestHandler)


def test_wsgi_container_makes_the_environment_by_a_method_of_its_own() -> None:
    def application(*_: Any) -> list[bytes]:
        return []

    container = WSGIContainer(application)
    asked = request("/a?b=c")
    asked.connection = Context()  # type: ignore[assignment]
    environment = container.environ(asked)
    assert (environment["PATH_INFO"], environment["QUERY_STRING"]) == ("/a", "b=c")
    assert container.wsgi_application is application
    assert hasattr(container.executor, "submit")


async def test_fallback_handler_gives_the_request_to_its_fallback() -> None:
    asked = request()
    asked.connection = Context()  # type: ignore[assignment]
    given: list[HTTPServerRequest] = []
    made = FallbackHandler(Application(), asked, fallback=given.append)
    assert made.fallback == given.append
    made.prepare()
    assert given == [asked]


def test_http1_connection_has_a_stream_and_a_limit_that_can_be_set() -> None:
    assert next(iter(inspect.signature(HTTP1Connection).parameters)) == "stream"
    assert list(inspect.signature(HTTP1Connection.set_max_body_size).parameters) == ["self", "max_body_size"]


def test_stream_tells_whether_it_is_writing() -> None:
    assert list(inspect.signature(BaseIOStream.writing).parameters) == ["self"]


async def test_stream_writes_to_its_socket() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        stream = IOStream(ours)
        assert stream.write_to_fd(memoryview(b"hi")) == 2
        assert theirs.recv(10) == b"hi"
        with pytest.raises(BlockingIOError):
            _fill(stream)
        stream.close()


def _fill(stream: IOStream) -> None:
    while True:
        stream.write_to_fd(memoryview(b"x" * 1_000_000))


def test_current_loop_is_made_for_what_asyncio_calls_the_loop_of_the_thread() -> None:
    def look() -> None:
        asyncio.set_event_loop(loop)
        found.append(IOLoop.current())
        asyncio.set_event_loop(None)

    loop = asyncio.new_event_loop()
    found: list[Any] = []
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found[0].asyncio_loop is loop
    found[0].close()


def test_engine_has_its_loaders_in_a_list_that_can_be_set() -> None:
    engine = Engine(debug=True)
    [cached] = engine.template_loaders
    assert isinstance(cached, CachedLoader)
    assert len(cached.loaders) == 1
    engine.template_loaders = cached.loaders
    assert [loader for loader in engine.template_loaders if isinstance(loader, CachedLoader)] == []
