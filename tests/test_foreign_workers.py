"""Workers of other programs that publish, with threads, forks and greenlets: gunicorn's and Celery's."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.asgi import Server
from tests.support.process import PYTHON, Process, run_python
from tests.support.redis import RedisServer
from tests.support.sockets import SocketClient
from tests.support.transports import Servers


@pytest.fixture(params=["core", "pubsub"])
def layer(request: pytest.FixtureRequest) -> str:
    """What carries their messages."""
    name: str = request.param
    return name


@pytest.fixture
async def listener(mortal_servers: Servers, layer: str) -> AsyncIterator[SocketClient]:
    """A client that hears what they publish."""
    async with mortal_servers.get("daphne", TEST_LAYER=layer).visit() as server:
        yield await server.connect("/news")


@pytest.fixture
def gunicorn(mortal_servers: Servers, layer: str) -> Iterator[Server]:
    """Its workers for gevent, which put greenlets in the place of threads."""
    with mortal_servers.fresh("gunicorn-gevent", TEST_LAYER=layer) as server:
        yield server


async def test_views_in_greenlets_publish_and_query(gunicorn: Server, listener: SocketClient) -> None:
    pages = ["/publish", "/publish-in-thread", "/create-user", "/publish-in-transaction"]
    for page in pages:
        await gunicorn.request(page)
    heard = [(await listener.receive())["event"] for _ in range(5)]
    assert heard == ["published", "published", "published", "now", "later"]


async def test_views_in_greenlets_publish_at_the_same_time(gunicorn: Server, listener: SocketClient) -> None:
    await asyncio.gather(*(gunicorn.request("/publish") for _ in range(20)))
    assert [(await listener.receive())["event"] for _ in range(20)] == ["published"] * 20


@pytest.fixture
def celery(
    request: pytest.FixtureRequest, layer: str, mortal_redis: RedisServer, database: Path, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """Two of Celery's workers in a pool of that kind; gives the environment of whoever asks them."""
    variables = {"TEST_REDIS": mortal_redis.url, "TEST_LAYER": layer, "TEST_DATABASE": str(database)}
    options = ("-l", "info", "-P", request.param, "-c", "2", "--without-mingle", "--without-gossip")
    command = (*PYTHON, "-m", "celery", "-A", "tests.project.celery", "worker", *options)
    worker = Process(command, tmp_path / "celery.log", variables)
    worker.wait_for(r"ready\.")
    yield variables
    worker.stop()


@pytest.mark.parametrize(
    ("celery", "layer"), [("prefork", "core"), ("threads", "pubsub"), ("gevent", "pubsub")], indirect=True
)
async def test_tasks_publish_and_query(celery: dict[str, str], listener: SocketClient) -> None:
    ask = "from tests.project.celery import publish\nfor number in range(6): publish.delay(number)"
    await run_python("-c", ask, **celery)
    heard = [await listener.receive() for _ in range(12)]
    for event in ("published", "counted"):
        assert sorted(frame["data"]["n"] for frame in heard if frame["event"] == event) == list(range(6))
