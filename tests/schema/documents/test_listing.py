"""The description for people."""

from dataclasses import dataclass
from typing import Any

import pytest

from tornado_websockets.schema.documents import listing
from tornado_websockets.schema.documents.description import describe
from tornado_websockets.websocket import WebSocket, endpoint_of


@dataclass
class Item:
    price: int
    colour: str = "blue"


def is_welcome(socket): ...


def is_dear(): ...


@pytest.fixture
def ws():
    sends = {"sold": Item, "typing": None, "anything": dict[str, Any]}
    return WebSocket("/shop/<str:word>", add_to_handlers=False, sends=sends, authorize=is_welcome)


@pytest.fixture
def lines(ws):
    @ws.on
    def order(socket, data: Item): ...

    @ws.on_event("now and then", rate="2/h", allow=is_dear)
    def rarely(data) -> str: ...

    return listing.write(*describe([endpoint_of(ws)])).splitlines()


def test_has_the_path_and_options(lines):
    assert lines[0] == "/ws/shop/<str:word> authorize=is_welcome"


def test_has_handlers_with_arguments_and_the_types_of_data(lines):
    assert "  takes order(socket, data: Item)" in lines


def test_has_replies_and_rules(lines):
    assert "  takes now and then(data) -> string rate=2/h allow=is_dear" in lines


def test_has_what_is_sent(lines):
    assert [line for line in lines if "sends" in line] == [
        "  sends sold: Item", "  sends typing: Record<string, never>", "  sends anything"
    ]  # fmt: skip


def test_has_the_types_at_its_end(lines):
    assert lines[-2:] == ["", "Item = { price: number; colour?: string }"]
