"""Figures that the tests of endurance leave, printed when all are done."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.servers.asgi import Server
from tests.servers.transports import SERVERS, Servers

from .scale import VARIABLES

_figures = pytest.StashKey[list[str]]()

Report = Callable[[str], None]


@pytest.fixture(params=SERVERS)
async def server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Each of the servers, as everywhere, but for the long form."""
    async with servers.get(request.param, "application", (), 1, **VARIABLES).visit() as server:
        yield server


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Takes a line with a figure, to be printed beside the name of the test."""
    figures = request.config.stash.setdefault(_figures, [])
    name = request.node.name
    return lambda line: figures.append(f"{name}: {line}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(_figures, [])
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(line)
