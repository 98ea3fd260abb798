"""Looking into core schemas: at what is one, and at nothing that only looks like one."""

from datetime import date

import pytest
from pydantic import TypeAdapter
from pydantic_core import core_schema as cs
from typing_extensions import TypedDict

from tornado_websockets.schema.core_schemas import INSIDE, has, inside, is_alike_in_python

STRICT = cs.int_schema(strict=True)
FIELD = cs.model_field(STRICT)


@pytest.mark.parametrize(
    "schema",
    [
        STRICT,
        cs.nullable_schema(STRICT),
        cs.definitions_schema(cs.any_schema(), [STRICT]),
        cs.model_fields_schema({"x": FIELD}),
        cs.model_fields_schema({"type": FIELD}),
        cs.dataclass_args_schema("X", [cs.dataclass_field("x", STRICT)]),
        cs.union_schema([STRICT]),
        cs.union_schema([(STRICT, "label")]),
        cs.tagged_union_schema({"type": STRICT}, "kind"),
        cs.chain_schema([STRICT]),
        cs.list_schema(STRICT),
        cs.tuple_schema([STRICT]),
        cs.dict_schema(keys_schema=STRICT),
        cs.dict_schema(values_schema=STRICT),
        cs.typed_dict_schema({}, extras_schema=STRICT),
        cs.call_schema(cs.arguments_schema([cs.arguments_parameter("x", STRICT)]), print),
        cs.lax_or_strict_schema(STRICT, cs.any_schema()),
        cs.lax_or_strict_schema(cs.any_schema(), STRICT),
        cs.json_or_python_schema(STRICT, cs.any_schema()),
        cs.json_or_python_schema(cs.any_schema(), STRICT),
        cs.model_schema(type, cs.any_schema(), config=cs.CoreConfig(strict=True)),
    ],
)
def test_what_is_inside_is_found(schema):
    assert has(schema, "strict", True)


def test_what_only_looks_like_a_core_schema_is_none():
    endless = {"strict": True}
    endless["schema"] = endless
    assert not has(cs.with_default_schema(cs.any_schema(), default=endless), "strict", True)
    assert not has(cs.any_schema(metadata=endless), "strict", True)
    assert list(inside({"type": "dataclass", "fields": ["x"], "schema": STRICT})) == [("schema", STRICT)]
    assert "default" not in INSIDE


@pytest.mark.parametrize(
    ("kind", "is_alike"),
    [
        (dict[str, list[int | None]], True),
        (dict[int, str], False),
        (list[date], False),
        (tuple[int], False),
        (TypedDict("Named", {"x": float}), True),
    ],
)
def test_what_a_strict_type_takes_in_python_as_in_json(kind, is_alike):
    assert is_alike_in_python(TypeAdapter(kind).core_schema) is is_alike
