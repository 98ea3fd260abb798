"""What is said of the paths that are served."""

import logging
from types import SimpleNamespace

import pytest
from django.test import modify_settings, override_settings

from tornado_websockets.core.registry import Registry
from tornado_websockets.paths import PathPattern
from tornado_websockets.serving.announcing import MOST_NAMED, announce, not_found, why_unknown


def served(*paths):
    registry = Registry()
    for path in paths:
        registry.add(PathPattern(path), SimpleNamespace(path=path))
    return registry


def test_names_every_path(caplog):
    caplog.set_level(logging.INFO)
    announce(served("/chat", "/room/<slug:room>"))
    assert caplog.messages == ["WebSockets: /ws/chat, /ws/room/<slug:room>"]


def test_names_some_of_many(caplog):
    caplog.set_level(logging.INFO)
    announce(served(*(f"/{number}" for number in range(MOST_NAMED + 5))))
    assert caplog.messages[0].endswith(f"/ws/{MOST_NAMED - 1} and 5 more")


def test_says_where_they_belong_when_there_is_none(caplog):
    caplog.set_level(logging.INFO)
    announce(served())
    assert "module websockets" in caplog.text


def test_says_that_nobody_looks_for_them_where_the_app_is_not_installed(caplog):
    caplog.set_level(logging.INFO)
    with modify_settings(INSTALLED_APPS={"remove": ["tornado_websockets"]}):
        announce(served())
    assert "add 'tornado_websockets' to INSTALLED_APPS" in caplog.text


@pytest.mark.parametrize("asked", ["/ws/caht", "/caht", "caht"])
@override_settings(DEBUG=True)
def test_asks_what_was_meant(asked):
    reason = why_unknown(served("/chat", "/news"), asked)
    assert reason == "there is no WebSocket. Did you mean '/ws/chat'? There are: /ws/chat, /ws/news"


def test_code_that_names_no_path_is_told_what_there_is():
    text = not_found(served("/chat", "/news"), "/caht")
    assert text == "There is no WebSocket at '/caht'. Did you mean '/chat'? There are: /ws/chat, /ws/news."


@override_settings(DEBUG=False)
def test_in_production_a_line_is_short():
    assert why_unknown(served("/chat"), "/ws/caht") == "there is no WebSocket"


@override_settings(DEBUG=True)
def test_a_path_that_is_too_long_is_compared_with_nothing():
    assert (
        why_unknown(served("/chat"), "/ws/" + "x" * 2000) == "its path has 2001 characters, of which 1024 are allowed"
    )
