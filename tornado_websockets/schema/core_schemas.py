"""What is within a core schema: the dicts by which pydantic says to itself what it validates.

Only these are looked into: all else, such as a default, may be anything, and look like one.
"""

from collections.abc import Container, Iterator
from typing import Any, Final

#: Where a core schema has others within it, or fields, which have one each.
INSIDE: Final = frozenset(
    {
        "schema", "definitions", "fields", "choices", "steps", "items_schema", "keys_schema", "values_schema",
        "extras_schema", "arguments_schema", "lax_schema", "strict_schema", "json_schema", "python_schema",
    }
)  # fmt: skip

#: What has one of its core schemas for each of many values.
MANY: Final = frozenset({"list", "tuple", "set", "frozenset", "dict", "deque", "frozendict", "ordered-dict", "counter"})

#: What a strict type takes as it does in JSON where it has come from a function, and is no JSON any more.
_ALIKE_IN_PYTHON: Final = frozenset(
    {
        None, "any", "none", "str", "int", "float", "bool", "literal", "list", "dict", "nullable", "default",
        "union", "tagged-union", "chain", "definitions", "definition-ref", "json", "computed-field",
        "model", "model-fields", "model-field", "typed-dict", "typed-dict-field", "dataclass", "dataclass-args",
        "dataclass-field", "function-before", "function-after", "function-wrap", "function-plain",
    }
)  # fmt: skip


def inside(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The core schemas and fields that are within one, each with the key that it is under."""
    for key, value in schema.items():
        if key in INSIDE:
            every = (each[0] if isinstance(each, tuple) else each for each in _every(value))
            yield from ((key, each) for each in every if isinstance(each, dict))  # a dataclass only names its fields


def has(schema: dict[str, Any], key: str, value: Any) -> bool:
    """Whether a core schema, its configuration, or one within it says so."""
    is_here = value in (schema.get(key), schema.get("config", {}).get(key))
    return is_here or any(has(each, key, value) for _, each in inside(schema))


def definitions_in(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The core schemas within one that others refer to, by what they are called."""
    named = {schema["ref"]: schema} if "ref" in schema else {}
    for _, each in inside(schema):
        named |= definitions_in(each)
    return named


def module_of(schema: dict[str, Any]) -> str:
    """Where the function of a core schema is written; a validator of one's own is not in pydantic."""
    function = schema["function"]["function"]
    return str(getattr(getattr(function, "func", function), "__module__", None))  # what is partial is of functools


def reached(schema: dict[str, Any], defined: dict[str, dict[str, Any]], seen: set[str]) -> Iterator[dict[str, Any]]:
    """A core schema, and all that are within it or that it refers to.

    :param defined: what it may refer to.
    :param seen: the names of what is not to be looked into.
    """
    yield schema
    name = schema.get("schema_ref")
    if name in defined and name not in seen:
        seen.add(name)
        yield from reached(defined[name], defined, seen)
    for _, each in inside(schema):
        yield from reached(each, defined, seen)


def multiplies(schema: dict[str, Any], defined: dict[str, dict[str, Any]]) -> bool:
    """Whether a core schema, or one within it, is a union with a union, itself perhaps, within one of its members.

    :param defined: what it may refer to.
    """
    return any(
        each.get("type") == "union"
        for union in reached(schema, {}, set())
        if union.get("type") == "union"
        for _, member in inside(union)
        for each in reached(member, defined, set())
    )


def is_within_itself(name: str, defined: dict[str, dict[str, Any]], besides: Container[str]) -> bool:
    """Whether a definition has another of its own within it, at any depth.

    :param defined: what it may refer to.
    :param besides: the types of core schemas that are not looked into.
    """
    return name in defined and name in _held(defined[name], defined, besides, set())


def _held(
    schema: dict[str, Any], defined: dict[str, dict[str, Any]], besides: Container[str], seen: set[str]
) -> set[str]:
    """The definitions that a core schema refers to, at any depth."""
    kind = schema.get("type")
    if kind == "definition-ref" and (name := schema["schema_ref"]) not in seen:
        seen.add(name)
        _held(defined.get(name, {}), defined, besides, seen)
    elif kind not in besides:
        for _, each in inside(schema):
            _held(each, defined, besides, seen)
    return seen


def is_alike_in_python(schema: dict[str, Any]) -> bool:
    """Whether a strict type takes the same of a value that comes as JSON, and of what that is in Python."""
    has_texts_as_keys = schema.get("keys_schema", {"type": "str"})["type"] in ("any", "str")
    is_alike = schema.get("type") in _ALIKE_IN_PYTHON and has_texts_as_keys
    return is_alike and all(is_alike_in_python(each) for _, each in inside(schema))


def is_by_name(value: Any) -> bool:
    """Whether these are fields by their names or choices by their tags, and no core schema."""
    return isinstance(value, dict) and not isinstance(value.get("type"), str)


def _every(value: Any) -> Any:
    if is_by_name(value):
        return value.values()
    return value if isinstance(value, (list, tuple)) else [value]
