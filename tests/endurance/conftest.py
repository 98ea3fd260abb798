"""Figures that the tests of endurance leave, printed when all are done."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.support.asgi import Server
from tests.support.transports import SERVERS, Servers

from .scale import VARIABLES

#: Property of a test, of the kind that reaches whoever prints, though another process ran the test.
FIGURE = "figure"

Report = Callable[[str], None]


@pytest.fixture(params=SERVERS)
async def server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Each of the servers, as everywhere, but for the long form."""
    async with servers.get(request.param, "application", (), 1, **VARIABLES).visit() as server:
        yield server


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Takes a line with a figure, to be printed beside the name of the test."""
    return lambda line: request.node.user_properties.append((FIGURE, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcomes = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    figures = [
        f"{outcome.nodeid.rpartition('::')[2]}: {line}"
        for outcome in outcomes
        if outcome.when == "call"
        for name, line in outcome.user_properties
        if name == FIGURE
    ]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(line)
