"""All that pydantic's ``TypeAdapter`` knows: models, dataclasses, ``TypedDict``, ``Annotated`` and more."""

import json
from collections.abc import Iterator
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError

from .protocol import Schema, invalid, path_of

#: Errors that are looked at one by one. pydantic finds all there are, and makes an object of each that is asked for:
#: for a megabyte that holds some 100,000 wrong values, that would take three times as long as finding them.
MOST_ERRORS: Final = 1000

#: Kinds of errors whose place is a name that the data do not have.
_MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})


class PydanticType:
    """A type that pydantic validates.

    :raises TypeError: pydantic does not know what to do with it.
    """

    def __init__(self, annotation: Any) -> None:
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        except (PydanticUserError, PydanticUndefinedAnnotation) as error:
            hint = " Or give its class a model_config that allows it." if _is_arbitrary(error) else ""
            raise TypeError(f"pydantic cannot use {annotation!r}: {error.message}{hint}") from error
        # Strict types take no text for a date, unless they are told that it is JSON which they are given.
        self._validate = self._validate_json if _is_strict(self._adapter.core_schema) else self._adapter.validate_python

    def _validate_json(self, data: Any) -> Any:
        return self._adapter.validate_json(json.dumps(data))

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        try:
            return self._validate(data)
        except ValidationError as error:
            if (count := error.error_count()) > MOST_ERRORS:
                raise invalid([("", f"{count} values do not fit.")]) from None
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            raise invalid((path_of(_in_data(each, data)), each["msg"]) for each in errors) from None

    def schema(self, *, is_sent: bool) -> Schema:
        """See :class:`.protocol.Type`."""
        return self._adapter.json_schema(mode="serialization" if is_sent else "validation")

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`. What is none of the type is sent as it is."""
        return self._adapter.dump_python(value, mode="json", by_alias=True, warnings=False)


def _in_data(error: Any, data: Any) -> Iterator[int | str]:
    """The keys and numbers that lead to a value, and what is missing there.

    pydantic also names the members of a union, as each of which it has tried the value.
    """
    parts: tuple[Any, ...] = error["loc"]
    for part in parts:
        try:
            data = (data if isinstance(data, (dict, list)) else {})[part]
        except (KeyError, TypeError):  # the member of a union, or what is missing
            if error["type"] not in _MISSING or part is not parts[-1]:
                continue
        yield part


def _is_strict(schema: Any) -> bool:
    if isinstance(schema, dict):
        return schema.get("strict") is True or any(map(_is_strict, schema.values()))
    return isinstance(schema, (list, tuple)) and any(map(_is_strict, schema))


def _is_arbitrary(error: Exception) -> bool:
    return isinstance(error, PydanticSchemaGenerationError)
