"""All that pydantic's ``TypeAdapter`` knows: models, dataclasses, ``TypedDict``, ``Annotated`` and more."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final, NamedTuple

from pydantic import VERSION, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaError, SchemaValidator

from .bounds import has_more_values
from .protocol import JSON_VALUE, Schema, invalid, path_of

if tuple(map(int, VERSION.split(".")[:2])) < (2, 13):  # which cannot be told to leave prebuilt validators alone
    raise ImportError(f"Expected pydantic 2.13 or newer, got {VERSION}.")

#: Values of which all that are wrong are found. Of more, the first wrong one in a list, a set or a dict ends it: an
#: error is made for each field that an empty object lacks, which may be a hundred times as many as there are values.
#: Ten thousand errors take 4 ms.
MOST_VALUES: Final = 100

#: Errors that are looked at one by one: pydantic makes an object of each that is asked for, which takes three times as
#: long as finding it. A value may be wrong as each member of a union.
MOST_ERRORS: Final = 1000

#: What can be told to stop at the first value that is wrong; the last four came with pydantic 2.14.
_MANY: Final = frozenset(
    {"list", "tuple", "set", "frozenset", "dict", "deque", "frozendict", "ordered-dict", "counter"}
)

#: Where a core schema has others within it. All else, such as a default, only looks like one at times.
_INSIDE: Final = frozenset(
    {
        "schema", "definitions", "fields", "choices", "steps", "items_schema", "keys_schema", "values_schema",
        "extras_schema", "arguments_schema", "lax_schema", "strict_schema", "json_schema", "python_schema",
    }
)  # fmt: skip

#: What the name of a definition ends with in the copy of it that stops.
_STOPS: Final = ":stops"

#: Kinds of errors whose place is a name that the data do not have.
_MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})

#: Where a core schema has other names of a field.
_ALIASES: Final = frozenset({"alias", "validation_alias"})

#: What pydantic raises for a type that it cannot use, or not yet.
_UNUSABLE: Final = (PydanticUserError, PydanticUndefinedAnnotation)

#: What the data have where something is lacking.
_NOTHING: Final = object()


class _Names(NamedTuple):
    """What may be in the path of an error: fields by all their names, tags of unions, and fields that have the tags."""

    fields: Collection[str]
    tags: Collection[Any]
    discriminators: Collection[str]


class PydanticType:
    """A type that pydantic validates.

    :raises TypeError: pydantic does not know what to do with it.
    """

    finds_all = True

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
            with suppress(PydanticUndefinedAnnotation):  # what is written below the handler in a module comes later
                self._adapter.rebuild()
        except _UNUSABLE as error:
            raise _unusable(annotation, error) from error

    def _is_complete(self) -> bool:
        """Whether all that it names is there by now, and can be used."""
        if not self._adapter.pydantic_complete:
            with suppress(*_UNUSABLE):
                self._adapter.rebuild()
        return self._adapter.pydantic_complete

    @cached_property
    def _core_schema(self) -> Any:
        try:
            self._adapter.rebuild()
        except _UNUSABLE as error:
            raise _unusable(self._annotation, error) from error
        return self._adapter.core_schema

    @cached_property
    def _is_strict(self) -> bool:
        """Whether it takes no text for a date, unless it is told that it is JSON which it is given."""
        return _has(self._core_schema, "strict", True)

    @cached_property
    def _most_values(self) -> int:
        """Values of which all that are wrong are found: none where a text may hold any number, which nobody counts."""
        return 0 if _has(self._core_schema, "type", "json") else MOST_VALUES

    @cached_property
    def _names(self) -> _Names:
        every = set(_names(self._core_schema))
        return _Names(*({name for kind, name in every if kind == field} for field in _Names._fields))

    @cached_property
    def _validate(self) -> Callable[[Any], Any]:
        return self._validating(self._adapter)

    @cached_property
    def _validate_many(self) -> Callable[[Any], Any]:
        """Validate, and stop at the first of many values that is wrong. Plugins of pydantic hear nothing of it."""
        stopping = _stopping(self._core_schema)
        try:
            # A model would bring its own validator, which finds all that is wrong.
            return self._validating(SchemaValidator(stopping, _use_prebuilt=False))
        except SchemaError:  # what a type of the project's own has written itself need not be what it looks like
            return self._validate

    def _validating(self, validator: TypeAdapter[Any] | SchemaValidator) -> Callable[[Any], Any]:
        if self._is_strict:
            return lambda data: validator.validate_json(json.dumps(data))
        return validator.validate_python

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        try:
            return (self._validate_many if has_more_values(data, self._most_values) else self._validate)(data)
        except ValidationError as error:
            if (count := error.error_count()) > MOST_ERRORS:
                raise invalid([("", f"{count} values do not fit.")]) from None
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            raise invalid((path_of(_in_data(each, data, self._names)), each["msg"]) for each in errors) from None

    def schema(self, *, is_sent: bool) -> Schema:
        """See :class:`.protocol.Type`."""
        if not self._is_complete():
            return dict(JSON_VALUE)
        return self._adapter.json_schema(
            schema_generator=_WholeJsonSchema, mode="serialization" if is_sent else "validation"
        )

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`. What is none of the type is sent as it is."""
        if not self._is_complete():
            return value
        return self._adapter.dump_python(value, mode="json", by_alias=True, warnings=False)


