"""``manage.py runtornado``: where and what it serves, why it does not, and how it ends."""

import asyncio
import gc
import os
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from tests.support.process import PYTHON, Process, free_port
from tests.support.sockets import SocketClient
from tests.tornado.application import HANDSHAKE, Raw
from tests.tornado.certificates import make_certificate
from tests.tornado.old_project import VIEWS, write_old_project
from tests.tornado.server import TornadoServer, refuse, running, tornado
from tests.tornado.wrapper import restored_wrapper

#: Seconds within which clients are told that the server stops.
TOLD = 3.0

#: Seconds within which it has ended if it waits for nobody; those it waits for get five.
AT_ONCE = 4.0

HAS_IPV6 = Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").stat().st_size >= 0

MEGABYTE = 1_000_000


async def says_hello(url: str, **options: Any) -> bool:
    async with httpx.AsyncClient(trust_env=False, **options) as client:
        return (await client.get(f"{url}/hello")).text == "Hello you"


async def test_a_port_is_served_on_all_addresses(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, tornado(), arguments=[str(port)]) as server:
        assert f"http://0.0.0.0:{port}" in server.urls
        assert await says_hello(f"http://127.0.0.1:{port}")


async def test_an_address_and_a_port_are_served(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, arguments=[f"127.0.0.1:{port}"]) as server:
        assert server.urls == [f"http://127.0.0.1:{port}"]
        assert await says_hello(server.urls[0])


@pytest.mark.skipif(not HAS_IPV6, reason="Expected a machine with IPv6.")
async def test_an_address_of_ipv6_is_served(tmp_path: Path) -> None:
    with running(tmp_path, arguments=["[::1]:0"]) as server:
        assert server.urls == [f"http://[::1]:{server.port}"]
        assert await says_hello(server.urls[0])
        client = await SocketClient.connect(f"ws://[::1]:{server.port}/ws/wire", {})
        await client.settle()
        await client.close()


async def test_the_settings_say_where(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, tornado(port=port, address="127.0.0.1"), arguments=()) as server:
        assert server.urls == [f"http://127.0.0.1:{port}"]
        assert await says_hello(server.urls[0])


async def test_the_command_line_comes_first(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, tornado(port=1, address="127.0.0.1"), arguments=[str(port)]) as server:
        assert server.urls == [f"http://127.0.0.1:{port}"]


async def test_the_settings_of_tornado_are_taken(tmp_path: Path) -> None:
    with running(tmp_path, tornado(settings={"websocket_max_message_size": 100})) as server:
        client = await server.connect("/wire")
        await client.send("x" * 101)
        assert (await client.closed())[0] == 1009


async def test_without_handlers_it_serves_django_and_websockets(tmp_path: Path) -> None:
    with running(tmp_path, tornado()) as server:
        assert await says_hello(server.urls[0])
        client = await server.connect("/in-views")
        await client.emit("echo", {"a": 1})
        assert await client.expect("echo") == {"a": 1}
        await client.close()


async def test_with_a_certificate_it_serves_https_and_wss(tmp_path: Path) -> None:
    certfile, keyfile = make_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=certfile)
    with running(tmp_path, tornado(ssl={"certfile": str(certfile), "keyfile": str(keyfile)})) as server:
        assert server.urls == [f"https://127.0.0.1:{server.port}"]
        assert await says_hello(server.urls[0], verify=trust)
        client = await SocketClient.connect(f"wss://127.0.0.1:{server.port}/ws/wire", {}, ssl=trust)
        await client.emit("echo", {"x": "x" * 500_000})
        assert await client.expect("echo") == {"x": "x" * 500_000}
        await client.close()


