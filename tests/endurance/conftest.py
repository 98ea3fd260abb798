"""Figures that the tests of endurance leave, printed when all are done."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from zlib import crc32

import pytest

from tests.support.asgi import Server
from tests.support.transports import SERVERS, Servers

from .scale import IS_LONG, VARIABLES

#: Property of a test, of the kind that reaches whoever prints, though another process ran the test.
FIGURE = "figure"

Report = Callable[[str], None]


@pytest.fixture(params=SERVERS)
async def server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """Each of the servers, as everywhere, but for the long form."""
    async with servers.get(request.param, "application", (), 1, **VARIABLES).visit() as server:
        yield server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have the short form try each case on one of its servers, always the same one; the long form has them all."""
    if IS_LONG:
        return
    cases: dict[tuple[str, ...], list[pytest.Item]] = {}
    here = Path(__file__).parent
    for item in items:
        kind = _server_of(item)
        if kind is not None and here in item.path.parents:
            name = item.name.replace(kind, "", 1)
            cases.setdefault((str(item.path), name), []).append(item)
    chosen = {id(found[crc32(" ".join(case[1:]).encode()) % len(found)]) for case, found in cases.items()}
    left_out = [item for found in cases.values() for item in found if id(item) not in chosen]
    config.hook.pytest_deselected(items=left_out)
    unwanted = set(map(id, left_out))
    items[:] = [item for item in items if id(item) not in unwanted]


def _server_of(item: pytest.Item) -> str | None:
    """The server on which it is tried, where it is on several."""
    specification = getattr(item, "callspec", None)
    values = () if specification is None else specification.params.values()
    return next((value for value in values if isinstance(value, str) and value in SERVERS), None)


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
