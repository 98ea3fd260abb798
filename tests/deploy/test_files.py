"""The files of ``deploy/`` are run as far as they can be here: by the programs they are for, in front of a server."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support.deployment import DEPLOY, PORTS, adapted, nginx_site
from tests.support.image import instructions
from tests.support.missing import do_without
from tests.support.nginx import Nginx
from tests.support.process import Process, free_port

#: What is in front of the server believes nobody's word of where a client is: one of each address is let in.
VARIABLES = {
    "PYTHONDEVMODE": "",
    "TEST_TORNADO_WEBSOCKETS": json.dumps({"MAX_CONNECTIONS_PER_ADDRESS": 1}),
}

UNITS = ("websockets@.service", "websockets.target")


def program(name: str, *directories: str) -> str:
    """Path of a program; without it the test is skipped, in CI it fails."""
    found = shutil.which(name) or shutil.which(name, path=":".join(directories))
    if found is None:
        do_without(f"Expected a program {name!r}, to run a file of deploy/ with.")
    return found


def value_of(unit: str, key: str) -> str:
    """What a unit of systemd says, once, of ``key``."""
    [value] = re.findall(rf"^{key}=(.*)$", (DEPLOY / "systemd" / unit).read_text(), re.MULTILINE)
    return value


def dockerfile() -> dict[str, list[str]]:
    """The instructions of the Dockerfile, by name."""
    by_name: dict[str, list[str]] = {}
    for name, arguments in instructions(DEPLOY / "docker/Dockerfile"):
        by_name.setdefault(name, []).append(arguments)
    return by_name


def load_yaml(name: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """That of a server which is started as the unit of systemd starts it."""
    port = free_port()
    command = value_of("websockets@.service", "ExecStart").replace("%i", str(port)).split()
    uvicorn = (sys.executable, "-m", Path(command[0]).name)
    server = Process((*uvicorn, *command[1:]), tmp_path_factory.mktemp("server") / "log", VARIABLES)
    server.wait_for_port(port)
    yield port
    server.stop()
    server.log.check()


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A directory with two static files."""
    directory = tmp_path / "static"
    directory.mkdir()
    (directory / "chat.css").write_text("body {}")
    (directory / "chat.mjs").write_text("export {};")
    return directory


@pytest.fixture
def nginx(nginx_program: str, port: int, static: Path, tmp_path: Path) -> Iterator[int]:
    nginx = Nginx(nginx_program, tmp_path, nginx_site([port] * len(PORTS), static))
    yield nginx.port
    nginx.stop()


def start_caddy(port: int, static: Path, directory: Path, *others: tuple[str, str]) -> tuple[Process, int]:
    """A Caddy in front of one process, and its port.

    :param others: what it has otherwise, as for :func:`~tests.support.deployment.adapted`.
    """
    here = free_port()
    file = directory / "Caddyfile"
    upstreams = " ".join(f"127.0.0.1:{old}" for old in PORTS)
    options = "{\n\tadmin off\n\tauto_https off\n}\n"
    file.write_text(
        options
        + adapted(
            "caddy/Caddyfile",
            (upstreams, f"127.0.0.1:{port}"),
            ("\nchat.example.com {", f"\nhttp://127.0.0.1:{here} {{"),
            ("Host chat.example.com", "Host localhost"),
            ("/srv/project/static", str(static)),
            *others,
        )
    )
    command = (program("caddy"), "run", "--config", str(file), "--adapter", "caddyfile")
    caddy = Process(command, directory / "caddy.log", {"HOME": str(directory)})
    caddy.wait_for_port(here)
    return caddy, here


@pytest.fixture
def caddy(port: int, static: Path, tmp_path: Path) -> Iterator[int]:
    caddy, here = start_caddy(port, static, tmp_path)
    yield here
    caddy.stop()


@pytest.mark.parametrize("front", ["nginx", "caddy"])
async def test_what_is_in_front_serves_pages_files_and_websockets_of_real_addresses(
    front: str, request: pytest.FixtureRequest
) -> None:
    port = request.getfixturevalue(front)
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.get("/path")).text == "/path"
        style, module = await http.get("/static/chat.css"), await http.get("/static/chat.mjs")
        assert (style.text, module.text) == ("body {}", "export {};")
        assert module.headers["content-type"].startswith("text/javascript")
        assert (await http.get("/ready")).status_code == 404
    url, origin = f"ws://127.0.0.1:{port}/ws/wire", f"http://127.0.0.1:{port}"
    async with connect(url, origin=origin, proxy=None) as one:
        await one.send('{"event": "echo", "data": {"a": 1}}')
        assert json.loads(await one.recv()) == {"event": "echo", "data": {"a": 1}}
        with pytest.raises(InvalidStatus):
            await connect(url, proxy=None)
        lie = {"X-Forwarded-For": "192.0.2.7"}
        with pytest.raises(InvalidStatus):
            await connect(url, additional_headers=lie, proxy=None)
        async with connect(url, proxy=None, local_addr=("127.0.0.2", 0)) as other:
            await other.ping()


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("front", ["nginx", "docker", "caddy"])
async def test_the_word_of_a_load_balancer_counts_where_the_file_says_so(
    front: str, trusted: bool, static: Path, tmp_path: Path, nginx_program: str
) -> None:
    heads: list[str] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        here = server.sockets[0].getsockname()[1]
        if front == "caddy":
            lines = [("# trusted_proxies 10.0.0.0/8", "trusted_proxies 127.0.0.1/8")] * trusted
            proxy, port = start_caddy(here, static, tmp_path, *lines)
        else:
            lines = [("# https https;", "https https;")] * trusted
            nginx = Nginx(nginx_program, tmp_path, nginx_of(front, here, static, *lines))
            proxy, port = nginx, nginx.port
        async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as http:
            for word in ("https", "http"):
                await http.get(f"/page-by-{word}", headers={"X-Forwarded-Proto": word})
            for path in ("/metrics", "/metrics/", "/%6detrics"):
                assert (await http.get(path)).status_code == 404
        proxy.stop()
    words = re.findall(r"(?ims)^GET /page.*?^x-forwarded-proto: (\w+)\r$", "".join(heads))
    assert words == ["https" if trusted else "http", "http"]
    assert not any("etrics" in head for head in heads)


