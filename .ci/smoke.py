"""Fails unless the installed distribution works, with nothing but what it depends on.

Writes a minimal Django project into a temporary directory, serves it with daphne, and talks to it.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import files
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

DISTRIBUTION = "django-tornado-websockets-channels"
PACKAGES = {"tornado_websockets", "channels_bridge"}
DEADLINE = 30  # seconds for any one thing to happen

PROJECT = {
    "project/__init__.py": "",
    "project/settings.py": """
SECRET_KEY = "smoke"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["daphne", "tornado_websockets", "channels_bridge", "chat"]
ROOT_URLCONF = "project.urls"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
""",
    "project/urls.py": "urlpatterns = []\n",
    "project/asgi.py": """
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django_asgi_app = get_asgi_application()

from channels_bridge.asgi import websocket_application

application = ProtocolTypeRouter({"http": django_asgi_app, "websocket": websocket_application()})
""",
    "chat/__init__.py": "",
    "chat/websockets.py": """
from tornado_websockets.websocket import WebSocket

ws = WebSocket("/chat")


@ws.on
def echo(socket, data):
    socket.emit("echo", data)
    ws.emit("everyone", data)
""",
}


def check_contents() -> None:
    """Nothing but the two packages is installed, and both are typed."""
    names = {file.as_posix() for file in files(DISTRIBUTION) or ()}
    strangers = {name for name in names if name.split("/")[0] not in PACKAGES and ".dist-info/" not in name}
    missing = {f"{package}/py.typed" for package in PACKAGES} - names
    if strangers or missing:
        sys.exit(f"The wheel should hold only {PACKAGES}: too much {strangers}, missing {missing}")


def write_project(directory: Path) -> None:
    for name, text in PROJECT.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def wait_for_port(server: subprocess.Popen[bytes], log: Path) -> int:
    """Return the port that daphne chose, which it writes into its log."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"Listening on TCP address 127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.05)
    sys.exit("daphne did not start to listen")


async def receive(client: WebSocketClientConnection) -> Any:
    message = await asyncio.wait_for(client.read_message(), DEADLINE)
    return json.loads(message) if message is not None else None


async def talk(port: int) -> None:
    address = f"ws://127.0.0.1:{port}/ws/chat"
    alice, bob = await websocket_connect(address), await websocket_connect(address)
    await alice.write_message(json.dumps({"event": "echo", "data": {"a": 1}}))
    seen = [await receive(alice), await receive(alice), await receive(bob)]
    everyone = {"event": "everyone", "data": {"a": 1}}
    if seen != [{"event": "echo", "data": {"a": 1}}, everyone, everyone]:
        sys.exit(f"unexpected messages: {seen}")
    await check_refused(HTTPRequest(address, headers={"Origin": "http://elsewhere.example"}), 403)
    alice.close()
    bob.close()


async def check_refused(request: HTTPRequest, status: int) -> None:
    try:
        await websocket_connect(request)
    except HTTPClientError as error:
        if error.code == status:
            return
        sys.exit(f"{request.url} was refused with {error.code}, not {status}")
    sys.exit(f"{request.url} was not refused")


def run_smoke_test(directory: Path, log: Path) -> None:
    command = [sys.executable, "-X", "dev", "-m", "daphne", "-v", "1", "-b", "127.0.0.1", "-p", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "project.asgi:application"],
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=output,
        ) as server,
    ):
        try:
            asyncio.run(talk(wait_for_port(server, log)))
        finally:
            server.terminate()
            server.wait(DEADLINE)
    if found := re.search(r"Traceback|never awaited|never retrieved|was destroyed", log.read_text()):
        sys.exit(f"the server's log says {found[0]!r}")


def main() -> None:
    check_contents()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        log = directory / "daphne.log"
        write_project(directory)
        try:
            run_smoke_test(directory, log)
        except BaseException:
            sys.stderr.write(log.read_text())
            raise
    sys.stdout.write("The installed wheel works.\n")


if __name__ == "__main__":
    main()
