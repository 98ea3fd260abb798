import logging
from dataclasses import dataclass

import pytest

from tornado_websockets.core.registry import MAX_PATH, PREFIX, Registry


@dataclass(frozen=True)
class Pattern:
    """``/exact``, or ``/prefix/<rest>``."""

    text: str

    @property
    def names(self):
        return frozenset({"rest"} if "<" in self.text else ())

    def match(self, path):
        start = self.text.partition("<")[0]
        return {"rest": path[len(start) :]} if path.startswith(start) else None


@dataclass(frozen=True, eq=False)
class Item:
    """What is served at a path."""

    text: str


def add(registry, text):
    item = Item(text)
    registry.add(Pattern(text), item)
    return item


@pytest.fixture
def registry():
    return Registry()


def test_the_prefix_is_that_of_the_contract():
    assert PREFIX == "/ws"


def test_finds_by_path_below_the_prefix(registry):
    chat = add(registry, "/chat")
    assert registry.find("/ws/chat") == (chat, {})


@pytest.mark.parametrize(
    "path", ["/chat", "/ws", "/ws/", "ws/chat", "/wschat", "/ws/chat/", "/ws/other", "/ws//chat", ""]
)
def test_finds_nothing_at_other_paths(registry, path):
    add(registry, "/chat")
    assert registry.find(path) is None


def test_finds_the_parameters_of_a_pattern(registry):
    room = add(registry, "/room/<rest>")
    assert registry.find("/ws/room/lobby") == (room, {"rest": "lobby"})


def test_finds_no_pattern_that_does_not_match(registry):
    add(registry, "/room/<rest>")
    assert registry.find("/ws/hall/lobby") is None


def test_prefers_the_exact_path_though_it_is_younger(registry):
    add(registry, "/room/<rest>")
    exact = add(registry, "/room/lobby")
    assert registry.find("/ws/room/lobby") == (exact, {})


def test_prefers_the_older_pattern(registry):
    older = add(registry, "/room/<rest>")
    add(registry, "/room/l<rest>")
    assert registry.find("/ws/room/lobby") == (older, {"rest": "lobby"})


def test_tries_the_next_pattern(registry):
    add(registry, "/room/<rest>")
    younger = add(registry, "/hall/<rest>")
    assert registry.find("/ws/hall/x") == (younger, {"rest": "x"})


def test_finds_the_longest_path_and_no_longer_one(registry):
    room = add(registry, "/room/<rest>")
    longest = "/room/".ljust(MAX_PATH, "a")
    assert registry.find(PREFIX + longest) == (room, {"rest": longest.removeprefix("/room/")})
    assert registry.find(f"{PREFIX}{longest}a") is None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/ws/chat", "there is no WebSocket"),
        ("/ws" + "/chat".ljust(1024, "a"), "there is no WebSocket"),
        ("/ws" + "/chat".ljust(1025, "a"), "its path has 1025 characters, of which 1024 are allowed"),
        ("/elsewhere".ljust(2000, "a"), "there is no WebSocket"),
    ],
    ids=["unknown", "longest", "too long", "not ours"],
)
def test_says_why_a_path_is_unknown(registry, path, reason):
    assert registry.why_unknown(path) == reason


def test_iterates_in_the_order_of_preference(registry):
    pattern, exact, other = (add(registry, text) for text in ("/room/<rest>", "/chat", "/<rest>"))
    assert list(registry) == [exact, pattern, other]


@pytest.mark.parametrize("path", ["/chat", "/room/<rest>"])
def test_a_second_one_takes_the_place_of_the_first(registry, path):
    add(registry, path)
    second = add(registry, path)
    assert list(registry) == [second]


def test_says_so_when_a_second_one_takes_the_place_of_the_first(registry, caplog):
    add(registry, "/chat")
    with caplog.at_level(logging.WARNING, "tornado_websockets"):
        add(registry, "/other")
        assert caplog.records == []
        add(registry, "/chat")
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "'/chat'" in record.getMessage()


def told(registry):
    """What a listener is told from now on."""
    seen = []
    registry.listen(lambda *call: seen.append(call))
    return seen


def test_tells_a_listener_at_once_what_there_is(registry):
    pattern, exact = add(registry, "/room/<rest>"), add(registry, "/chat")
    assert told(registry) == [(exact, 0, False), (pattern, 1, False)]


def test_tells_every_listener_what_was_added_and_where(registry):
    first, second = told(registry), told(registry)
    pattern, exact, other = (add(registry, text) for text in ("/room/<rest>", "/chat", "/<rest>"))
    assert first == second == [(pattern, 0, False), (exact, 0, False), (other, 2, False)]


@pytest.mark.parametrize(("path", "place"), [("/chat", 1), ("/room/<rest>", 2)])
def test_tells_a_listener_whose_place_was_taken(registry, path, place):
    for each in ("/other", "/chat", "/room/<rest>"):
        add(registry, each)
    seen = told(registry)
    seen.clear()
    second = add(registry, path)
    assert seen == [(second, place, True)]
    assert list(registry)[place] is second


def test_tells_no_listener_that_something_was_looked_up(registry):
    add(registry, "/chat")
    seen = told(registry)
    registry.find("/ws/chat")
    assert len(seen) == 1