def nginx_of(front: str, port: int, static: Path, *others: tuple[str, str]) -> str:
    """The site of nginx on a machine, or of Compose, in front of one process."""
    if front == "nginx":
        return nginx_site([port] * len(PORTS), static, *others)
    containers = [(f"{name}:8000", f"127.0.0.1:{port}") for name in ("one", "two")]
    return adapted("docker/site.conf", ("listen 80;", "listen PORT;"), *containers, *others)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    verify = program("systemd-analyze")
    for unit in UNITS:
        text = (DEPLOY / "systemd" / unit).read_text()
        (tmp_path / unit).write_text(text.replace("/srv/project/venv/bin/uvicorn", sys.executable))
    units = [str(tmp_path / unit.replace("@", "@8001")) for unit in UNITS]
    (tmp_path / "websockets@8001.service").symlink_to(tmp_path / "websockets@.service")
    finished = subprocess.run([verify, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    ours = [line for line in finished.stderr.splitlines() if str(tmp_path) in line or "websockets" in line]
    assert (finished.returncode, ours) == (0, [])


async def test_the_rolling_restart_goes_on_when_a_process_is_ready_and_stops_where_one_is_not(port: int) -> None:
    script = (sys.executable, str(DEPLOY / "systemd" / "rolling-restart"))
    options = ("--command", "echo restarted {port}", "--pause", "0", "--patience", "0.1")
    nobody, after = free_port(), free_port()
    ports = [str(each) for each in (port, port, nobody, after)]
    process = await asyncio.create_subprocess_exec(
        *script, *ports, *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate()
    assert output.decode().split("\n")[:-1] == [f"restarted {each}" for each in (port, port, nobody)]
    assert process.returncode == 1
    assert re.search(rf"port {nobody} is not ready \(.*refused.*\)", errors.decode())


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("true", "it answers 400 to the host chat.example.com"),
        ("false '{port} and so on'", "This failed, and those after port"),
    ],
)
async def test_the_rolling_restart_says_why_it_stops(command: str, why: str) -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    script = (sys.executable, str(DEPLOY / "systemd" / "rolling-restart"))
    options = ("--host", "chat.example.com", "--command", command, "--patience", "0.1")
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        process = await asyncio.create_subprocess_exec(*script, port, *options, stderr=asyncio.subprocess.PIPE)
        _, errors = await process.communicate()
    assert (process.returncode, why in errors.decode()) == (1, True)


def test_the_image_runs_what_the_unit_runs_on_every_interface() -> None:
    [command] = dockerfile()["CMD"]
    by_docker = json.loads(command)  # the form without a shell, which would keep the signal from the server
    by_systemd = shlex.split(value_of("websockets@.service", "ExecStart"))
    own = {"--host", "0.0.0.0", "--port", "8000", "--forwarded-allow-ips", "*"}
    assert by_docker[0] == Path(by_systemd[0]).name
    assert set(by_docker[1:]) - own == set(by_systemd[1:]) - {"--host", "127.0.0.1", "--port", "%i"}
    assert dockerfile()["STOPSIGNAL"] == ["SIGTERM"]
    assert int(dockerfile()["EXPOSE"][0]) == 8000


def test_compose_has_two_processes_one_redis_and_nginx() -> None:
    [compose] = load_yaml("docker/compose.yaml")
    services = compose["services"]
    assert set(services) == {"one", "two", "redis", "nginx"}
    site = (DEPLOY / "docker/site.conf").read_text()
    for name in ("one", "two"):
        service = services[name]
        assert f"server {name}:8000" in site
        assert (DEPLOY / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).samefile(
            DEPLOY / "docker/Dockerfile"
        )
        assert service["environment"]["REDIS_URL"].startswith("redis://redis:")
        assert services["nginx"]["depends_on"][name] == {"condition": "service_healthy"}
    [volume] = services["nginx"]["volumes"]
    assert (DEPLOY / "docker" / volume.split(":")[0]).is_file()


def test_kubernetes_asks_whether_the_pod_is_ready_and_counts_those_that_it_has_made() -> None:
    deployment, service, budget = load_yaml("kubernetes/websockets.yaml")
    kinds = [(each["apiVersion"], each["kind"]) for each in (deployment, service, budget)]
    assert kinds == [("apps/v1", "Deployment"), ("v1", "Service"), ("policy/v1", "PodDisruptionBudget")]
    pod = deployment["spec"]["template"]
    [container] = pod["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert "httpGet" not in container["livenessProbe"]  # which would kill what is stopping
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert str(ports[service["spec"]["ports"][0]["targetPort"]]) == dockerfile()["EXPOSE"][0]
    assert ports[container["readinessProbe"]["httpGet"]["port"]] == 8000
    labels = pod["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert budget["spec"]["selector"]["matchLabels"] == labels
    assert budget["spec"]["maxUnavailable"] < deployment["spec"]["replicas"]
    assert str(container["securityContext"]["runAsUser"]) in dockerfile()["USER"]
