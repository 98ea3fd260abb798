"""Figures that the tests of endurance leave, printed when all are done."""

from collections.abc import Callable

import pytest

_figures = pytest.StashKey[list[str]]()

Report = Callable[[str], None]


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
