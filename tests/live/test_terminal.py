"""The live page for a terminal, where nobody can be asked; what it prints, two processes say."""

import asyncio
import io

import pytest
from channels.layers import get_channel_layer
from django.core.management import CommandError, call_command
from django.test import override_settings

from channels_bridge.relay.publisher import Relay
from tests.support.layers import BROKER
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.live import terminal
from tornado_websockets.management.commands import websockets
from tornado_websockets.processes.survey import SurveyPace
from tornado_websockets.websocket import WebSocket


def test_without_a_layer_it_says_what_is_missing():
    with pytest.raises(CommandError, match="CHANNEL_LAYERS"):
        call_command("websockets", live=True)


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
def test_with_a_layer_of_each_process_it_says_so():
    with pytest.raises(CommandError, match="to itself"):
        call_command("websockets", live=True)


def test_who_looks_for_something_is_told_where():
    with pytest.raises(CommandError, match="--live"):
        call_command("websockets", find="/chat")


async def look(error=None):
    hub = Hub()
    hub.publisher = Relay(hub, Encoder())
    get_channel_layer().error = error
    return await terminal.look(hub, pace=SurveyPace(patience=0.1))


@override_settings(CHANNEL_LAYERS=BROKER)
def test_a_layer_that_is_down_is_no_empty_list():
    with pytest.raises(terminal.Unreachable):
        asyncio.run(look(OSError("down")))


@override_settings(CHANNEL_LAYERS=BROKER)
def test_nobody_is_told_apart_from_that():
    assert asyncio.run(look()) == "No process has a client.\n"


def test_nothing_that_is_shown_does_anything_to_a_terminal():
    lines = list(terminal._table(("path", "connections"), [("/\x1b[2J\n", 12), ("/chat", 3)]))
    assert lines == ["path    connections", "/?[2J?           12", "/chat             3", ""]


def test_what_a_terminal_has_no_characters_for_is_a_question_mark(monkeypatch):
    dumb = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(websockets, "registry", [WebSocket("/größe", add_to_handlers=False)])
    call_command("websockets", stdout=dumb)
    dumb.flush()
    assert b"/ws/gr??e" in dumb.buffer.getvalue()
