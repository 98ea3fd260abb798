"""``docs/compared.md`` is what the scripts say; those of ours that take no time are run."""

import re
import shutil

import pytest

from benchmarks.compared.__main__ import scripts_table
from benchmarks.compared.peers import OURS, PEERS
from benchmarks.compared.questions import QUESTIONS, Question
from tests.support.missing import do_without
from tests.support.process import ROOT

PAGE = (ROOT / "docs" / "compared.md").read_text()

#: That take less than two seconds each.
QUICK = {
    "a user logs out",
    "the transaction rolls back",
    "a page of another site connects",
    "a message is missed",
}


def place(name: str) -> str:
    """What has been written into a place of the page."""
    found = re.search(f"<!-- {name} -->(.*)<!-- end of {name} -->", PAGE, re.DOTALL)
    assert found, name
    return found[1].strip()


def cells(name: str) -> list[list[str]]:
    """The table of a place, its head first."""
    lines = [line for line in place(name).splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [rows[0], *rows[2:]]


def test_the_table_has_every_peer_and_every_question() -> None:
    head, *rows = cells("outcomes")
    assert head[1:] == [peer.name for peer in PEERS]
    assert [row[0] for row in rows] == [question.title for question in QUESTIONS]
    for row in rows:
        assert len(row) == len(head)
        assert all(row), row
        assert not any("could not be tried" in cell for cell in row), row


def test_the_table_says_when_and_with_what() -> None:
    told = place("outcomes").splitlines()[0]
    assert re.match(r"20\d\d-\d\d-\d\d, `python -m benchmarks\.compared --docs docs`, Python ", told)
    for peer in PEERS:
        assert re.search(rf"{re.escape(peer.package)} \d", told), peer.package


def test_the_page_says_what_the_scripts_do() -> None:
    assert place("scripts") == scripts_table().strip()


def test_the_versions_are_those_that_are_installed() -> None:
    told = place("outcomes").splitlines()[0]
    for peer in PEERS[1:]:
        version = peer.requirements[0].partition("==")[2]
        assert f"{peer.package} {version}" in told


@pytest.mark.parametrize("question", [each for each in QUESTIONS if each.title in QUICK], ids=lambda each: each.title)
def test_our_column_is_what_happens(question: Question) -> None:
    if shutil.which("redis-server") is None:
        do_without("There is no redis-server")
    told = {row[0]: row[1] for row in cells("outcomes")[1:]}
    assert question.answer(OURS) == told[question.title]
