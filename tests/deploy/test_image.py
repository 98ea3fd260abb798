"""The steps of the Dockerfile are run, and what it makes serves as the files for Compose and Kubernetes say."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.deployment import DEPLOY, adapted
from tests.support.documents import blocks
from tests.support.image import Image
from tests.support.nginx import Nginx
from tests.support.process import PLAIN_PYTHON, ROOT, Process, environment, free_port
from tests.support.redis import RedisServer

HOST = "chat.example.com"

#: Seconds in which a process ends, as the documentation says.
LONGEST_STOP = 10

README = (DEPLOY / "README.md").read_text()

#: Besides what the README says. Whether a process is ready is the one thing that wants HTTPS: it must be asked so.
SETTINGS = f"""
DEBUG = False
ALLOWED_HOSTS = ["{HOST}"]
INSTALLED_APPS += ["tornado_websockets"]
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = ["^(?!ready)"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
"""

WEBSOCKETS = """
from tornado_websockets.websocket import WebSocket

chat = WebSocket("/chat")


@chat.on
async def say(data):
    chat.emit("said", data)
"""


class Container(NamedTuple):
    process: Process
    port: int

    def connect(self, port: int = 0) -> connect:
        """A client.

        :param port: of what is in front of it, if any.
        """
        # The name is asked for, and never looked up.
        return connect(f"ws://{HOST}/ws/chat", proxy=None, host="127.0.0.1", port=port or self.port)


def of_yaml(name: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """That of a new project."""
    context = tmp_path_factory.mktemp("context")
    command = [*PLAIN_PYTHON, "-m", "django", "startproject", "project", str(context)]
    subprocess.run(command, env=os.environ | {"DJANGO_SETTINGS_MODULE": ""}, check=True)
    [requirements] = blocks(README, "text")
    settings, static, ready = blocks(README, "python")
    (context / "requirements.txt").write_text(requirements)
    with (context / "project/settings.py").open("a") as file:
        file.write(settings + static + SETTINGS)
    (context / "project/urls.py").write_text(ready + WEBSOCKETS)
    return Image(DEPLOY / "docker/Dockerfile", context, tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def containers(image: Image, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Container]]:
    """Those that Compose starts of the image, with the variables that it gives them."""
    [compose] = of_yaml("docker/compose.yaml")
    running = []
    for name in ("one", "two"):
        variables = {**compose["services"][name]["environment"], "PYTHONDEVMODE": ""}
        variables["REDIS_URL"] = redis.url
        port = free_port()
        log = tmp_path_factory.mktemp(name) / "log"
        running.append(Container(image.start(port, log, variables), port))
    yield running
    for container in running:
        container.process.stop()
        container.process.log.check()


@pytest.fixture
def nginx(nginx_program: str, containers: list[Container], tmp_path: Path) -> Iterator[int]:
    """The port of the one that Compose puts in front."""
    hosts = [(f"{name}:8000", f"127.0.0.1:{each.port}") for name, each in zip(("one", "two"), containers, strict=True)]
    nginx = Nginx(nginx_program, tmp_path, adapted("docker/site.conf", ("listen 80;", "listen PORT;"), *hosts))
    yield nginx.port
    nginx.stop()


async def said_to(client: ClientConnection) -> Any:
    return json.loads(await client.recv())["data"]


def test_the_image_runs_as_somebody_whom_it_has_made(image: Image) -> None:
    [user] = image.users
    assert f"--uid {image.user} " in user
    assert image.user > 0


async def test_two_containers_behind_nginx_are_one_site_also_when_one_is_stopped(
    image: Image, containers: list[Container], nginx: int
) -> None:
    here, there = containers
    async with here.connect() as one, there.connect() as other, here.connect(nginx) as third:
        await third.send('{"event": "say", "data": {"a": 1}}')
        for client in (one, other, third):
            assert await said_to(client) == {"a": 1}
        os.kill(there.process.pid, image.stop_signal)
        since = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            await other.recv()
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "retry=1000")
        assert await asyncio.to_thread(there.process.wait) == -image.stop_signal
        assert time.monotonic() - since < LONGEST_STOP
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{nginx}", headers={"Host": HOST}) as http:
        for _ in range(2):  # whichever of the two is asked first
            script = await http.get("/static/tornado_websockets/tornadowebsocket.js")
            assert script.text == (ROOT / "tornado_websockets" / script.url.path[1:]).read_text()
        assert (await http.get("/ready")).status_code == 404


def test_compose_takes_those_for_healthy_that_are_ready_alone(containers: list[Container]) -> None:
    [compose] = of_yaml("docker/compose.yaml")
    kind, _, *arguments = compose["services"]["one"]["healthcheck"]["test"]
    codes = {}
    for port in (containers[0].port, free_port()):
        command = [sys.executable, *(argument.replace(":8000/", f":{port}/") for argument in arguments)]
        codes[port] = subprocess.run(command, capture_output=True, env=environment({}), check=False).returncode
    assert kind == "CMD"
    assert codes.pop(containers[0].port) == 0
    assert 0 not in codes.values()


def test_all_have_time_to_stop() -> None:
    [compose] = of_yaml("docker/compose.yaml")
    for name in ("one", "two"):
        assert int(compose["services"][name]["stop_grace_period"].removesuffix("s")) > LONGEST_STOP
    deployment, *_ = of_yaml("kubernetes/websockets.yaml")
    pod = deployment["spec"]["template"]["spec"]
    [(_, delay)] = [container["lifecycle"]["preStop"]["exec"]["command"] for container in pod["containers"]]
    assert pod["terminationGracePeriodSeconds"] > LONGEST_STOP + int(delay)


def test_kubernetes_asks_what_the_project_answers(containers: list[Container]) -> None:
    deployment, *_ = of_yaml("kubernetes/websockets.yaml")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    probe = container["readinessProbe"]["httpGet"]
    headers = {header["name"]: header["value"] for header in probe["httpHeaders"]}
    answer = httpx.get(f"http://127.0.0.1:{containers[0].port}{probe['path']}", headers=headers, trust_env=False)
    assert answer.status_code == 200