async def test_certificate_and_key_may_be_in_one_file(tmp_path: Path) -> None:
    certfile, keyfile = make_certificate(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(certfile.read_bytes() + keyfile.read_bytes())
    with running(tmp_path, tornado(ssl={"certfile": str(both)})) as server:
        assert await says_hello(server.urls[0], verify=ssl.create_default_context(cafile=certfile))


async def test_while_debug_is_on_static_files_are_served(tmp_path: Path) -> None:
    with running(tmp_path, {"TEST_DEBUG": "1"}) as server:
        assert (await server.request("/static/tornado/hello.txt")).text == "a static file\n"


async def test_while_debug_is_off_they_are_not(tmp_path: Path) -> None:
    with running(tmp_path) as server, pytest.raises(httpx.HTTPStatusError, match="404"):
        await server.request("/static/tornado/hello.txt")


def refused(*arguments: str, **configuration: object) -> str:
    """What it says, with these settings, instead of starting."""
    with override_settings(TORNADO=configuration), pytest.raises(CommandError) as error:
        call_command("runtornado", *arguments)
    return str(error.value)


@pytest.mark.parametrize("thing", [[], "8000", None])
def test_settings_are_a_dict(thing: object) -> None:
    with override_settings(TORNADO=thing), pytest.raises(CommandError, match="expected a dict such as TORNADO"):
        call_command("runtornado", "8000")


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that somebody listens on, on all addresses."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        yield listener.getsockname()[1]


def said_of(*arguments: str, **options: Any) -> tuple[str, str]:
    """Where it would listen, if nobody did, and what it writes to stderr."""
    written, message = StringIO(), ""
    with restored_wrapper():
        try:
            call_command("runtornado", *arguments, stderr=written, **options)
        except CommandError as error:
            message = str(error)
    gc.collect()  # the socket below, in this test
    return message, written.getvalue()


#: Tornado leaves a socket behind where an address is taken.
LEAVES_A_SOCKET = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.parametrize("configuration", [None, {}, {"address": "0.0.0.0"}], ids=["none", "empty", "without a port"])
@LEAVES_A_SOCKET
def test_the_port_is_8000_unless_it_is_named(configuration: dict[str, object] | None) -> None:
    with ExitStack() as stack:
        if configuration is not None:
            stack.enter_context(override_settings(TORNADO=configuration))
        with suppress(OSError):  # another process may have it
            stack.enter_context(socket.create_server(("0.0.0.0", 8000)))
        message, _ = said_of()
    assert message.startswith("Cannot listen on ")
    assert "port 8000: something else does already" in message


@LEAVES_A_SOCKET
def test_call_command_takes_the_port_by_name(busy_port: int) -> None:
    with override_settings(TORNADO={"port": 1}):
        assert f"Cannot listen on port {busy_port}: something else does" in said_of(port=busy_port)[0]


@LEAVES_A_SOCKET
def test_unknown_settings_are_ignored_and_named_on_stderr(busy_port: int) -> None:
    with override_settings(TORNADO={"port": busy_port, "prot": 8000, "handler": []}):
        message, written = said_of()
    assert f"Cannot listen on port {busy_port}" in message
    assert written == (
        "settings.TORNADO has the unknown keys 'handler', 'prot', which do nothing; "
        "its keys are: address, handlers, port, settings, ssl.\n"
    )


@pytest.mark.parametrize("port", [None, "80", True, -1, 65_536, 80.5])
def test_a_port_that_is_none_is_named(port: object) -> None:
    assert f"settings.TORNADO['port'], got {port!r}" in refused(port=port)


@pytest.mark.parametrize("argument", ["port", "1:2:3", "::1:8000", "[::1]", "localhost", ":8000", "8000 ", "²"])
def test_an_argument_that_is_no_port_is_named(argument: str) -> None:
    assert refused(argument) == f"Expected PORT or ADDRESS:PORT, got {argument!r}."


def test_a_port_of_the_command_line_is_checked() -> None:
    assert "got 65536" in refused("65536")


@pytest.mark.parametrize("files", [[], "own.pem", {}, {"keyfile": "x"}, {"certfile": "x", "ca": "y"}, {"certfile": 1}])
def test_ssl_settings_of_another_form_are_named(files: object) -> None:
    assert "expected {'certfile': ..., 'keyfile': ...}, paths of PEM files" in refused("0", ssl=files)


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "none.crt")
    assert refused("0", ssl={"certfile": path}) == f"settings.TORNADO['ssl'] names {path!r}, which is not a file."


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    certfile, keyfile = make_certificate(tmp_path)
    keyfile.unlink()
    message = refused("0", ssl={"certfile": str(certfile), "keyfile": str(keyfile)})
    assert message == f"settings.TORNADO['ssl'] names {str(keyfile)!r}, which is not a file."


