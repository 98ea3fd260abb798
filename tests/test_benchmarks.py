"""What the rows of the benchmarks promise can be looked up, and what CI measures needs no environment of its own."""

import ast
from fractions import Fraction

import pytest

from benchmarks import original
from benchmarks.comparison import Comparison, Entry
from benchmarks.rows import comparisons
from benchmarks.targets import Target

ROWS = list(comparisons(redis=None, many=10_000))


def test_the_chat_of_the_original_package_needs_nothing_that_only_we_have() -> None:
    tree = ast.parse((original.DIRECTORY / "chat.py").read_text())
    imported = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module != "typing"]
    assert [(node.module, [name.name for name in node.names]) for node in imported] == [
        ("tornado_websockets.websocket", ["WebSocket"])
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_whom_a_target_names_takes_part(row: Comparison) -> None:
    names = [entry.name for entry in row.entries]
    assert len(names) == len(set(names))
    assert {target.rival for target in row.targets if target.rival is not None} <= set(names)


def test_the_short_form_has_nobody_from_another_environment() -> None:
    shortened = [row.shortened() for row in ROWS if row.importance]
    assert any("compressed" in row.title for row in shortened)
    for row in shortened:
        assert row.targets, row.title
        assert not any(entry.is_apart for entry in row.entries), row.title


def test_the_short_form_leaves_out_whom_no_target_names() -> None:
    def entry(name: str, *, is_apart: bool = False) -> Entry:
        return Entry(name, lambda _: {"µs": 1.0}, is_apart=is_apart)

    targets = [Target("µs", 1.0, "rival"), Target("µs", Fraction(1, 2), "far"), Target("µs", 5)]
    row = Comparison("work", [entry("ours"), entry("rival"), entry("other"), entry("far", is_apart=True)], targets)
    shortened = row.shortened()
    assert [each.name for each in shortened.entries] == ["ours", "rival"]
    assert shortened.targets == [targets[0], targets[2]]
