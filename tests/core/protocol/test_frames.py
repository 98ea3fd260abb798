import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.cost import cost
from tests.support.scripts import run_script
from tornado_websockets.core.protocol.frames import Code, Encoder, Frame, Refusal, decode, refuse
from tornado_websockets.core.protocol.ids import MAX_ID
from tornado_websockets.core.protocol.limits import Limits
from tornado_websockets.core.protocol.outline import SHORT
from tornado_websockets.core.protocol.parsing import parse
from tornado_websockets.encoding import encoder as django_encoder

LIMITS = Limits()
encoder = Encoder()


@pytest.fixture(scope="module", autouse=True, params=["by msgspec", "by python"])
def parser(request):
    """Everything holds whoever reads JSON."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "fast", msgspec.json.decode if request.param == "by msgspec" else None)
        yield


wild = st.text(st.characters(), max_size=12)  # lone surrogates too
plain = st.text(max_size=12)


def is_no_control(event):
    return not event.startswith("tws.")


def json_of(leaves, keys):
    return st.recursive(
        st.none() | st.booleans() | st.integers() | leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=8,
    )


json_objects = st.dictionaries(
    plain, json_of(st.floats(allow_nan=False, allow_infinity=False) | plain, plain), max_size=4
)
wild_values = json_of(st.floats() | wild, wild)
wild_frames = st.fixed_dictionaries({}, optional={"event": wild_values, "data": wild_values, "id": wild_values})
wild_texts = (
    st.text(st.characters())
    | st.text(list('[]{}",:\\/untfalse0123456789.+-eE \ud800\udc00'))
    | wild_values.map(json.dumps)
    | wild_frames.map(json.dumps)
    | wild_frames.map(lambda frame: json.dumps(frame, ensure_ascii=False))
)

good_frames = st.fixed_dictionaries(
    {"event": st.text(min_size=1, max_size=4), "data": json_objects},
    optional={"id": st.integers() | plain, "more": json_objects},
).map(json.dumps)


def refused(message, limits=LIMITS):
    refusal = decode(message, limits)
    assert isinstance(refusal, Refusal)
    return refusal


def raw(**members):
    """An object whose members have these texts as values."""
    return "{" + ", ".join(f'"{name}": {value}' for name, value in members.items()) + "}"


def strict(text):
    """What a browser would read."""

    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def reference(text, limits):
    """The frame that ``decode`` shall read, by the rules one after the other; ``None`` where it shall refuse."""

    def finite(number):
        assert abs(float(number)) != math.inf
        return float(number)

    try:
        value = json.loads(text, parse_constant=None.__getattribute__, parse_float=finite)
        json.dumps(value, ensure_ascii=False).encode()
        text.encode()
    except (ValueError, AssertionError, AttributeError, RecursionError):
        return None
    levels, containers = 0, 0
    level = [value]
    while level := [one for one in level if isinstance(one, (dict, list))]:
        levels, containers = levels + 1, containers + len(level)
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    if levels > limits.max_depth or containers > limits.max_containers or not isinstance(value, dict):
        return None
    event, data, id_ = value.get("event"), value.get("data"), value.get("id")
    is_frame = isinstance(event, str) and event and (id_ is None or type(id_) in {str, int})
    data = {} if data in (None, "", []) else data
    return Frame(event, data, id_) if is_frame and isinstance(data, dict) else None


class TestDecoding:
    def test_reads_event_and_data(self):
        assert decode('{"event": "say", "data": {"text": "hi"}}', LIMITS) == Frame("say", {"text": "hi"}, None)

    @pytest.mark.parametrize("data", ["null", "{}", '""', "[]"])
    def test_takes_empty_data_as_no_data(self, data):
        assert decode(raw(event='"say"', data=data), LIMITS) == Frame("say", {})

    def test_takes_missing_data_as_no_data(self):
        assert decode('{"event": "say"}', LIMITS) == Frame("say", {})

    @pytest.mark.parametrize("data", ['"x"', "[1]", "0", "1", "1.5", "true", "false"])
    def test_refuses_data_that_are_no_object(self, data):
        assert refused(raw(event='"say"', data=data)).code == "invalid_data"

    @pytest.mark.parametrize("frame", ["{}", *(raw(event=event) for event in ("null", '""', "1", "true", '["x"]'))])
    def test_refuses_a_frame_without_event(self, frame):
        assert refused(frame).code == "missing_event"

    @pytest.mark.parametrize("text", ["null", "1", '"x"', "[]", "true", '[{"event": "x"}]'])
    def test_refuses_what_is_no_object(self, text):
        assert refused(text).code == "invalid_json"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "hello",
            "{",
            '{"event": "x"',
            "{'event': 'x'}",
            '{"event": "x",}',
            '{"event": "x"} more',
            '{"event": "x"}{"event": "x"}',
            '\ufeff{"event": "x"}',
            '{"event": "x\n"}',
        ],
    )
    def test_refuses_bad_syntax(self, text):
        assert refused(text).code == "invalid_json"

    @pytest.mark.parametrize(
        "number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 4301, "1" + "0" * 9999]
    )
    def test_refuses_numbers_that_can_not_be_held(self, number):
        assert refused(raw(event='"x"', data=raw(n=number))).code == "invalid_json"

    @pytest.mark.parametrize(("text", "number"), [("9" * 4300, int("9" * 4300)), ("1e308", 1e308), ("1e-999", 0.0)])
    def test_reads_numbers_that_can(self, text, number):
        assert decode(raw(event='"x"', data=raw(n=text)), LIMITS) == Frame("x", {"n": number})

    @pytest.mark.parametrize(
        "text",
        [
            r'{"event": "\ud800"}',
            r'{"event": "x", "data": {"a": "\uDC00"}}',
            r'{"event": "x", "data": {"\udfff": 1}}',
            r'{"event": "x", "data": {"a": "\ude00\ud83d"}}',
            r'{"event": "x", "id": "\ud83d"}',
            '{"event": "x", "data": {"a": "\ud800"}}',
        ],
    )
    def test_refuses_half_a_surrogate_pair(self, text):
        assert refused(text).code == "invalid_json"

    def test_reads_a_whole_surrogate_pair(self):
        assert decode(r'{"event": "x", "data": {"a": "\ud83d\ude00"}}', LIMITS) == Frame("x", {"a": "😀"})

    def test_reads_what_only_looks_like_a_surrogate(self):
        assert decode(r'{"event": "x", "data": {"a": "\\ud800"}}', LIMITS) == Frame("x", {"a": r"\ud800"})

    def test_refuses_a_binary_message(self):
        assert refused(b'{"event": "x"}').code == "binary"

    def test_refuses_an_empty_binary_message(self):
        assert refused(b"").code == "binary"


class TestId:
    @pytest.mark.parametrize("id_", ["a", "", "0", 0, -1, 2**70], ids=repr)
    def test_is_a_string_or_an_integer(self, id_):
        assert decode(json.dumps({"event": "x", "id": id_}), LIMITS) == Frame("x", {}, id_)

    def test_null_is_none(self):
        assert decode('{"event": "x", "id": null}', LIMITS) == Frame("x", {}, None)

    def test_has_so_many_characters(self):
        assert decode(raw(event='"say"', id=json.dumps("x" * MAX_ID)), LIMITS).id == "x" * MAX_ID
        for frame in (raw(event='"say"', id=json.dumps("x" * (MAX_ID + 1))), raw(id=json.dumps("x" * (MAX_ID + 1)))):
            refusal = refused(frame)
            assert (refusal.code, refusal.id) == ("invalid_data", None)
        assert refused(raw(event="1 2", id=json.dumps("x" * (MAX_ID + 1)))).id is None

    @pytest.mark.parametrize("id_", ["1.5", "true", "false", "[]", "{}", "[1]"])
    def test_of_another_type_refuses_the_frame(self, id_):
        refusal = refused(raw(event='"x"', id=id_))
        assert (refusal.code, refusal.id) == ("invalid_data", None)

    @pytest.mark.parametrize(
        ("frame", "code"),
        [
            ('{"id": 7}', "missing_event"),
            ('{"id": 7, "event": "x", "data": 1}', "invalid_data"),
            (raw(id="7", event='"x"', data=raw(a="[" * 63 + "]" * 63)), "too_deep"),
        ],
    )
    def test_is_on_the_refusal_of_its_frame(self, frame, code):
        refusal = refused(frame)
        assert (refusal.code, refusal.id) == (code, 7)

    def test_that_is_unusable_is_not_on_the_refusal(self):
        frame = raw(id="1.5", event='"x"', data=raw(a="[" * 63 + "]" * 63))
        assert refused(frame).id is None


class TestSizeLimit:
    @staticmethod
    def frame(size, filling):
        """A frame of ``size`` bytes of UTF-8."""
        start, end = '{"event": "x", "data": {"a": "', '"}}'
        left = size - len(start) - len(end)
        count = left // len(filling.encode())
        text = start + filling * count + "." * (left - count * len(filling.encode())) + end
        assert len(text.encode()) == size
        return text

    @pytest.mark.parametrize("filling", ["a", "é", "€", "😀"])
    @pytest.mark.parametrize("size", [199, 200])
    def test_takes_up_to_it(self, size, filling):
        assert isinstance(decode(self.frame(size, filling), Limits(max_message_bytes=200)), Frame)

    @pytest.mark.parametrize("filling", ["a", "é", "€", "😀"])
    def test_refuses_one_byte_more(self, filling):
        assert refused(self.frame(201, filling), Limits(max_message_bytes=200)).code == "too_large"

    def test_says_what_it_is(self):
        assert "200" in refused(self.frame(201, "a"), Limits(max_message_bytes=200)).message

    def test_is_a_million_by_default(self):
        assert isinstance(decode(self.frame(1_000_000, "a"), Limits()), Frame)
        assert refused(self.frame(1_000_001, "a"), Limits()).code == "too_large"

    def test_holds_for_binary_messages(self):
        assert refused(b"x" * 201, Limits(max_message_bytes=200)).code == "too_large"

    def test_goes_before_what_else_is_wrong(self):
        assert refused("[" * 201, Limits(max_message_bytes=200)).code == "too_large"

    @pytest.mark.parametrize("id_", [7, "seven", 0, ""])
    def test_too_large_keeps_the_id(self, id_):
        text = json.dumps({"event": "say", "data": {"text": "x" * 200}, "id": id_})
        assert refused(text, Limits(max_message_bytes=200)) == Refusal(
            Code.TOO_LARGE, "A message may have 200 bytes.", id_
        )

    @pytest.mark.parametrize(
        "text", ['{"id": true}', '{"id": [1]}', '{"data": {"id": 1}}', '[{"id": 1}]', '{"id": 1', "[" * 100_000]
    )
    def test_too_large_without_a_usable_id_has_none(self, text):
        assert refused(text + " " * 200, Limits(max_message_bytes=200)).id is None


class TestIdOfARefusedFrame:
    LONG = "x" * 2 * SHORT

    @staticmethod
    def frame(data, filling):
        return f'{{"event": "say", "data": {{"data": {data}, "filling": "{filling}"}}, "id": 7}}'

    @pytest.mark.parametrize("filling", ["", LONG], ids=["short", "long"])
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (r'"\ud83d"', "invalid_json"),
            ('"\ud83d"', "invalid_json"),
            (r'{"\ude00\ud83d": 1}', "invalid_json"),
            ("1e999", "invalid_json"),
            ("-1e999", "invalid_json"),
            ("1" * 400 + ".0", "invalid_json"),
            ("NaN", "invalid_json"),
            ("-Infinity", "invalid_json"),
            ("[" * 65 + "]" * 65, "too_deep"),
            ("[" * 1_900 + "]" * 1_900, "too_deep"),
            ("[" * 200_000 + "]" * 200_000, "too_deep"),
            ("[" + "[]," * 50_000 + "1]", "too_deep"),
        ],
    )
    def test_is_on_the_refusal(self, data, code, filling):
        refusal = refused(self.frame(data, filling))
        assert (refusal.code, refusal.id) == (code, 7)

    @pytest.mark.parametrize("filling", ["", LONG], ids=["short", "long"])
    def test_is_on_the_refusal_of_bad_syntax_where_it_comes_before_it(self, filling):
        refusal = refused(f'{{"event": "say", "id": 7, "data": nonsense "{filling}"}}')
        assert (refusal.code, refusal.id) == ("invalid_json", 7)

    @pytest.mark.parametrize("filling", ["", LONG], ids=["short", "long"])
    def test_is_not_taken_from_data_that_lack_the_last_brace(self, filling):
        assert refused(f'{{"event": "say", "data": {{"text": "{filling}", "id": 7}}').id is None

    def test_is_on_the_refusal_of_what_is_far_too_large(self):
        refusal = refused(json.dumps({"event": "say", "data": {"text": "x" * 10**6}, "id": 7}))
        assert (refusal.code, refusal.id) == ("too_large", 7)

    @pytest.mark.parametrize("id_", [r'"\ud83d"', "1.5", "[7]"])
    def test_is_none_where_it_could_not_be_sent_back(self, id_):
        assert refused(f'{{"event": "say", "data": {{"n": 1e999}}, "id": {id_}}}').id is None


class TestMessageAboveTheRate:
    @pytest.mark.parametrize("data", ["{}", "nonsense", "[" * 200_000, '"' + "x" * 10_000 + '"'])
    def test_is_refused_with_its_id_whatever_is_in_it(self, data):
        refusal = refuse(f'{{"event": "say", "id": 7, "data": {data}}}', LIMITS)
        assert (refusal.code, refusal.id) == ("rate_limited", 7)

    @pytest.mark.parametrize("message", ["", "hello", "\ud800é", b"", b"hello"], ids=repr)
    def test_is_refused_without_an_id_where_it_has_none(self, message):
        refusal = refuse(message, LIMITS)
        assert (refusal.code, refusal.id) == ("rate_limited", None)

    @pytest.mark.parametrize("message", ['{"id": 7, "text": "' + "x" * 200 + '"}', b"x" * 201])
    def test_is_too_large_if_it_is(self, message):
        assert refuse(message, Limits(max_message_bytes=200)) == decode(message, Limits(max_message_bytes=200))
        assert refuse(message, Limits(max_message_bytes=200)).code == "too_large"


class TestContainersLimit:
    @staticmethod
    def frame(count, container="[]"):
        """A frame of so many arrays and objects: itself, its data, a list and what is in it."""
        return raw(event='"x"', data=raw(a="[" + ", ".join([container] * (count - 3)) + "]"), id="7")

    @pytest.mark.parametrize("container", ["[]", "{}", "[1, 2]", '{"a": "[{"}'])
    def test_counts_arrays_and_objects(self, container):
        limits = Limits(max_containers=10)
        assert isinstance(decode(self.frame(10, container), limits), Frame)
        refusal = refused(self.frame(11, container), limits)
        assert (refusal.code, refusal.id) == ("too_deep", 7)

    def test_is_50_000_by_default(self):
        assert isinstance(decode(self.frame(50_000), LIMITS), Frame)
        assert refused(self.frame(50_001), LIMITS).code == "too_deep"

    def test_says_what_it_is(self):
        assert "50000" in refused(self.frame(50_001)).message

    @pytest.mark.parametrize("text", ["[{" * 200_000, '["' * 200_000, '\\"[' * 100_000, "[é😀{" * 50_000])
    def test_counts_no_brackets_in_strings(self, text):
        assert decode(json.dumps({"event": "x", "data": {"a": text}}, ensure_ascii=False), LIMITS) == Frame(
            "x", {"a": text}
        )

    def test_counts_no_brackets_in_many_strings(self):
        data = {"a": ["[", '{"', "\\"] * 30_000}
        assert decode(json.dumps({"event": "x", "data": data}), LIMITS) == Frame("x", data)


class TestDepthLimit:
    @staticmethod
    def frame(depth, opening="[", closing="]"):
        """A frame that nests ``depth`` levels: itself, its data, and what is in them."""
        return raw(event='"x"', data=raw(a=opening * (depth - 2) + "1" + closing * (depth - 2)))

    @pytest.mark.parametrize(
        ("opening", "closing", "max_depth"), [("[", "]", 5), ('{"a":', "}", 5), ('[1, [], {"a":', "}]", 8)]
    )
    def test_counts_arrays_and_objects(self, opening, closing, max_depth):
        limits = Limits(max_depth=max_depth)
        assert isinstance(decode(self.frame(5, opening, closing), limits), Frame)
        assert refused(self.frame(6, opening, closing), limits).code == "too_deep"

    def test_is_64_by_default(self):
        assert isinstance(decode(self.frame(64), Limits()), Frame)
        assert refused(self.frame(65), Limits()).code == "too_deep"

    def test_says_what_it_is(self):
        assert "64" in refused(self.frame(65)).message

    def test_counts_no_brackets_in_strings(self):
        text = json.dumps({"event": "x", "data": {"a": "[{" * 100}})
        assert isinstance(decode(text, LIMITS), Frame)

    def test_counts_no_neighbours(self):
        text = json.dumps({"event": "x", "data": {"a": [[]] * 100, "b": [{}] * 100}})
        assert isinstance(decode(text, LIMITS), Frame)

    @pytest.mark.parametrize("depth", [2_000, 100_000])
    def test_holds_where_python_would_recurse_too_deeply(self, depth):
        assert refused(self.frame(depth)).code == "too_deep"


#: An integer that looks like an infinity where it is looked for.
DISGUISED = 0x6700 + (0x7FF0 << 60)

#: Of what the limits allow, what is dear to read: arrays and objects.
OBJECTS = raw(event='"x"', data=raw(a="[" + ", ".join(['{"a": 1, "b": 2}'] * 49_900) + "]"))


def filled(unit, size=1_000_000):
    """A frame that has as many of these in a list as there is room for."""
    return raw(event='"x"', data=raw(a="[" + ",".join([unit] * ((size - 40) // (len(unit.encode()) + 1))) + "]"))


def spelled(unit, size=1_000_000):
    """A frame that has as many of these in a string as there is room for."""
    return raw(event='"x"', data=raw(a='"' + unit * ((size - 40) // len(unit.encode())) + '"'))


DEAR = {
    "integers": filled("1"),
    "floats": filled("1.5"),
    "exponents": filled("1e300"),
    "floats of many digits": filled("9" * 300 + ".0e-9"),
    "integers of many digits": filled("9" * 4300),
    "empty strings": filled('""'),
    "brackets in strings": filled('"["'),
    "escapes in strings": filled(r'"\n"'),
    "nulls": filled("null"),
    "escapes": spelled(r"\n"),
    "escaped letters": spelled(r"\u00e9"),
    "escaped pairs": spelled(r"\ud83d\ude00"),
    "escaped backslashes": spelled(r"\\ud83d"),
    "quotes and brackets": spelled(r"[\"{"),
    "no exponents": spelled("e123"),
    "two bytes": spelled("é"),
    "four bytes": spelled("😀"),
    "objects": OBJECTS,
    "a pair among floats": filled("1.5").replace("[1.5,1.5,1.5", r'["\ud83d\ude00"', 1),
    "a large one among floats": filled("1.5").replace("[1.5,1.5", "[1e300", 1),
    "a disguised one among floats": filled("1.5").replace("[" + "1.5," * 20, f"[1e300,{DISGUISED},", 1),
    "depth": raw(event='"x"', data=raw(a="[" + ",".join(["[" * 61 + "1" + "]" * 61] * 800) + "]")),
    "keys": raw(event='"x"', data="{" + ",".join(f'"{number:x}":1' for number in range(100_000)) + "}"),
}
BAD = {
    "arrays": filled("[]"),
    "objects": filled('{"a":1}'),
    "arrays within arrays": filled("[" * 60 + "]" * 60),
    "opening brackets": "[" * 1_000_000,
    "brackets and quotes": '["' * 500_000,
    "quotes": '"' * 1_000_000,
    "backslashes": "\\" * 1_000_000,
    "too large": filled("[]", 1_040_000),
    "half a pair at the end": spelled(r"\ud83d\ude00")[:-3] + r'\ud83d"}}',
    "one bracket too many": filled('"["') + "]",
}


class TestCost:
    """``json.loads`` takes what it takes. To look at what a client sends takes not much more."""

    @pytest.mark.parametrize("kind", DEAR)
    def test_of_a_frame_is_at_most_twice_that_of_json_and_of_many_objects(self, kind):
        text = DEAR[kind]
        assert isinstance(decode(text, LIMITS), Frame)
        of_objects = cost(lambda: json.loads(OBJECTS))
        assert cost(lambda: decode(text, LIMITS)) < 2 * (cost(lambda: json.loads(text)) + of_objects)

    @pytest.mark.parametrize("kind", BAD)
    def test_of_a_refusal_is_about_that_of_many_objects(self, kind):
        text = BAD[kind]
        refused(text)
        assert cost(lambda: decode(text, LIMITS)) < 4 * cost(lambda: json.loads(OBJECTS))

    def test_of_a_message_above_the_rate_is_next_to_nothing(self):
        assert cost(lambda: refuse(OBJECTS, LIMITS)) < cost(lambda: json.loads(OBJECTS)) / 20


class TestAnyMessage:
    @settings(max_examples=600, deadline=None)
    @given(good_frames | wild_texts, st.integers(1, 6), st.integers(1, 6), st.booleans())
    def test_is_taken_if_it_keeps_the_rules(self, message, depth, containers, is_long):
        if is_long:  # it is decoded in another way then
            message = message.replace("{", '{"padding": "' + "[" * SHORT + '", ', 1).replace(", }", "}")
        limits = Limits(max_depth=depth, max_containers=containers)
        result = decode(message, limits)
        assert repr(reference(message, limits)) == repr(result if isinstance(result, Frame) else None)

    @settings(max_examples=500, deadline=None)
    @given(wild_texts | st.binary())
    def test_is_a_frame_or_a_refusal(self, message):
        result = decode(message, LIMITS)
        if isinstance(result, Frame):
            assert result.event
            assert isinstance(result.event, str)
            assert isinstance(result.data, dict)
            assert result.id is None or type(result.id) in {str, int}
        else:
            assert isinstance(result, Refusal)
            assert result.code in set(Code)

    @settings(max_examples=300, deadline=None)
    @given(wild_texts | st.binary())
    def test_that_is_refused_can_be_answered(self, message):
        result = decode(message, LIMITS)
        if isinstance(result, Refusal):
            answer = strict(encoder.refusal(result))
            assert answer["event"] == ("warning" if result.id is None else "reply")

    @settings(max_examples=300, deadline=None)
    @given(wild_texts)
    def test_that_is_a_frame_can_be_sent_on(self, message):
        result = decode(message, LIMITS)
        if isinstance(result, Frame) and is_no_control(result.event):
            sent = encoder.event(result.event, result.data)
            assert decode(sent, Limits(max_message_bytes=10**9)) == Frame(result.event, result.data)

    @settings(max_examples=200, deadline=None)
    @given(st.integers(1, 80), st.text(st.characters()))
    def test_above_the_size_limit_is_too_large_whatever_is_in_it(self, size, text):
        message = text.encode("utf-8", "surrogatepass")
        code = refused(message, Limits(max_message_bytes=size)).code
        assert code == ("too_large" if len(message) > size else "binary")


class TestEncoding:
    def test_writes_event_and_data(self):
        assert encoder.event("say", {"text": "hi"}) == '{"event":"say","data":{"text":"hi"}}'

    @pytest.mark.parametrize("text", ["hi", ""])
    def test_takes_a_string_as_message(self, text):
        assert strict(encoder.event("say", text)) == {"event": "say", "data": {"message": text}}

    def test_takes_none_as_no_data(self):
        assert strict(encoder.event("say", None)) == {"event": "say", "data": {}}

    @pytest.mark.parametrize("event", [None, 1, b"say", ["say"]])
    def test_refuses_an_event_that_is_no_string(self, event):
        with pytest.raises(TypeError, match="event"):
            encoder.event(event, {})

    @pytest.mark.parametrize("data", [1, 0, False, 1.5, ["x"], [], b"x", ("a",), {1}])
    def test_refuses_data_that_are_neither_dict_nor_string(self, data):
        with pytest.raises(TypeError, match="'say'"):
            encoder.event("say", data)

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    def test_refuses_numbers_that_are_no_json(self, number):
        with pytest.raises(ValueError, match="JSON"):
            encoder.event("say", {"n": [number]})

    def test_refuses_nan_as_a_key(self):
        with pytest.raises(ValueError, match="JSON"):
            encoder.event("say", {math.nan: 1})

    def test_refuses_an_integer_that_python_would_not_write(self):
        with pytest.raises(ValueError, match="digits"):
            encoder.event("say", {"n": 10**5000})

    @pytest.mark.parametrize("value", [object(), {1, 2}, b"x", 1j, datetime(2024, 1, 1, tzinfo=UTC)])
    def test_raises_for_what_json_can_not_hold(self, value):
        with pytest.raises(TypeError, match="not JSON serializable"):
            encoder.event("say", {"value": value})

    def test_raises_for_keys_that_json_can_not_hold(self):
        with pytest.raises(TypeError, match="keys"):
            encoder.event("say", {(1, 2): 3})

    def test_raises_for_data_that_hold_themselves(self):
        data = {}
        data["data"] = data
        with pytest.raises(ValueError, match="themselves"):
            encoder.event("say", data)

    def test_raises_a_value_error_for_data_that_nest_too_deeply(self):
        data = {}
        for _ in range(100_000):
            data = {"a": data}
        with pytest.raises(ValueError, match="too deeply"):
            encoder.event("say", data)

    def test_writes_the_same_on_a_python_without_a_c_encoder(self):
        data = {"n": 1.5, "text": "ä</b>", "none": [None, True]}
        script = f"""
            import json.encoder
            json.encoder.c_make_encoder = None
            from tornado_websockets.core.protocol.frames import Encoder
            print(Encoder().event("say", {data!r}))
        """
        assert run_script(script) == encoder.event("say", data) + "\n"

    def test_asks_the_default_for_what_json_does_not_know(self):
        own = Encoder(default=lambda value: f"<{value.real:g}>")
        assert strict(own.event("say", {"n": 2 + 1j}))["data"] == {"n": "<2>"}

    def test_can_not_end_a_script_element(self):
        text = encoder.event("</script>", {"</a>": ["</b>"]})
        assert "</" not in text
        assert strict(text) == {"event": "</script>", "data": {"</a>": ["</b>"]}}

    @settings(max_examples=200, deadline=None)
    @given(plain.filter(is_no_control), json_objects)
    def test_is_valid_json_of_the_same_value(self, event, data):
        text = encoder.event(event, data)
        assert strict(text) == {"event": event, "data": data}

    @settings(max_examples=200, deadline=None)
    @given(wild, st.dictionaries(wild, wild_values, max_size=4))
    def test_is_ascii_and_harmless_whatever_it_holds(self, event, data):
        try:
            text = encoder.event(event, data)
        except ValueError:  # NaN or an infinity
            return
        strict(text)
        assert text.isascii()
        assert "</" not in text
        assert "\n" not in text

    @settings(max_examples=200, deadline=None)
    @given(st.text(min_size=1, max_size=12).filter(is_no_control), json_objects)
    def test_round_trip(self, event, data):
        assert decode(encoder.event(event, data), Limits(max_message_bytes=10**9, max_depth=1000)) == Frame(event, data)


class TestReply:
    def test_carries_id_and_data(self):
        assert strict(encoder.reply(7, {"a": 1})) == {"event": "reply", "id": 7, "data": {"a": 1}}

    def test_to_a_handler_that_returned_nothing_is_empty(self):
        assert strict(encoder.reply("x", None)) == {"event": "reply", "id": "x", "data": {}}

    @pytest.mark.parametrize("data", [False, 0, "", [1, 2], "text"])
    def test_carries_whatever_the_handler_returned(self, data):
        assert strict(encoder.reply(0, data)) == {"event": "reply", "id": 0, "data": data}

    def test_raises_for_what_json_can_not_hold(self):
        with pytest.raises(TypeError):
            encoder.reply(1, object())


class TestRefusal:
    def test_is_a_warning(self):
        refusal = Refusal(Code.TOO_DEEP, "Too deep.")
        assert strict(encoder.refusal(refusal)) == {
            "event": "warning",
            "data": {"code": "too_deep", "message": "Too deep."},
        }

    @pytest.mark.parametrize("id_", ["x", 7, 0, ""], ids=repr)
    def test_is_the_reply_to_a_frame_with_an_id(self, id_):
        refusal = Refusal(Code.UNKNOWN_EVENT, "Unknown.", id_)
        assert strict(encoder.refusal(refusal)) == {
            "event": "reply",
            "id": id_,
            "error": {"code": "unknown_event", "message": "Unknown."},
        }

    @pytest.mark.parametrize("id_", [None, 7])
    def test_has_its_details_beside_code_and_message(self, id_):
        frame = strict(encoder.refusal(Refusal("too_late", "It is closed.", id_, {"since": 3})))
        said = frame["data"] if id_ is None else frame["error"]
        assert said == {"code": "too_late", "message": "It is closed.", "since": 3}

    def test_has_the_codes_that_clients_rely_on(self):
        assert {code.value for code in Code} == {
            "invalid_json",
            "missing_event",
            "unknown_event",
            "reserved_event",
            "invalid_data",
            "too_deep",
            "too_large",
            "binary",
            "rate_limited",
            "forbidden",
            "handler_error",
            "missing_id",
            "cancelled",
        }


class TestWhatDjangoCanSerialise:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC), "2024-02-29T12:30:15.123Z"),
            (date(2024, 2, 29), "2024-02-29"),
            (time(12, 30), "12:30:00"),
            (timedelta(days=1, seconds=2), "P1DT00H00M02S"),
            (Decimal("10.50"), "10.50"),
            (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
            (gettext_lazy("hello"), "hello"),
            (lazystr("</b>"), "</b>"),
            (mark_safe("<b>"), "<b>"),
        ],
    )
    def test_can_be_emitted(self, value, expected):
        text = django_encoder.event("say", {"value": value, "many": [value]})
        assert strict(text)["data"] == {"value": expected, "many": [expected]}
        assert "</" not in text

    def test_takes_safe_text_as_message(self):
        assert strict(django_encoder.event("say", mark_safe("<b>")))["data"] == {"message": "<b>"}

    @pytest.mark.parametrize("value", [object(), {1}, b"x", 1j])
    def test_is_not_everything(self, value):
        with pytest.raises(TypeError, match="not JSON serializable"):
            django_encoder.event("say", {"value": value})
