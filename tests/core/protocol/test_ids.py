"""Where the id of a frame is found that nobody decodes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cost import cost
from tornado_websockets.core.protocol.ids import WINDOW, find_id
from tornado_websockets.core.protocol.outline import SHORT

LONG = "x" * 2 * SHORT
NESTED = {"data": {"id": "its own", "text": LONG, "last": {"id": "its own"}}}
IDS = [7, 0, -1, 2**70, "seven", "", 'a"b', "a\\", "id", "é", "😀", '"id": 9}', "\0"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("separators", [None, (",", ":")], ids=["as Python", "as a browser"])
@pytest.mark.parametrize(
    "members", ["event data id", "event id data", "id event data", "data event id", "v null id is data"]
)
@pytest.mark.parametrize("id_", IDS, ids=repr)
def test_id_of_a_long_frame_is_found_before_or_after_its_data(id_, members, separators, indent):
    values = {**NESTED, "id": id_, "event": "say", "v": 1.5, "null": None, "is": True}
    frame = {name: values[name] for name in members.split()}
    backwards = dict(reversed(frame.items()))
    for one in (frame, backwards):
        text = json.dumps(one, separators=separators, ensure_ascii=not separators, indent=indent)
        assert find_id(text) == id_


@pytest.mark.parametrize("space", [" ", "\n", "\r\n\t"])
def test_space_around_a_frame_hides_no_id(space):
    text = json.dumps({"event": "say", **NESTED, "id": 7})
    assert find_id(space * WINDOW + text + space * WINDOW) == 7


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"event": "say", **NESTED}),
        json.dumps({"event": "say", **NESTED})[:-1],
        json.dumps({**NESTED, "more": {"id": 7}}),
        json.dumps({**NESTED, "more": [{"id": 7}]}),
        json.dumps([NESTED, {"id": 7}]),
        json.dumps({"text": LONG + '", "id": 7}'}),
        json.dumps({"text": '{"id": 7, ' + LONG}),
        json.dumps({"text": LONG, 'a,"id': 7}),
        json.dumps('{"id": 7, ' + LONG + '"id": 7}'),
        json.dumps(LONG),
        LONG,
        " " * 2 * SHORT,
        "[" * 2 * SHORT,
    ],
)
def test_what_is_in_a_long_frame_is_not_its_id(text):
    assert find_id(text) is None


@pytest.mark.parametrize(
    "id_", ["1.5", "1e5", "true", "null", "[1]", '{"a": 1}', "007", '"\\ud83d"', '"a\nb"', '"' + LONG + '"']
)
def test_id_of_a_long_frame_that_can_not_be_sent_back_is_none(id_):
    assert find_id(f'{{"id": {id_}, "data": "{LONG}"}}') is None
    assert find_id(f'{{"data": {{"text": "{LONG}"}}, "id": {id_}}}') is None


@pytest.mark.parametrize("id_", ["1.5", "true", "null", "[1]", '"\\ud83d"', "9" * 5000])
def test_id_of_a_short_frame_that_can_not_be_sent_back_is_none(id_):
    assert find_id(f'{{"id": {id_}}}'[:SHORT]) is None


def test_id_of_a_short_frame_is_found_between_arrays_and_objects():
    assert find_id('{"a": [], "id": 7, "b": {"id": 8}}') == 7


@pytest.mark.parametrize("levels", [500, 1_900])
def test_id_of_a_short_frame_that_nests_too_deeply_to_be_read_is_found(levels):
    assert find_id('{"event": "say", "data": ' + "[" * levels + "]" * levels + ', "id": 7}') == 7


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_number_out_of_range_hides_no_id(number):
    assert find_id(f'{{"event": "say", "data": {{"n": {number}}}, "id": 7}}') == 7


@pytest.mark.parametrize("filling", ["", LONG])
def test_id_before_the_damage_is_found(filling):
    assert find_id(f'{{"id": 7, "event": nonsense "{filling}"', is_json=False) == 7


@pytest.mark.parametrize("filling", ["", LONG])
def test_id_behind_the_damage_may_be_that_of_something_else(filling):
    assert find_id(f'{{"event": "say", "data": {{"text": "{filling}", "id": 7}}', is_json=False) is None


@pytest.mark.parametrize("id_", ["first", 7])
def test_last_id_of_several_counts(id_):
    ids = f'"id": 1, "id": 2, "event": "say", "id": {json.dumps(id_)}'
    assert find_id(f'{{{ids}, "text": {{"a": "{LONG}"}}}}') == id_
    assert find_id(f'{{"text": {{"a": "{LONG}"}}, {ids}}}') == id_


def test_binary_message_has_none():
    assert find_id(b'{"id": 7}') is None


members = st.dictionaries(
    st.sampled_from(["event", "id", "a", "b", "\\", '"id"', "é"]),
    st.sampled_from(
        [1, 1.5, None, "x", '"', "\\", '"id": 9}', {}, {"id": 9}, [{"id": 9}], [], LONG, {"id": 9, "x": LONG}]
    ),
    max_size=5,
)


@settings(max_examples=500, deadline=None)
@given(members, st.booleans())
def test_what_is_found_is_what_decoding_would_give(frame, is_ascii):
    text = json.dumps({**frame, "long": LONG} if frame.get("id") == "x" else frame, ensure_ascii=is_ascii)
    found, id_ = find_id(text), frame.get("id")
    assert found is None or found == id_


@pytest.mark.parametrize("unit", ['"id":"', ',"id":1', '{"id":', '"', "\\", '"a":1,', '{"a":1,', " ", ","])
def test_any_text_costs_less_than_to_decode_a_tenth_of_it(unit):
    text = unit * (1_000_000 // len(unit))
    numbers = "[" + "1," * 50_000 + "1]"
    assert cost(lambda: find_id(text)) < cost(lambda: json.loads(numbers))
