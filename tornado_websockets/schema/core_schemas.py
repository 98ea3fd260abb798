"""What is within a core schema: the dicts by which pydantic says to itself what it validates.

Only these are looked into: all else, such as a default, may be anything, and look like one.
"""

from collections.abc import Iterator
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


def multiplies(schema: dict[str, Any], defined: dict[str, dict[str, Any]]) -> bool:
    """Whether a core schema, or one within it, is a union with a union, itself perhaps, within one of its members.

    :param defined: what it may refer to.
    """
    if schema.get("type") == "union" and any(_reaches_union(each, defined, set()) for _, each in inside(schema)):
        return True
    return any(multiplies(each, defined) for _, each in inside(schema))


def _reaches_union(schema: dict[str, Any], defined: dict[str, dict[str, Any]], seen: set[str]) -> bool:
    if schema.get("type") == "union":
        return True
    if schema.get("type") == "definition-ref":
        name = schema["schema_ref"]
        if name in seen or name not in defined:
            return False
        seen.add(name)
        return _reaches_union(defined[name], defined, seen)
    return any(_reaches_union(each, defined, seen) for _, each in inside(schema))


def is_chained(name: str, defined: dict[str, dict[str, Any]]) -> bool:
    """Whether a definition has another of its own as a field, or as a field of a field, and not as one of many.

    :param defined: what it may refer to.
    """
    return name in defined and name in _held(defined[name], defined, set())


def _held(schema: dict[str, Any], defined: dict[str, dict[str, Any]], seen: set[str]) -> set[str]:
    """The definitions that a core schema has one of, at any depth."""
    kind = schema.get("type")
    if kind == "definition-ref" and (name := schema["schema_ref"]) not in seen:
        seen.add(name)
        _held(defined.get(name, {}), defined, seen)
    elif kind not in MANY and kind != "union":
        for _, each in inside(schema):
            _held(each, defined, seen)
    return seen


def is_by_name(value: Any) -> bool:
    """Whether these are fields by their names or choices by their tags, and no core schema."""
    return isinstance(value, dict) and not isinstance(value.get("type"), str)


def _every(value: Any) -> Any:
    if is_by_name(value):
        return value.values()
    return value if isinstance(value, (list, tuple)) else [value]
