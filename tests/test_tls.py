"""Servers that speak TLS themselves, without a proxy in front of them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.support.process import PYTHON, Process, free_port
from tests.support.sockets import SocketClient

APPLICATION = "tests.project.asgi:application"
COMMANDS = {
    "daphne": ("daphne", "-e", "ssl:{port}:interface=127.0.0.1:certKey={chain}:privateKey={key}", APPLICATION),
    "gunicorn": (
        *("gunicorn", "-k", "asgi", "--no-control-socket", "-b", "127.0.0.1:{port}"),
        *("--certfile", "{chain}", "--keyfile", "{key}", APPLICATION),
    ),
    "granian": (
        *("granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"),
        *("--ssl-certificate", "{chain}", "--ssl-keyfile", "{key}", APPLICATION),
    ),
    "hypercorn": ("hypercorn", "-b", "127.0.0.1:{port}", "--certfile", "{chain}", "--keyfile", "{key}", APPLICATION),
    "tornado": ("django", "runtornado", "127.0.0.1:{port}"),
    "uvicorn": (
        *("uvicorn", "--host", "127.0.0.1", "--port", "{port}"),
        *("--ssl-certfile", "{chain}", "--ssl-keyfile", "{key}", APPLICATION),
    ),
}


class Tls:
    """A server, and how to connect to it."""

    def __init__(self, kind: str, directory: Path) -> None:
        authority = trustme.CA()
        self._context = ssl.create_default_context()
        authority.configure_trust(self._context)
        certificate = authority.issue_cert("127.0.0.1")
        chain, key = directory / "chain.pem", directory / "key.pem"
        certificate.cert_chain_pems[0].write_to_path(chain)
        certificate.private_key_pem.write_to_path(key)
        self._port = free_port()
        command = (part.format(port=self._port, chain=chain, key=key) for part in COMMANDS[kind])
        variables = {
            "DJANGO_SETTINGS_MODULE": f"tests.project.settings{'_tornado' if kind == 'tornado' else ''}",
            "TEST_CERTIFICATE": str(chain),
            "TEST_CERTIFICATE_KEY": str(key),
        }
        self.process = Process((*PYTHON, "-m", *command), directory / "server.log", variables)
        self.process.wait_for_port(self._port)

    async def connect(self, path: str, **options: Any) -> SocketClient:
        return await SocketClient.connect(f"wss://127.0.0.1:{self._port}/ws{path}", {}, ssl=self._context, **options)


@pytest.fixture(params=sorted(COMMANDS))
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Tls]:
    server = Tls(request.param, tmp_path)
    try:
        yield server
    finally:
        server.process.stop()
    server.process.log.check()


async def test_replies_and_broadcasts_arrive_over_tls(server: Tls) -> None:
    for compression in (None, "deflate"):
        clients = [await server.connect("/steady/tls", compression=compression) for _ in range(3)]
        await clients[0].emit("count", {"from": 0, "to": 500, "rate": 1e6})
        for client in clients:
            assert [(await client.expect("n"))["n"] for _ in range(500)] == list(range(500))
        for client in clients:
            await client.close()


async def test_slow_reader_gets_all_in_order_over_tls(server: Tls) -> None:
    client = await server.connect("/passage", compression=None)
    client.pause()
    texts = [str(number) * 50_000 for number in range(10)]
    for text in texts:
        await client.emit("echo", {"text": text})
    await asyncio.sleep(0.2)
    client.resume()
    assert [(await client.expect("echo"))["text"] for _ in texts] == texts
    await client.close()