@pytest.mark.parametrize("which", [0, 1])
def test_a_certificate_or_key_that_is_none_is_refused(tmp_path: Path, which: int) -> None:
    files = make_certificate(tmp_path)
    files[which].write_text("no PEM", encoding="ascii")
    message = refused("0", ssl={"certfile": str(files[0]), "keyfile": str(files[1])})
    assert "The certificate or key of settings.TORNADO['ssl'] cannot be used" in message


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    certfile, _ = make_certificate(tmp_path)
    _, keyfile = make_certificate(tmp_path, "other")
    message = refused("0", ssl={"certfile": str(certfile), "keyfile": str(keyfile)})
    assert "The certificate or key of settings.TORNADO['ssl'] cannot be used" in message


@pytest.mark.parametrize("configuration", [{"handlers": "x"}, {"handlers": [1]}, {"settings": ["debug"]}])
def test_handlers_and_settings_that_are_none_are_named(configuration: dict[str, object]) -> None:
    assert "settings.TORNADO cannot be used: Expected" in refused("0", **configuration)


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        message = refuse({}, f"127.0.0.1:{server.port}")
    assert message == (
        f"CommandError: Cannot listen on 127.0.0.1, port {server.port}: something else does already. "
        "Choose another: manage.py runtornado PORT."
    )


def test_an_address_that_is_none_is_named() -> None:
    assert refuse({}, "256.256.256.256:0").startswith("CommandError: Cannot listen on 256.256.256.256, port 0: ")


# Old settings.


