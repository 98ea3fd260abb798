"""Sets Django up for all tests, and starts the servers that they talk to."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import django
import pytest
from hypothesis import settings as hypothesis_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.project.settings")
django.setup()

from tests.support.asgi import Server  # noqa: E402 it needs Django
from tests.support.cluster import servers_on  # noqa: E402
from tests.support.communicator import InProcess  # noqa: E402
from tests.support.missing import do_without  # noqa: E402
from tests.support.process import PYTHON, ROOT, WHOLE, environment  # noqa: E402
from tests.support.redis import RedisServer  # noqa: E402
from tests.support.transports import ASGI_SERVERS, SERVERS, TRANSPORTS, Servers, transport  # noqa: E402
from tests.tornado.old_project import write_old_project  # noqa: E402
from tornado_websockets.core.delivery.hub import hub  # noqa: E402

# How long an example takes tells how busy the machine is.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")

#: Where browsers are driven, and where something has its time, to expire, to be renewed, to be answered: machines that
#: test are shared, so what fails there with other programs at work is tried once more, and the report names it. All the
#: rest has one try.
PROGRAMS = frozenset({"browser", "nginx_program", "postgres", "redis_program", "servers"})
TRIED_AGAIN = (
    *("tests/browser/", "tests/example/", "tests/live/", "tests/upgrading/"),
    *("tests/channels_bridge/", "tests/tornado_bridge/", "tests/jobs/", "tests/people/", "tests/store/"),
    *("tests/deploy/", "tests/endurance/"),
)

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(TRIED_AGAIN) and not PROGRAMS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables, for all servers."""
    path = tmp_path_factory.mktemp("database") / "test.sqlite3"
    command = (*PYTHON, "-m", "django", "migrate", "--verbosity", "0")
    subprocess.run(command, cwd=ROOT, env=environment({"TEST_DATABASE": str(path)} | WHOLE), check=True)
    return path


@pytest.fixture(scope="session")
def servers(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers of every kind, started when first asked for."""
    servers = Servers(tmp_path_factory.mktemp("servers"), {"TEST_DATABASE": str(database)})
    try:
        yield servers
    finally:
        servers.stop()


@pytest.fixture(params=SERVERS)
async def server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Each of the servers that must behave alike, without a channel layer."""
    async with servers.get(request.param).visit() as server:
        yield server


@pytest.fixture(params=ASGI_SERVERS)
async def asgi_server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Those that serve an ASGI application."""
    async with servers.get(request.param).visit() as server:
        yield server


@pytest.fixture(params=TRANSPORTS)
async def anyhow(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server | InProcess]:
    """Each way to connect to the project, in the process of the tests or in a server's."""
    async with transport(request.param, servers).visit() as way:
        yield way


@pytest.fixture(autouse=True)
def own_clients() -> Iterator[None]:
    """A test serves its own clients alone, none that another has left behind on a loop that has ended."""
    yield
    hub._clients.clear()


@pytest.fixture
def key() -> str:
    """A word that no other test uses, for a room or for notes of one's own."""
    return f"key-{next(_numbers)}"


@pytest.fixture(scope="session")
def nginx_program() -> str:
    """Path of nginx; without one the test is skipped, in CI it fails."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        do_without("Expected a program 'nginx', to put in front of servers.")
    return program


@pytest.fixture(scope="session")
def redis_program() -> str:
    """Path of redis-server; without one the test is skipped, in CI it fails."""
    program = shutil.which("redis-server")
    if program is None:
        do_without("Expected a program 'redis-server' on the PATH, to test several processes with.")
    return program


@pytest.fixture(scope="session")
def redis(redis_program: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis that all tests share."""
    redis = RedisServer(redis_program, tmp_path_factory.mktemp("redis"))
    yield redis
    servers.stop()  # before what some of them need
    redis.stop()


@pytest.fixture
def mortal_redis(redis_program: str, tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own, to be killed."""
    redis = RedisServer(redis_program, tmp_path)
    yield redis
    redis.stop()


@pytest.fixture
def mortal_servers(mortal_redis: RedisServer, database: Path, tmp_path: Path) -> Iterator[Servers]:
    """Servers on that."""
    with servers_on(mortal_redis, database, tmp_path) as servers:
        yield servers


@pytest.fixture
def old_project(tmp_path: Path) -> dict[str, str]:
    """The variables of a process that serves a project of 2017, which is in ``tmp_path``."""
    return write_old_project(tmp_path)
