"""What is told of many rows together."""

import pytest

from tests.following.models import Message
from tornado_websockets.following.following import Following
from tornado_websockets.following.ledger import MAX_ROWS, Entry, Report, tell
from tornado_websockets.following.outcome import NOWHERE, Step
from tornado_websockets.websocket import endpoint_of


@pytest.fixture
def following(wire):
    ws = wire.websocket("/room/<int:room>")
    return Following(endpoint_of(ws), Message, {"room": "room_id"}, ("id",), "message")


def entries(following, count, before=NOWHERE, after=NOWHERE):
    report = Report(following, Step(before, after), "{}}")
    return [Entry("message", key, [report]) for key in range(count)]


def test_as_many_rows_as_may_be_are_told_one_by_one(following, wire):
    tell(entries(following, MAX_ROWS, after="/room/1"))
    assert [event for _, event, _ in wire.take()] == ["message_created"] * 1000


def test_more_rows_of_one_path_are_one_event(following, wire):
    many = entries(following, MAX_ROWS + 1, after="/room/1")
    few = entries(following, 2, before="/room/2")
    tell([*many, *(Entry("other", each.key, each.reports) for each in few)])
    assert wire.take() == [
        ("/room/2", "message_deleted", {"id": 0}),
        ("/room/2", "message_deleted", {"id": 1}),
        ("/room/1", "message_many", {"count": 1001}),
    ]


def test_many_rows_that_move_are_many_at_both_paths(following, wire):
    tell(entries(following, MAX_ROWS + 1, before="/room/1", after="/room/2"))
    assert wire.take() == [(f"/room/{room}", "message_many", {"count": 1001}) for room in (1, 2)]


def test_rows_are_counted_and_not_saves(following, wire):
    some = entries(following, 600, after="/room/1")
    tell([*some, *some])
    assert len(wire.take()) == 600
