"""Where a JSON Schema has others within it; all else, such as a default, only looks like one at times."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from ..protocol import Schema

#: Keywords with a schema, or with several in a list.
_SCHEMAS: Final = frozenset(
    {
        "additionalProperties", "allOf", "anyOf", "contains", "contentSchema", "else", "if", "items", "not", "oneOf",
        "prefixItems", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip

#: Keywords with schemas by name.
_BY_NAME: Final = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})


def inside(schema: Any) -> Iterator[Any]:
    """The schemas that are right within ``schema``."""
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        if keyword in _SCHEMAS:
            yield from value if isinstance(value, list) else [value]
        elif keyword in _BY_NAME:
            yield from value.values()


def rewrite_inside(schema: Schema, rewrite: Callable[[Any], Any]) -> Schema:
    """``schema`` with something else for each of the schemas that are right within it."""
    return {keyword: _rewritten(keyword, value, rewrite) for keyword, value in schema.items()}


def _rewritten(keyword: str, value: Any, rewrite: Callable[[Any], Any]) -> Any:
    if keyword in _SCHEMAS:
        return [rewrite(each) for each in value] if isinstance(value, list) else rewrite(value)
    if keyword in _BY_NAME:
        return {name: rewrite(each) for name, each in value.items()}
    return value


def without_what_is_no_json(schema: Any) -> Any:
    """``schema`` without the keywords, here and further in, that have a value which JSON cannot say, such as NaN."""
    if not isinstance(schema, dict):
        return schema
    kept = {
        keyword: value
        for keyword, value in schema.items()
        if keyword in _SCHEMAS or keyword in _BY_NAME or _is_json(value)
    }
    return rewrite_inside(kept, without_what_is_no_json)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
