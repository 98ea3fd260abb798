"""Where a JSON Schema has others within it."""

from datetime import date

import pytest

from tornado_websockets.schema.documents.keywords import inside, rewrite_inside, without_what_is_no_json

A, B, C, D = ({"title": title} for title in "ABCD")


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"items": A}, [A]),
        ({"items": False}, [False]),
        ({"anyOf": [A, B], "additionalProperties": C}, [A, B, C]),
        ({"properties": {"default": A, "items": B}, "$defs": {"properties": C}}, [A, B, C]),
        ({"default": A, "examples": [A], "enum": [A], "const": A, "discriminator": {"mapping": A}}, []),
        ({"type": "object", "required": ["items"], "x-mine": A}, []),
        (True, []),
    ],
)
def test_schemas_inside_are_found_by_their_keywords(schema, found):
    assert list(inside(schema)) == found


def test_schemas_inside_are_rewritten():
    schema = {"title": "A", "anyOf": [B], "items": C, "properties": {"items": D}, "default": {"items": D}}
    assert rewrite_inside(schema, lambda each: each["title"]) == {
        "title": "A", "anyOf": ["B"], "items": "C", "properties": {"items": "D"}, "default": {"items": D}
    }  # fmt: skip


def test_what_is_no_json_is_left_out():
    wrong = {"default": float("nan"), "maximum": float("inf"), "const": date(2020, 2, 29)}
    schema = {**A, **wrong, "default": float("nan"), "items": {**B, **wrong}, "properties": {"default": {**C, **wrong}}}
    assert without_what_is_no_json(schema) == {**A, "items": B, "properties": {"default": C}}
