"""Clients that come by a Unix socket, as behind a proxy on the same host: they have no address."""

import socket
from functools import partial
from pathlib import Path

import pytest

from tests.support.process import PYTHON, START_TIMEOUT, Process
from tests.support.sockets import SocketClient
from tests.support.waiting import until

APPLICATION = "tests.project.asgi:application"
COMMANDS = {
    "daphne": ("daphne", "-u", "{path}", "--proxy-headers", APPLICATION),
    "gunicorn": (
        "gunicorn",
        "-k",
        "asgi",
        "--asgi-lifespan",
        "on",
        "--no-control-socket",
        "-b",
        "unix:{path}",
        APPLICATION,
    ),
    "granian": ("granian", "--interface", "asgi", "--uds", "{path}", APPLICATION),
    "hypercorn": ("hypercorn", "-b", "unix:{path}", APPLICATION),
    "uvicorn": ("uvicorn", "--lifespan", "on", "--uds", "{path}", "--forwarded-allow-ips", "*", APPLICATION),
}

#: Those that take the word of a proxy there, with the options above.
BELIEVING = {"daphne", "uvicorn"}


@pytest.mark.parametrize("kind", sorted(COMMANDS))
async def test_they_have_the_address_that_a_proxy_names_or_none_that_counts_and_the_server_starts_clean(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "ws.sock"
    command = [argument.format(path=path) for argument in COMMANDS[kind]]
    variables = {
        "DJANGO_SETTINGS_MODULE": "tests.project.settings",
        "TEST_TORNADO_WEBSOCKETS": '{"MAX_CONNECTIONS_PER_ADDRESS": 1}',
    }
    server = Process((*PYTHON, "-m", *command), tmp_path / "server.log", variables)
    try:
        await until(partial(is_listening, path), START_TIMEOUT)
        clients = [
            await SocketClient.connect("ws://127.0.0.1/ws/bounds/unix", {}, unix=True, path=str(path)) for _ in range(3)
        ]
        for client in clients:
            assert await client.request("swallow") == {}
            assert await client.request("address") == {"address": None}
            await client.close()
        told = {"X-Forwarded-For": "192.0.2.7"}
        client = await SocketClient.connect("ws://127.0.0.1/ws/bounds/unix", told, unix=True, path=str(path))
        assert await client.request("address") == {"address": "192.0.2.7" if kind in BELIEVING else None}
        await client.close()
    finally:
        server.stop()
    server.log.check()
    assert "ifespan" not in server.log.text  # servers warn in words of their own


def is_listening(path: Path) -> bool:
    """Whether somebody does, on that socket."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0
