"""What a WebSocket may be told to keep."""

import pytest
from django.test import override_settings

from tornado_websockets.exceptions import StoreError
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"history": "100"}, TypeError),
        ({"history": True}, TypeError),
        ({"history": None}, TypeError),
        ({"history": -1}, ValueError),
        ({"retain": "track"}, TypeError),
        ({"retain": 7}, TypeError),
        ({"retain": [7]}, TypeError),
        ({"retain": [""]}, ValueError),
        ({"retain": ["tws.x"]}, ValueError),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(options, error):
    with pytest.raises(error, match="Expected"):
        WebSocket("/kept", add_to_handlers=False, **options)


def test_what_keeps_nothing_is_an_endpoint_as_any():
    plain = endpoint_of(WebSocket("/plain", add_to_handlers=False))
    told_so = endpoint_of(WebSocket("/plain", add_to_handlers=False, history=0, retain=[]))
    assert plain.kept_hub is told_so.kept_hub is None
    assert type(plain) is type(told_so)


def test_options_are_described():
    endpoint = endpoint_of(WebSocket("/kept", add_to_handlers=False, history=5, retain=["b", "a"]))
    assert (endpoint.options["history"], endpoint.options["retain"]) == (5, ("a", "b"))


class TestWithoutHistory:
    @pytest.fixture
    def ws(self):
        return WebSocket("/plain", add_to_handlers=False, retain=["track"])

    def test_there_is_no_position(self, ws):
        with pytest.raises(ValueError, match="has no history"):
            ws.position()

    def test_a_value_can_be_forgotten(self, ws):
        ws.forget("track")

    def test_only_names_of_events_can(self, ws):
        with pytest.raises(TypeError, match="Expected the name of an event"):
            ws.forget(7)

    def test_nothing_can_be_forgotten_where_nothing_is_kept(self):
        with pytest.raises(ValueError, match="keeps nothing"):
            WebSocket("/plain", add_to_handlers=False).forget("track")


def test_a_store_that_is_down_is_an_error_of_forget_and_none_of_position(settings_of_a_dead_store):
    ws = WebSocket("/kept", add_to_handlers=False, history=5)
    assert ws.position()
    with pytest.raises(StoreError):
        ws.forget(None)


@pytest.fixture
def settings_of_a_dead_store():
    with override_settings(TORNADO_WEBSOCKETS={"STORE": "redis://127.0.0.1:9/7"}):
        yield
