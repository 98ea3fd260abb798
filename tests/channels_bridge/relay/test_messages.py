import json

import msgpack
import pytest

from channels_bridge.relay.messages import (
    EVENT,
    MAX_NUMBER,
    MAX_TEXT,
    MAX_TEXTS,
    NARROW,
    NOTES,
    RELAY,
    Batch,
    Event,
    InvalidMessage,
    Notes,
    glimpse,
    is_frame,
)
from tornado_websockets.core.delivery.audience import Audience
from tornado_websockets.encoding import encoder

FRAME = '{"event":"say","data":{}}'

#: What may come where something else is expected.
STRANGE = [None, True, 1, 1.5, b"bytes", [], {}, {"a": 1}, ...]


def test_the_type_for_other_programs_is_that_of_the_contract():
    assert EVENT == "websocket.event"
    assert RELAY != EVENT


def others(*allowed):
    """Strange values of other types than these."""
    return [value for value in STRANGE if type(value) not in allowed]


class TestBatch:
    @pytest.fixture
    def message(self):
        return Batch("sender.1.0", "/chat", 1, [FRAME, FRAME], [None, "say"]).to_message()

    def test_survives_the_journey(self):
        sent = Batch("sender", "/é", 7, [FRAME, FRAME], [None, "say"])
        message = sent.to_message()
        assert message["type"] == RELAY
        assert Batch.from_message(message) == sent

    @pytest.mark.parametrize(
        "serialise",
        [lambda value: json.loads(json.dumps(value)), lambda value: msgpack.unpackb(msgpack.packb(value))],
        ids=["json", "msgpack"],
    )
    def test_survives_what_layers_do_with_it(self, message, serialise):
        assert Batch.from_message(serialise(message)) == Batch.from_message(message)

    def test_may_hold_more_than_this_version_knows(self, message):
        assert Batch.from_message({**message, "more": 1}) == Batch.from_message(message)

    def test_may_hold_no_texts(self, message):
        assert Batch.from_message({**message, "texts": [], "keys": []}).texts == []

    @pytest.mark.parametrize("missing", ["sender", "path", "first", "texts", "keys"])
    def test_holds_no_less(self, message, missing):
        del message[missing]
        with pytest.raises(InvalidMessage, match=f"'{missing}', got None") as refusal:
            Batch.from_message(message)
        assert refusal.value.field == missing

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("sender", value) for value in (*others(str), "", "x" * 129)),
            *(("path", value) for value in (*others(str), "", "/".ljust(1025, "x"))),
            *(("first", value) for value in (*others(int), "1", 0, -1, MAX_NUMBER + 1, 10**18)),
            *(("texts", value) for value in (*others(list), FRAME, [FRAME] * (MAX_TEXTS + 1))),
            *(("texts", [FRAME, value]) for value in (*STRANGE, "", "hi", "\udc80", '{"event":"\xe9","data":{}}')),
            *(("keys", value) for value in (*others(list), "say", [], [None], [None] * 3)),
            *(("keys", [None, value]) for value in (*others(type(None)), "x" * (len(FRAME) + 1))),
            *(("began", value) for value in others(float, type(None))),
        ],
        ids=lambda value: repr(value)[:80],
    )
    def test_holds_nothing_else(self, message, field, value):
        with pytest.raises(InvalidMessage, match=f"as {field!r}, got "):
            Batch.from_message({**message, field: value})


class TestNarrowBatch:
    @pytest.fixture
    def message(self):
        audiences = [Audience(users=frozenset("5")), Audience(exclude=frozenset("a"))]
        return Batch("sender.1.0", "/chat", 1, [FRAME, FRAME], [None, "say"], None, audiences).to_message()

    def test_survives_the_journey(self, message):
        assert message["type"] == NARROW
        assert Batch.from_message(json.loads(json.dumps(message))).to_message() == message

    def test_of_the_plain_type_is_for_all(self, message):
        assert Batch.from_message({**message, "type": RELAY}).audiences is None

    @pytest.mark.parametrize(
        "audiences", [*others(list), ["{}"], ["{}"] * 3, ["{}", ""], ["{}", None], ["{}", "[]"]], ids=repr
    )
    def test_is_refused_where_it_is_unclear_whom_it_is_for(self, message, audiences):
        with pytest.raises(InvalidMessage) as raised:
            Batch.from_message({**message, "audiences": audiences})
        assert raised.value.field == "audiences"


class TestNotes:
    @pytest.fixture
    def message(self):
        return Notes("sender", ["disconnect", "recheck"], ["{}", '{"user":"5"}']).to_message()

    def test_survive_the_journey(self, message):
        assert message["type"] == NOTES
        assert Notes.from_message(json.loads(json.dumps(message))).to_message() == message

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("sender", None),
            ("sender", "a" * 129),
            ("events", ["disconnect"]),
            ("events", ["disconnect", 5]),
            ("events", None),
            ("texts", ["{}", 5]),
            ("texts", "{}"),
            ("texts", ["{}"] * 1_001),
        ],
        ids=lambda value: repr(value)[:30],
    )
    def test_are_refused_where_a_field_is_wrong(self, message, field, value):
        with pytest.raises(InvalidMessage) as raised:
            Notes.from_message({**message, field: value})
        assert raised.value.field in {field, "events", "texts"}


class TestEvent:
    @pytest.fixture
    def message(self):
        return {"type": EVENT, "path": "/chat", "event": "say", "data": {"a": 1}}

    def test_is_what_the_message_says(self, message):
        assert Event.from_message(message) == Event("/chat", "say", {"a": 1})

    @pytest.mark.parametrize("data", ["text", {}, None], ids=repr)
    def test_has_data_of_three_types(self, message, data):
        assert Event.from_message({**message, "data": data}).data == data

    def test_needs_no_data(self, message):
        del message["data"]
        assert Event.from_message(message).data is None

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("path", value) for value in (*others(str), "", "/".ljust(1025, "x"))),
            *(("event", value) for value in (*others(str), "")),
            *(("data", value) for value in others(str, dict, type(None))),
        ],
        ids=lambda value: repr(value)[:80],
    )
    def test_is_nothing_else(self, message, field, value):
        with pytest.raises(InvalidMessage, match=f"expected .* as '{field}', got "):
            Event.from_message({**message, field: value})


class TestFrame:
    @pytest.mark.parametrize("data", [{"a": ["é", None]}, "</script>", None], ids=repr)
    @pytest.mark.parametrize("event", ["say", '"\ud83d', ""], ids=ascii)
    def test_is_what_the_encoder_writes(self, event, data):
        assert is_frame(encoder.event(event, data))

    @pytest.mark.parametrize(
        "text", [None, b'{"event":"say"}', "hi", "[]", "{}", FRAME[:-2], f" {FRAME}", FRAME.replace("a", "é")], ids=repr
    )
    def test_is_nothing_else(self, text):
        assert not is_frame(text)

    def test_has_a_greatest_length(self):
        start, end = '{"event":"say","data":{"a":"', '"}}'
        longest = start + "x" * (MAX_TEXT - len(start + end)) + end
        assert is_frame(longest)
        assert not is_frame(longest.replace("x", "xx", 1))


def test_what_is_shown_in_the_log_is_short_and_escaped():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    for value in (["x" * 100] * 100, "é\n" * 1000, deep, b"\0" * 1000, 10**1000, {str(n): n for n in range(1000)}):
        shown = glimpse(value)
        assert 0 < len(shown) <= 64
        assert "\n" not in shown
    assert glimpse("chat.message") == "'chat.message'"
