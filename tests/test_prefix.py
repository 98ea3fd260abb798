"""A site that is served below a path of its host, whether a proxy takes that off or passes it on."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.missing import do_without
from tests.support.nginx import Nginx
from tests.support.sockets import SocketClient
from tests.support.transports import SERVERS, Servers


@pytest.fixture(params=[*SERVERS, "hypercorn", "granian"])
async def prefixed(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Each server, of a project whose settings name the prefix."""
    async with servers.get(request.param, TEST_SCRIPT_NAME="/app").visit() as server:
        yield server


@pytest.fixture(scope="session")
def nginx_program() -> str:
    """Path of nginx; without one the test is skipped, in CI it fails."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        do_without("Expected a program 'nginx', to put in front of servers.")
    return program


@pytest.fixture(params=["", "/"], ids=["passes it on", "takes it off"])
def nginx(request: pytest.FixtureRequest, nginx_program: str, prefixed: Server, tmp_path: Path) -> Iterator[Nginx]:
    nginx = Nginx(nginx_program, tmp_path, f"http://127.0.0.1:{prefixed.port}{request.param}")
    yield nginx
    nginx.stop()


async def test_websockets_are_found_behind_a_proxy(nginx: Nginx) -> None:
    url = f"ws://127.0.0.1:{nginx.port}/app/ws/control"
    client = await SocketClient.connect(url, {"Origin": f"http://127.0.0.1:{nginx.port}"})
    assert await client.request("echo", {"n": 1}) == {"n": 1}
    await client.close()


async def test_pages_are_found_behind_a_proxy(nginx: Nginx, prefixed: Server) -> None:
    if prefixed.kind != "tornado":  # of the others only the WebSockets are ours
        return
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.get(f"http://127.0.0.1:{nginx.port}/app/path")
    assert response.text == "/app/path"


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