class _WholeJsonSchema(GenerateJsonSchema):
    """Says something of each value: of one that JSON Schema cannot describe, that it is in JSON."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:  # noqa: ARG002
        return dict(JSON_VALUE)


def _in_data(error: Any, data: Any, names: _Names) -> Iterator[int | str]:
    """The keys and numbers that lead to a value, or to where one is lacking.

    pydantic also names the members of a union, as each of which it has tried the value, and the functions on its way.
    """
    parts: tuple[Any, ...] = error["loc"]
    was_tag = False
    for index, part in enumerate(parts, 1):
        was_tag = not was_tag and _is_tag(part, parts[index:], data, names)
        if was_tag:
            continue
        try:
            data = (data if isinstance(data, (dict, list)) else {})[part]
        except (KeyError, IndexError, TypeError):
            is_missing = error["type"] in _MISSING and index == len(parts)
            if not is_missing and not _is_lacking(part, parts[index:], data, names):
                continue
            data = _NOTHING
        yield part


def _is_tag(part: int | str, rest: tuple[Any, ...], data: Any, names: _Names) -> bool:
    """Whether ``part`` is the tag of ``data``, although a field may be called so."""
    if not rest or part not in names.tags or not isinstance(data, dict):
        return False
    return rest[0] == part or any(data.get(name) == part for name in names.discriminators)


def _is_lacking(part: int | str, rest: tuple[Any, ...], data: Any, names: _Names) -> bool:
    """Whether ``part`` leads to what is not in ``data``, such as a default, and then ``rest`` to what is in that."""
    if isinstance(part, int):
        return data is _NOTHING or isinstance(data, list)
    return part in names.fields and not (isinstance(data, dict) and not data.keys().isdisjoint(rest))


def _names(schema: Any) -> Iterator[tuple[str, Any]]:
    """The names within a core schema, each with the field of :class:`_Names` that has it."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "tagged-union":
            yield from (("tags", tag) for tag in schema["choices"])
            yield from (("discriminators", name) for name in _texts(schema["discriminator"]))
        for key, value in schema.items():
            if key in _ALIASES or (key == "name" and isinstance(value, str)):
                yield from (("fields", name) for name in _texts(value))
            elif key == "fields" and isinstance(value, Mapping):
                yield from (("fields", name) for name in value)
            yield from _names(value)
    elif isinstance(schema, (list, tuple)):
        for each in schema:
            yield from _names(each)


def _texts(alias: Any) -> Iterator[str]:
    """Those in an alias, which may be several, and paths."""
    if isinstance(alias, str):
        yield alias
    elif isinstance(alias, (list, tuple)):
        for each in alias:
            yield from _texts(each)


def _stopping(schema: Any) -> Any:
    """A copy of a core schema, or of some, whose lists, sets and dicts stop at the first value that is wrong.

    Within a wrap validator they do not, since it may look at the errors and make up for them. It refers to the
    definitions as they were, so these are there beside their copies.
    """
    if isinstance(schema, (list, tuple)):
        return type(schema)(map(_stopping, schema))
    if not isinstance(schema, Mapping):
        return schema
    copy = {key: f"{value}{_STOPS}" if key in ("ref", "schema_ref") else value for key, value in schema.items()}
    if not _is_wrapped(schema):
        copy |= {key: _stopping_within(value) for key, value in schema.items() if key in _INSIDE}
    if schema.get("type") == "definitions":
        copy["definitions"] += schema["definitions"]
    return {**copy, "fail_fast": True} if schema.get("type") in _MANY else copy


def _stopping_within(schema: Any) -> Any:
    is_by_name = isinstance(schema, Mapping) and not isinstance(schema.get("type"), str)  # fields, or choices
    return {name: _stopping(each) for name, each in schema.items()} if is_by_name else _stopping(schema)


def _is_wrapped(schema: Mapping[str, Any]) -> bool:
    """Whether a core schema is that of a wrap validator, and not of pydantic's own, as that of a ``Sequence``."""
    if schema.get("type") != "function-wrap":
        return False
    function = schema["function"]["function"]
    written = getattr(function, "func", function)  # what is partial belongs to functools
    return not str(getattr(written, "__module__", None)).startswith("pydantic.")


def _has(schema: Any, key: str, value: Any) -> bool:
    """Whether a core schema, or one within it, says so."""
    if isinstance(schema, Mapping):  # that of a model which is made later is no dict
        return schema.get(key) == value or any(_has(each, key, value) for each in schema.values())
    return isinstance(schema, (list, tuple)) and any(_has(each, key, value) for each in schema)


def _unusable(annotation: Any, error: PydanticUserError | PydanticUndefinedAnnotation) -> TypeError:
    is_arbitrary = isinstance(error, PydanticSchemaGenerationError)
    hint = " Or give its class a model_config that allows it." if is_arbitrary else ""
    return TypeError(f"pydantic cannot use {annotation!r}: {error.message}{hint}")
