"""Whoever reads JSON, the answer is the same."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.scripts import run_script
from tornado_websockets.core.protocol import parsing
from tornado_websockets.core.protocol.parsing import UNREADABLE, by_python, parse, parse_foreign

numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
strings = st.from_regex(r'"([ -!#-\[\]-~\n]|\\[nrt"/u\\]|\\u[dD][89aBcF][0-9]{2}|\\u[0-9]{4})*"', fullmatch=True)
texts = st.recursive(
    numbers | strings | st.sampled_from(["null", "true", "false", "NaN", "-Infinity", "nul", "\ud800", "01", "+1", ""]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda values: f"[{', '.join(values)}]")
        | st.lists(st.tuples(strings, inner), max_size=4).map(
            lambda pairs: "{" + ",".join(f"{name}: {value}" for name, value in pairs) + "}"
        )
    ),
    max_leaves=8,
)


def answer(read, text):
    """What comes of ``text``, exactly."""
    try:
        return repr(read(text))
    except (ValueError, RecursionError) as error:
        return type(error), repr(getattr(error, "value", None))


def among_long(text):
    """In a list that is so long that something faster than Python may read it."""
    return f'[{text},"{"x" * 300}"]'


@pytest.fixture(autouse=True, scope="module")
def msgspec_is_there():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "fast", msgspec.json.decode)
        yield


@settings(max_examples=400, deadline=None)
@given(texts | st.text(max_size=20), st.sampled_from(["", " ", "\t\r\n", "\x00", "\ufeff", "x", ","]), st.booleans())
def test_both_give_the_same_answer(text, edge, is_before):
    text = among_long(text)
    text = edge + text if is_before else text + edge
    assert answer(parse, text) == answer(by_python, text)


@pytest.mark.parametrize(
    "text",
    [
        *("[" * depth + "]" * depth for depth in (10, 500, 900, 2_000, 100_000)),
        *("9" * digits for digits in (18, 19, 20, 308, 309, 310, 4_300, 4_301)),
        *("-" + "9" * digits for digits in (19, 20)),
        *(f"1e{exponent}" for exponent in (308, 309, 400, -400, 99_999)),
        '{"a": 1, "a": 2}',
        json.dumps({"x" * 300: [1e300, 0.1, "\ud83d\ude00"]}),
    ],
    ids=lambda text: f"{text[:8]} of {len(text)}",
)
def test_both_know_the_same_bounds(text):
    text = among_long(text)
    assert answer(parse, text) == answer(by_python, text)


def test_msgspec_is_loaded_with_the_first_long_message():
    run_script("""
        import sys
        from tornado_websockets.encoding import parse
        parse('{"event": "say"}')
        assert "msgspec" not in sys.modules
        assert parse('{"text": "%s"}' % ("x" * 1000)) == {"text": "x" * 1000}
        assert "msgspec" in sys.modules
        """)


def test_python_reads_where_msgspec_is_not_installed():
    run_script("""
        import sys
        sys.modules["msgspec"] = None
        from tornado_websockets.encoding import parse
        assert parse.fast is None
        """)


def test_what_msgspec_takes_is_read_once(monkeypatch):
    monkeypatch.setattr(parsing, "by_python", None)
    text = "x" * 300
    assert parse(f'{{"event": "{text}"}}') == {"event": text}


@pytest.mark.parametrize("number", ["1e300", "5E-324", "1.5e+22", "0.1e-300"])
def test_numbers_that_msgspec_is_slow_to_read_are_python_s(monkeypatch, number):
    monkeypatch.setattr(parse, "fast", pytest.fail)
    assert parse(among_long(number))[0] == float(number)


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', "[1e300, null]", "[" * 100 + "]" * 100, f"[{2**64}]"])
def test_what_applications_may_send_is_read_of_others_too(text):
    assert parse_foreign(text) == json.loads(text)


@pytest.mark.parametrize("text", ["NaN", "[1e999]", "[-Infinity]", "[" * 101 + "]" * 101, "[1", "", None, 7], ids=repr)
def test_of_others_nothing_is_read_that_is_no_json(text):
    with pytest.raises(UNREADABLE):
        parse_foreign(text)
