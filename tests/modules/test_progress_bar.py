"""The progress bar of old, with a WebSocket of its own."""

import pytest

from tornado_websockets.modules.progress_bar import ProgressBar
from tornado_websockets.testing import Client
from tornado_websockets.websocket import registry


def make(path="imports", **options):
    return ProgressBar(path, add_to_handlers=False, **options)


@pytest.mark.parametrize("path", ["imports", "/imports"])
def test_has_a_websocket_of_its_own(path):
    bar = make(path)
    assert (bar.path, bar.websocket.path) == ("/imports", "/module/progress_bar/imports")


@pytest.mark.parametrize("path", [None, b"imports", 1])
def test_other_things_are_no_path(path):
    with pytest.raises(TypeError, match="the path of a progress bar as a str"):
        make(path)


def test_is_served_unless_asked_not_to():
    bar = ProgressBar("served")
    found = registry.find("/ws/module/progress_bar/served")
    assert found is not None
    assert found[0] is bar.websocket
    assert make("not-served").websocket not in list(registry)


async def test_sends_the_events_unprefixed_with_a_value():
    bar = make(max=1)
    async with Client(bar.websocket.path, websocket=bar.websocket) as client:
        bar.tick("one")
        frames = [await client.receive_any() for _ in range(7)]
    assert frames == [
        ("before_init", {}),
        ("init", {"indeterminate": False, "min": 0, "max": 1, "value": 0}),
        ("after_init", {}),
        ("before_update", {}),
        ("update", {"value": 1, "label": "one"}),
        ("after_update", {}),
        ("done", {}),
    ]


async def test_handlers_are_registered_on_it_open_too():
    bar = make()
    bar.context = object()

    @bar.on
    async def open(self, socket):  # noqa: A001 the name of the event
        socket.emit("opened", {"is_context": self is bar.context})

    async with Client(bar.websocket.path, websocket=bar.websocket) as client:
        assert await client.receive("opened") == {"is_context": True}


def test_is_indeterminate_when_min_and_max_are_equal():
    assert make(min=3, max=3).indeterminate
    assert not make(min=3, max=4).indeterminate


@pytest.mark.parametrize("value", [-1, 101])
def test_value_is_checked(value):
    bar = make()
    with pytest.raises(ValueError, match="value from 0 to 100"):
        bar.value = value
    assert bar.value == 0


def test_value_may_be_set():
    bar = make()
    bar.value = 100
    assert bar.is_done()
