import json

import pytest

from tornado_websockets.core.protocol.control import MAX_CONTROL_SIZE, read_control
from tornado_websockets.core.protocol.frames import Frame
from tornado_websockets.core.protocol.limits import Limits

LIMITS = Limits()
LONG = "x" * MAX_CONTROL_SIZE


@pytest.mark.parametrize("event", ["tws.ping", "tws.cancel", "tws.something"])
def test_events_of_the_protocol_are_read(event):
    assert read_control(json.dumps({"event": event, "id": 7}), LIMITS) == Frame(event, {}, 7)


@pytest.mark.parametrize(
    "message",
    [
        '{"event": "say", "data": {"text": "\\"tws.ping\\""}}',
        '{"event": "tws.ping"',
        b'{"event": "tws.ping"}',
        '["tws.ping"]',
    ],
)
def test_others_are_not(message):
    assert read_control(message, LIMITS) is None


@pytest.mark.parametrize("answer", [{"data": [1]}, {"data": None}, {"error": {"code": "no"}}, {}], ids=repr)
def test_an_answer_is_what_it_consists_of(answer):
    frame = read_control(json.dumps({"event": "tws.reply", "id": "s1", "more": 1, **answer}), LIMITS)
    assert frame == Frame("tws.reply", answer, "s1")


def test_long_ones_are_not_unless_they_answer_a_question():
    answer = json.dumps({"event": "tws.reply", "id": "s1", "data": LONG})
    assert read_control(answer, LIMITS) is None
    assert read_control(answer, LIMITS, asked={"s1"}) == Frame("tws.reply", {"data": LONG}, "s1")
    assert read_control(answer, LIMITS, asked={"s2"}) is None
    cancel = json.dumps({"event": "tws.cancel", "id": "s1", "more": LONG})
    assert read_control(cancel, LIMITS, asked={"s1"}) is None


def test_a_long_hello_is_where_one_is_taken():
    hello = json.dumps({"event": "tws.hello", "data": {"since": {LONG: 1}}})
    assert read_control(hello, LIMITS) == Frame("tws.hello", {"since": {LONG: 1}})
    assert read_control(hello, LIMITS, takes_hello=False) is None
