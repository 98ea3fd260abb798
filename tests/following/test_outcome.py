"""What became of a row, from its first step and its last."""

import pytest

from tornado_websockets.following.outcome import NOWHERE, UNHEARD, UNKNOWN, Step, outcome


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        ((NOWHERE, "/a"), None, "created /a"),
        ((NOWHERE, "/a"), ("/a", "/b"), "created /b"),
        ((NOWHERE, "/a"), ("/a", NOWHERE), ""),
        ((NOWHERE, UNHEARD), None, ""),
        (("/a", "/a"), None, "changed /a"),
        (("/a", "/b"), None, "deleted /a, created /b"),
        (("/a", "/b"), ("/b", "/a"), "changed /a"),
        (("/a", "/b"), ("/b", "/c"), "deleted /a, created /c"),
        (("/a", "/b"), ("/b", NOWHERE), "deleted /a"),
        (("/a", UNHEARD), None, "deleted /a"),
        ((UNHEARD, "/a"), None, "created /a"),
        ((UNHEARD, NOWHERE), None, ""),
        ((UNKNOWN, "/a"), None, "changed /a"),
        ((UNKNOWN, UNHEARD), None, ""),
        ((UNKNOWN, "/a"), ("/a", NOWHERE), "deleted /a"),
        (("/a", NOWHERE), (NOWHERE, "/a"), "changed /a"),
        (("/a", NOWHERE), (NOWHERE, "/b"), "deleted /a, created /b"),
    ],
)
def test_outcome(first, last, told):
    first = Step(*first)
    last = first if last is None else Step(*last)
    assert ", ".join(f"{kind.value} {path}" for kind, path in outcome(first, last)) == told
