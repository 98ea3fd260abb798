"""Handlers on PostgreSQL, whose connections cost something and can be killed."""

import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.asgi import Server
from tests.support.postgres import Postgres
from tests.support.process import PYTHON, ROOT, environment
from tests.support.transports import SERVERS, Servers


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """One with all tables; without the program the tests are skipped, in CI they fail."""
    postgres = Postgres()
    try:
        command = (*PYTHON, "-m", "django", "migrate", "--verbosity", "0")
        variables = environment({"TEST_POSTGRES": str(postgres.port)})
        subprocess.run(command, cwd=ROOT, env=variables, check=True)
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture(params=SERVERS)
async def on_postgres(request: pytest.FixtureRequest, servers: Servers, postgres: Postgres) -> AsyncIterator[Server]:
    """Each server on it; stopped before that is."""
    with servers.fresh(request.param, TEST_POSTGRES=str(postgres.port), TEST_TORNADO_WEBSOCKETS="{}") as server:
        async with server.visit() as visit:
            yield visit


@pytest.mark.parametrize("handler", ["count", "acount_if_possible"])
async def test_handlers_recover_at_once_when_connections_are_killed(
    on_postgres: Server, postgres: Postgres, handler: str
) -> None:
    client, other = await on_postgres.connect("/people"), await on_postgres.connect("/people")
    for _ in range(3):
        assert isinstance(await client.request(handler), int)
        postgres.kill_connections()
        assert isinstance(await other.request(handler), int)


async def test_idle_paths_hold_no_connections(on_postgres: Server, postgres: Postgres) -> None:
    before = postgres.connections()
    for number in range(40):
        client = await on_postgres.connect(f"/shelf/{number}")
        await client.request("count")
    assert postgres.connections() <= before + 1
