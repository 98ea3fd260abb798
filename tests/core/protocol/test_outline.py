"""What can be read off the text of a message."""

import json
import marshal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tornado_websockets.core.protocol.outline import brackets, containers, depth, has_half_a_pair, has_infinity

#: What marshal writes for it has the bytes of an infinity in it, beginning with the type of a float.
DISGUISED = 0x6700 + (0x7FF0 << 60)

strings = st.text(st.sampled_from('[]{}"\\/nu\n aé😀'), max_size=8)
values = st.recursive(
    st.none() | st.integers() | strings,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=20,
)
escapes = st.lists(
    st.sampled_from([r"\ud83d", r"\uDe00", r"\uD7ff", r"\ue000", r"\\", r"\n", r"\"", "u", "d83d", "a", "é"]),
    max_size=9,
).map("".join)
numbers = st.tuples(
    st.sampled_from(["", "-"]),
    st.sampled_from(["0", "1", "17", "9" * 17, "1" + "0" * 250, "9" * 309]),
    st.sampled_from(["", ".0", ".5", "." + "9" * 20]),
    st.sampled_from(["", "e1", "e99", "E58", "e+307", "E308", "e309", "e0309", "e-5", "e-400"]),
).map("".join)


def outside_strings(text):
    """The brackets of a JSON text, one character at a time."""
    found, is_string, is_escaped = [], False, False
    for character in text:
        if is_string:
            is_string = is_escaped or character != '"'
            is_escaped = not is_escaped and character == "\\"
        elif character == '"':
            is_string = True
        elif character in "[]{}":
            found.append(character)
    return "".join(found).encode()


class TestBrackets:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", b""),
            ("1", b""),
            ('{"a": [1, {}]}', b"{[{}]}"),
            ('["[", "]"]', b"[]"),
            ('["", "[", "", "{"]', b"[]"),
            (r'["\"[", {}]', b"[{}]"),
            (r'["\\", {}]', b"[{}]"),
            (r'["\\\"[", {}]', b"[{}]"),
            (r'["\\\\", {}]', b"[{}]"),
            (r'["\u005b", {}]', b"[{}]"),
            ('["é😀[", {}]', b"[{}]"),
        ],
    )
    def test_are_those_outside_strings(self, text, found):
        assert brackets(text) == found

    @settings(max_examples=300, deadline=None)
    @given(values, st.booleans())
    def test_are_those_that_one_finds_character_by_character(self, value, is_ascii):
        text = json.dumps(value, ensure_ascii=is_ascii)
        assert brackets(text) == outside_strings(text)

    def test_of_what_is_no_json_are_some_or_other(self):
        assert isinstance(brackets('\ud800"[\\'), bytes)

    def test_that_open_are_counted(self):
        assert containers(b"{[{}][]}") == 4

    @pytest.mark.parametrize(
        ("text", "levels"), [(b"", 0), (b"[]", 1), (b"[{}{}[]]", 2), (b"[][{[]}]", 3), (b"{[{}{[]}]{}}", 4)]
    )
    def test_nest(self, text, levels):
        assert depth(text) == levels

    @settings(max_examples=300, deadline=None)
    @given(values)
    def test_nest_as_the_value_does(self, value):
        levels, level = 0, [value]
        while level := [one for one in level if isinstance(one, (dict, list))]:
            levels += 1
            level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
        assert depth(brackets(json.dumps(value))) == levels


class TestHalfAPair:
    @pytest.mark.parametrize(
        "text",
        [r"\ud83d", r"\uDE00", r"\ud83d\ud83d\ude00", r"\ud83d\ude00\ude00", r"\ude00\ud83d", r"\ud83da", r"\ud83d\n"],
    )
    def test_is_found(self, text):
        assert has_half_a_pair(f'["{text}"]')

    @pytest.mark.parametrize(
        "text", ["", r"\ud83d\ude00", r"\uD83D\uDE00" * 3, r"\\ud83d", r"\\\\ude00", r"\ud7ff", "😀"]
    )
    def test_is_not_found_where_there_is_none(self, text):
        assert not has_half_a_pair(f'["{text}"]')

    @settings(max_examples=500, deadline=None)
    @given(escapes)
    @example(r"\ud83d\\\ude00")
    @example(r"\\\ud83d\ude00")
    def test_is_what_utf_8_can_not_hold(self, text):
        text = f'["{text}"]'
        try:
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            assert has_half_a_pair(text)
        else:
            assert not has_half_a_pair(text)


class TestInfinity:
    @staticmethod
    def is_found_in(text):
        return has_infinity(text, json.loads(text))

    @pytest.mark.parametrize(
        "number", ["1e999", "-1e999", "2E308", "1e+309", "1e0309", "9" * 309 + ".0", "1" * 260 + "e50"]
    )
    def test_is_found(self, number):
        assert self.is_found_in(f'{{"a": [1.5, "1.5", {number}]}}')

    @pytest.mark.parametrize(
        "number", ["1e308", "1e-999", "9" * 309, '"1e999"', f'"{"9" * 309}.0"', "0e999", "0." + "0" * 400]
    )
    def test_is_not_found_where_there_is_none(self, number):
        assert not self.is_found_in(f'{{"a": [1.5, "1.5", {number}]}}')

    def test_is_not_found_in_an_integer_that_looks_like_it(self):
        assert b"g\0\0\0\0\0\0\xf0\x7f" in marshal.dumps(DISGUISED, 2)
        assert not self.is_found_in(f"[{DISGUISED}, 1e300]")

    @pytest.mark.parametrize(
        "text", [f"[{DISGUISED}, 1e999]", f"[-1e999, {DISGUISED}]", f"[{DISGUISED}, [{DISGUISED}e300]]"]
    )
    def test_is_found_beside_an_integer_that_looks_like_it(self, text):
        assert self.is_found_in(text)

    @settings(max_examples=300, deadline=None)
    @given(st.lists(numbers | st.just(str(DISGUISED)), max_size=4))
    def test_is_an_infinity_of_python_s(self, texts):
        floats = [value for value in json.loads(f"[{','.join(texts)}]") if isinstance(value, float)]
        assert self.is_found_in(f"[{','.join(texts)}]") == any(abs(value) == float("inf") for value in floats)

    def test_is_not_looked_for_below_2000_levels(self):
        value = []
        for _ in range(2_500):
            value = [value]
        assert has_infinity("[1e300]", value)