@pytest.fixture(scope="module")
def old_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the project that :func:`old_server` serves."""
    return tmp_path_factory.mktemp("old")


@pytest.fixture(scope="module")
def old_server(old_directory: Path) -> Iterator[TornadoServer]:
    with running(old_directory, write_old_project(old_directory), arguments=()) as server:
        yield server


async def greet(port: int) -> Any:
    """What the WebSocket of the old project says."""
    client = await SocketClient.connect(f"ws://127.0.0.1:{port}/ws/old", {"Origin": f"http://127.0.0.1:{port}"})
    await client.emit("greet")
    greeting = await client.expect("greeted")
    await client.close()
    return greeting


async def test_old_settings_serve_pages(old_server: TornadoServer) -> None:
    assert (await old_server.request("/")).text == "the old page"


async def test_old_settings_serve_static_files(old_server: TornadoServer) -> None:
    assert (await old_server.request("/static/hello.txt")).text == "an old file"


async def test_old_settings_serve_websockets_that_are_made_in_views(old_server: TornadoServer) -> None:
    assert await greet(old_server.port) == {"message": "Hello", "version": 1}


async def test_old_settings_may_name_django_app_without_calling_it(tmp_path: Path, old_project: dict[str, str]) -> None:
    settings = tmp_path / "old" / "settings.py"
    settings.write_text(settings.read_text(encoding="utf-8").replace("django_app()", "django_app"), encoding="utf-8")
    with running(tmp_path, old_project, arguments=()) as server:
        assert (await server.request("/")).text == "the old page"
        assert (await server.request("/static/hello.txt")).text == "an old file"
        assert (await greet(server.port))["version"] == 1
        assert server.log.count(r"^settings.TORNADO\['handlers'\] has tornado_websockets.django_app uncalled") == 1
        assert server.log.count(r"DeprecationWarning: tornado_websockets.django_app is given as a handler") == 1


async def test_while_debug_is_on_templates_are_read_anew(old_directory: Path, old_server: TornadoServer) -> None:
    page = old_directory / "old" / "templates" / "page.html"
    for words in ("first words", "other words"):
        page.write_text(words, encoding="utf-8")
        assert (await old_server.request("/page")).text == words


async def test_debug_restarts_the_server_when_a_module_has_changed(tmp_path: Path, old_project: dict[str, str]) -> None:
    with running(tmp_path, old_project, arguments=()) as server:
        assert (await greet(server.port))["version"] == 1
        views = tmp_path / "old" / "views.py"
        views.write_text(VIEWS.replace("VERSION = 1", "VERSION = 2"), encoding="utf-8")
        async with asyncio.timeout(20):
            while server.log.count("Tornado serves on") == 1:
                views.touch()  # again, since what has changed before its first look is not seen
                await asyncio.sleep(0.05)
        assert (await greet(server.port))["version"] == 2


async def test_old_settings_do_no_harm_under_daphne(tmp_path: Path, old_project: dict[str, str]) -> None:
    command = (*PYTHON, "-m", "daphne", "-b", "127.0.0.1", "-p", "0", "old.asgi:application")
    daphne = Process(command, tmp_path / "daphne.log", old_project)
    try:
        port = int(daphne.wait_for(r"Listening on TCP address 127\.0\.0\.1:(\d+)")[1])
        assert await greet(port) == {"message": "Hello", "version": 1}
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/")).text == "the old page"
    finally:
        daphne.stop()
    daphne.log.check()


# The end.


@pytest.fixture
async def ending(tmp_path: Path) -> AsyncIterator[TornadoServer]:
    """A server that a test stops; it must end well."""
    server = TornadoServer(tmp_path / "tornado.log", {})
    try:
        yield server
    finally:
        server.abort_clients()
        if server.is_running:
            server.kill()
    server.log.check()


async def code_of(server: TornadoServer) -> int:
    """Its exit code, when it has ended."""
    return await asyncio.to_thread(server._popen.wait, 20)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_clients_are_told_that_the_server_stops(ending: TornadoServer, number: signal.Signals) -> None:
    clients = await asyncio.gather(*(ending.connect("/work/all") for _ in range(200)))
    await ending.log.wait_for_notes("all", 200)
    start = time.monotonic()
    os.kill(ending.pid, number)
    codes = [code for code, _ in await asyncio.gather(*(client.closed() for client in clients))]
    seconds = time.monotonic() - start
    assert codes == [1001] * 200
    assert seconds < TOLD
    assert await code_of(ending) == 0
    assert ending.log.notes("all").count("close") == 200


async def test_a_second_signal_changes_nothing(ending: TornadoServer) -> None:
    client = await ending.connect("/work/key")
    await client.emit("arest", {"seconds": 0.5})
    await ending.log.wait_for_notes("key", 2)
    for _ in range(3):
        os.kill(ending.pid, signal.SIGINT)
    assert await code_of(ending) == 0
    assert ending.log.notes("key") == ["open", "began", "ended", "close"]


@pytest.mark.parametrize("event", ["rest", "arest"])
async def test_a_running_handler_gets_time_to_end(ending: TornadoServer, event: str) -> None:
    client = await ending.connect("/work/key")
    await client.emit(event, {"seconds": 1})
    await ending.log.wait_for_notes("key", 2)
    os.kill(ending.pid, signal.SIGTERM)
    assert await code_of(ending) == 0
    assert ending.log.notes("key") == ["open", "began", "ended", "close"]


async def test_handlers_that_do_not_end_are_not_waited_for(ending: TornadoServer) -> None:
    for event in ("ahang", "hang"):
        await (await ending.connect(f"/work/{event}")).emit(event)
        await ending.log.wait_for_notes(event, 2)
    other = await ending.connect("/wide/other")
    start = time.monotonic()
    os.kill(ending.pid, signal.SIGTERM)
    assert (await other.closed())[0] == 1001
    assert await code_of(ending) == 0
    assert time.monotonic() - start < 8
    assert "handlers are still running after 5 seconds" in ending.log.text
    assert ending.log.notes("other") == ["close"]


async def test_one_that_does_not_answer_is_not_waited_for(ending: TornadoServer) -> None:
    client = await ending.raw("/ws/work/mute")
    assert await client.status() == 101
    await ending.log.wait_for_notes("mute", 1)
    os.kill(ending.pid, signal.SIGTERM)
    assert await client.reader.readexactly(14) == b"\x88\x0c\x03\xe9retry=1000"
    assert await code_of(ending) == 0
    assert ending.log.notes("mute") == ["open", "close"]
    assert "still running" not in ending.log.text


async def test_a_view_gets_time_to_answer(ending: TornadoServer) -> None:
    asking = asyncio.create_task(ending.request("/slow?seconds=1"))
    await ending.log.wait_for_notes("slow", 1)
    os.kill(ending.pid, signal.SIGTERM)
    assert (await asking).text == "at last"
    assert await code_of(ending) == 0


async def test_connections_that_wait_for_nothing_are_cut(ending: TornadoServer) -> None:
    silent, idle = [await asyncio.open_connection("127.0.0.1", ending.port) for _ in range(2)]
    Raw(*idle).ask("/hello", {"Host": "127.0.0.1"})
    assert await Raw(*idle).status() == 200
    start = time.monotonic()
    os.kill(ending.pid, signal.SIGTERM)
    assert await code_of(ending) == 0
    assert time.monotonic() - start < AT_ONCE
    for _, writer in (silent, idle):
        writer.transport.abort()


async def test_clients_that_send_handshakes_ahead_do_not_hold_up_a_stop(ending: TornadoServer) -> None:
    flooding = [asyncio.create_task(flood(ending.port)) for _ in range(20)]
    await ending.log.wait_for(r"Refused a connection to '/ws/nowhere'")
    await asyncio.sleep(1)
    start = time.monotonic()
    os.kill(ending.pid, signal.SIGTERM)
    assert await code_of(ending) == 0
    assert time.monotonic() - start < AT_ONCE
    await asyncio.gather(*flooding)


async def flood(port: int) -> None:
    """Send refused handshakes, hundreds ahead, and again over a new connection, until there is no server."""
    lines = ["GET /ws/nowhere HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in HANDSHAKE.items())]
    ahead = "\r\n".join([*lines, "", ""]).encode() * 500
    while True:
        try:
            client = Raw(*await asyncio.open_connection("127.0.0.1", port))
        except ConnectionRefusedError:
            return
        client.writer.write(ahead)
        with suppress(ConnectionError):
            await client.reader.read()
        client.abort()


async def test_tasks_of_the_application_are_cancelled(ending: TornadoServer) -> None:
    client = await ending.connect("/work/task")
    await client.request("start_task")
    os.kill(ending.pid, signal.SIGTERM)
    assert await code_of(ending) == 0
    assert ending.log.notes("task") == ["open", "close", "cancelled"]


async def test_without_clients_it_ends_at_once(ending: TornadoServer) -> None:
    start = time.monotonic()
    os.kill(ending.pid, signal.SIGTERM)
    assert await code_of(ending) == 0
    assert time.monotonic() - start < AT_ONCE


# Clients that read too little, or send too much.


async def test_one_that_does_not_read_is_closed_and_the_others_get_everything(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        mute = await server.raw("/ws/wide/all")
        assert await mute.status() == 101
        mute.writer.transport.pause_reading()
        others = [await server.connect("/wide/all") for _ in range(2)]
        before = server.memory
        most = 0
        start = time.monotonic()
        for _ in range(60):
            await others[0].emit("pour", {"count": 1, "size": MEGABYTE})
            for client in others:
                assert len((await client.expect("much"))["x"]) == MEGABYTE
                client.transcript.clear()
            most = max(most, server.memory)
        await server.log.wait_for_notes("all", 1)
        assert time.monotonic() - start < 15
        assert most - before < 16 * 1024 * 1024
        for client in others:
            await client.close()


async def test_a_flood_does_not_fill_the_memory(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        client = await server.connect("/wide/flood")
        before = server.memory
        await client.emit("doze", {"seconds": 3})
        sent = asyncio.create_task(_flood(client))
        most = before
        while not sent.done():
            most = max(most, server.memory)
            await asyncio.sleep(0.02)
        assert most - before < 16 * 1024 * 1024
        await client.close()


async def _flood(client: SocketClient) -> None:
    for _ in range(100):
        await client.send("x" * MEGABYTE)
    for _ in range(100):
        assert (await client.receive())["data"]["code"] == "invalid_json"
