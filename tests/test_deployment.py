"""How applications are served: both forms of ``asgi.py``, what is found at start-up, and who is let in."""

from collections.abc import AsyncIterator

import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.transports import ASGI_SERVERS, Servers

ORIGIN = {"Origin": "http://127.0.0.1"}
ECHO = {"event": "echo", "data": {"a": 1}}


@pytest.fixture(params=["application", "by_hand"])
async def either_form(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """A server of each form of ``asgi.py``."""
    async with servers.get("daphne", request.param).visit() as server:
        yield server


@pytest.mark.parametrize("path", ["/wire", "/in-views"], ids=["websockets module", "views"])
async def test_websocket_is_found_in_websockets_modules_and_through_the_root_urlconf(
    either_form: Server, path: str
) -> None:
    client = await either_form.connect(path, ORIGIN)
    await client.emit("echo", {"a": 1})
    assert await client.settle() == [ECHO]


async def test_both_forms_serve_pages(either_form: Server) -> None:
    assert (await either_form.request("/register/both-forms")).text == "/late-comers/both-forms"


async def test_websocket_made_by_a_running_server_is_served(either_form: Server, key: str) -> None:
    await either_form.request(f"/register/{key}")
    client = await either_form.connect(f"/late-comers/{key}", ORIGIN)
    await client.emit("echo", {"a": 1})
    assert await client.settle() == [ECHO]


async def test_both_forms_know_rooms(either_form: Server, key: str) -> None:
    here, there = [await either_form.connect(f"/room/{name}", ORIGIN) for name in (key, f"not-{key}")]
    await here.emit("say", {"a": 1})
    assert await here.settle() == [{"event": "said", "data": {"a": 1}}]
    assert await there.settle() == []


async def test_both_forms_look_up_session_and_user(either_form: Server) -> None:
    client = await either_form.connect("/mirror/word", ORIGIN | {"X-Test": "x"})
    seen = await client.request("look")
    assert (seen["user"], seen["session"]) == ("AnonymousUser", [])


async def test_both_forms_refuse_foreign_origins(either_form: Server) -> None:
    with pytest.raises(Refused) as refusal:
        await either_form.connect("/wire", {"Origin": "http://elsewhere.example"})
    assert refusal.value.status == 403


async def test_runserver_serves_websockets_and_pages(servers: Servers) -> None:
    async with servers.get("runserver").visit() as server:
        client = await server.connect("/news", ORIGIN)
        await server.request("/publish")
        assert await client.expect("published") == {"from": "a sync view"}


@pytest.mark.parametrize("kind", ["hypercorn", "granian"])
async def test_other_servers_serve_pages_that_publish(servers: Servers, kind: str) -> None:
    async with servers.get(kind).visit() as server:
        client = await server.connect("/news")
        await server.request("/publish")
        assert await client.expect("published") == {"from": "a sync view"}


@pytest.mark.parametrize("path", ["/nowhere", "/wire/", "/wire/x", "/room/", "/room/no%20room", "/diary/2020-02-29/x"])
async def test_unknown_path_is_refused_with_one_line_in_the_log(asgi_server: Server, path: str) -> None:
    with pytest.raises(Refused) as refusal:
        await asgi_server.connect(path)
    assert refusal.value.status == 403
    assert asgi_server.log.count("Refused a connection") == 1


async def test_path_outside_of_ours_is_refused(asgi_server: Server) -> None:
    with pytest.raises(Refused) as refusal:
        await asgi_server.connect("/../wire")
    assert refusal.value.status == 403


async def test_websocket_that_was_not_added_is_not_served(asgi_server: Server) -> None:
    with pytest.raises(Refused) as refusal:
        await asgi_server.connect("/hidden")
    assert refusal.value.status == 403


@pytest.mark.parametrize("kind", ASGI_SERVERS)
async def test_tornado_websockets_alone_works_within_its_process(servers: Servers, kind: str) -> None:
    alone = servers.get(kind, DJANGO_SETTINGS_MODULE="tests.project.settings_alone")
    async with alone.visit() as server:
        first, second = await server.connect("/room/alone"), await server.connect("/room/alone")
        await first.emit("say", {"a": 1})
        assert await second.expect("said") == {"a": 1}
        assert await first.settle() == [{"event": "said", "data": {"a": 1}}]


@pytest.mark.parametrize("kind", [*ASGI_SERVERS, "hypercorn", "granian"])
async def test_routes_work_without_any_middleware(servers: Servers, kind: str) -> None:
    async with servers.get(kind, "bare").visit() as server:
        client = await server.connect("/wire")
        for _ in range(3):
            await client.emit("echo", {"a": 1})
            assert await client.expect("echo") == {"a": 1}


@pytest.mark.parametrize("implementation", ["wsproto", "websockets"])
async def test_other_implementations_of_uvicorn_serve_with_a_warning(servers: Servers, implementation: str) -> None:
    async with servers.get("uvicorn", arguments=("--ws", implementation)).visit() as server:
        client = await server.connect("/room/other")
        await client.emit("say", {"a": 1})
        assert await client.expect("said") == {"a": 1}
        await server.log.wait_for("bounded (less well|by the server alone)")


async def test_websockets_module_of_every_app_is_found(servers: Servers) -> None:
    async with servers.get("daphne", DJANGO_SETTINGS_MODULE="tests.project.settings_alone").visit() as server:
        assert await (await server.connect("/found")).request("give") is True


async def test_tornado_websockets_alone_publishes_within_its_process(servers: Servers) -> None:
    async with servers.get("daphne", DJANGO_SETTINGS_MODULE="tests.project.settings_alone").visit() as server:
        client = await server.connect("/news")
        await server.request("/apublish")
        assert await client.expect("published") == {"from": "an async view"}
