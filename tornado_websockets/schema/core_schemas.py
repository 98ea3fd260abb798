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


def is_by_name(value: Any) -> bool:
    """Whether these are fields by their names or choices by their tags, and no core schema."""
    return isinstance(value, dict) and not isinstance(value.get("type"), str)


def _every(value: Any) -> Any:
    if is_by_name(value):
        return value.values()
    return value if isinstance(value, (list, tuple)) else [value]
