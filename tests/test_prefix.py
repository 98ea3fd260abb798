"""A site that is served below a path of its host, whether a proxy takes that off or passes it on."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.nginx import Nginx, below_prefix
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers


@pytest.fixture(params=[*SERVERS, "hypercorn", "granian"])
async def prefixed(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Each server, of a project whose settings name the prefix."""
    async with servers.get(request.param, TEST_SCRIPT_NAME="/app").visit() as server:
        yield server


@pytest.fixture(params=["", "/"], ids=["passes it on", "takes it off"])
def nginx(request: pytest.FixtureRequest, nginx_program: str, prefixed: Server, tmp_path: Path) -> Iterator[Nginx]:
    nginx = Nginx(nginx_program, tmp_path, below_prefix(f"http://127.0.0.1:{prefixed.port}{request.param}"))
    yield nginx
    nginx.stop()


async def test_websockets_are_found_behind_a_proxy(nginx: Nginx) -> None:
    url = f"ws://127.0.0.1:{nginx.port}/app/ws/control"
    client = await SocketClient.connect(url, {"Origin": f"http://127.0.0.1:{nginx.port}"})
    assert await client.request("echo", {"n": 1}) == {"n": 1}
    await client.close()


async def test_pages_are_found_behind_a_proxy(nginx: Nginx, prefixed: Server, request: pytest.FixtureRequest) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.get(f"http://127.0.0.1:{nginx.port}/app/path")
    # What a server makes of a path without its prefix is its own affair; docs/guides/serving.md says so.
    is_whole = request.node.callspec.params["nginx"] == "" or prefixed.kind == "tornado"
    assert response.text == ("/app/path" if is_whole else "/path")


async def test_paths_of_others_are_refused(prefixed: Server) -> None:
    for path in ("/other/ws/control", "/appendix/ws/control", "/app/app/ws/control"):
        with pytest.raises(Refused):
            await SocketClient.connect(f"ws://127.0.0.1:{prefixed.port}{path}", {})


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [("daphne", ("--root-path", "/app")), ("uvicorn", ("--root-path", "/app")), ("hypercorn", ("--root-path", "/app"))],
)
@pytest.mark.parametrize("path", ["/ws/control", "/app/ws/control"])
async def test_a_server_s_own_prefix_counts_too(
    servers: Servers, kind: str, arguments: tuple[str, ...], path: str
) -> None:
    async with servers.get(kind, arguments=arguments).visit() as server:
        client = await SocketClient.connect(f"ws://127.0.0.1:{server.port}{path}", {})
        assert await client.request("echo", {"n": 1}) == {"n": 1}
        await client.close()
        page = path.replace("/ws/control", "/path")
        async with httpx.AsyncClient(trust_env=False) as http:
            response = await http.get(f"http://127.0.0.1:{server.port}{page}")
        if kind != "uvicorn":
            assert response.text == page
        elif page == "/path":
            assert response.text == "/app/path"
        else:
            assert response.status_code == 404
