"""What the rows of the benchmarks promise can be looked up, and what CI measures needs no environment of its own."""

import ast
from fractions import Fraction

import pytest

from benchmarks import original
from benchmarks.comparison import Comparison, Entry
from benchmarks.profiles.segments import Window, rows_of
from benchmarks.profiles.stacks import KERNEL, LOOP, OTHERS, SERVER, by_layer
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


SEND = "UvicornTransport.send (channels_bridge/transports/uvicorn.py:86)"


@pytest.mark.parametrize(
    ("inner", "layer"),
    [
        ("Outbox.push (tornado_websockets/core/connections/outbox.py:80)", "tornado_websockets"),
        (f"{SEND};PyList_Append (listobject.c:334)", "channels_bridge"),
        (f"{SEND};UVStream_write (loop.c:109949);write (libc.so.6)", KERNEL),
        (f"{SEND};UVStream_write (loop.c:109949)", LOOP),
        ("Event.is_set (asyncio/locks.py:180)", LOOP),
        ("Frame.parse (websockets/frames.py:295);memcpy (libc.so.6)", SERVER),
        ("loads (json/__init__.py:346)", OTHERS),
        ("uv__io_poll (linux.c:1400);epoll_pwait (libc.so.6)", None),
    ],
)
def test_a_sample_belongs_to_whoever_was_at_work(inner: str, layer: str | None) -> None:
    """The stacks are written as py-spy does: the outermost function first, and then how often it was seen."""
    found = by_layer([f"main (uvicorn/server.py:60);{inner} 3", f"{inner} 1"])
    assert found == ({} if layer is None else {layer: 4})


def test_windows_are_told_of_by_their_cost_a_fifth_in_each_row() -> None:
    windows = [Window("uvloop" if number % 2 else "asyncio", 10.0 - number, 0.75, 1.5) for number in range(10)]
    rows = list(rows_of(windows))
    assert rows[0] == ("1.00 to 2.00", "1.50", "0.75", "1", "1")
    assert rows[-1][0] == "9.00 to 10.00"
