"""All that pydantic's ``TypeAdapter`` knows: models, dataclasses, ``TypedDict``, ``Annotated`` and more."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from math import inf
from typing import Any, Final

from pydantic import VERSION, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import SchemaError, SchemaValidator, to_jsonable_python

from .bounds import (
    LONG_PATH,
    MAX_IN_SETS,
    MAX_IN_SETS_OF_OBJECTS,
    MAX_IN_SETS_OF_UUIDS,
    MAX_VALUES,
    count_values,
    has_long_path,
    has_more_values,
)
from .core_schemas import definitions_in, has, inside, module_of, multiplies, reached
from .paths import Paths
from .protocol import JSON_VALUE, Schema, invalid, path_of
from .stopping import MOST_FOUND, counting, stopping

if tuple(map(int, VERSION.split(".")[:2])) < (2, 13):  # which cannot be told to leave prebuilt validators alone
    raise ImportError(f"Expected pydantic 2.13 or newer, got {VERSION}.")

#: Values of which all that are wrong are found. Of more, the first wrong one in a list, a set or a dict ends it. Ten
#: thousand errors take 4 ms.
MOST_VALUES: Final = 100

#: Errors that are found where each may repeat a long path.
FEWEST_FOUND: Final = 100

#: Errors that are looked at one by one: pydantic makes an object of each that is asked for, which takes three times as
#: long as finding it. A value may be wrong as each member of a union.
MOST_ERRORS: Final = 1000

#: A client's data are JSON as they are; a row may have a ``datetime``.
_to_json: Final = json.JSONEncoder(default=to_jsonable_python).encode

#: What pydantic raises for a type that it cannot use, or not yet.
_UNUSABLE: Final = (PydanticUserError, PydanticUndefinedAnnotation)

#: Of these there are few, or nobody can choose those with one hash.
_CANNOT_BE_ALIKE: Final = frozenset(
    {"str", "bytes", "bool", "none", "enum", "literal", "url", "multi-host-url", "date", "time"}
)

#: What is hashed by its number. What may be anything is what JSON has.
_NUMBERS: Final = frozenset({"int", "float", "datetime", "timedelta", "any"})
_UUIDS: Final = frozenset({"decimal", "uuid"})

#: What Python hashes and compares by its members, without calling anything of theirs.
_TUPLES: Final = frozenset({"tuple", "frozenset", "named-tuple", "call"})

#: What stands around the core schema of a value; parameters have no type.
_AROUND: Final = frozenset(
    {
        None, "nullable", "default", "union", "tagged-union", "chain", "lax-or-strict", "json-or-python", "json",
        "definitions", "function-before", "named-tuple-field", "arguments",
    }
)  # fmt: skip


class PydanticType:
    """A type that pydantic validates.

    :raises TypeError: pydantic does not know what to do with it.
    """

    finds_all = True

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        try:
            self._adapter = _adapter(annotation)
            with suppress(PydanticUndefinedAnnotation):  # what is written below the handler in a module comes later
                self._rebuild()
        except _UNUSABLE as error:
            raise _unusable(annotation, error) from error

    def _rebuild(self) -> None:
        self._adapter.rebuild(_types_namespace={})  # or else it takes our locals for classes that are nowhere

    def _is_complete(self) -> bool:
        """Whether all that it names is there by now, and can be used."""
        if not self._adapter.pydantic_complete:
            with suppress(*_UNUSABLE):
                self._rebuild()
        return self._adapter.pydantic_complete

    @cached_property
    def _core_schema(self) -> Any:
        try:
            self._rebuild()
        except _UNUSABLE as error:
            raise _unusable(self._annotation, error) from error
        return self._adapter.core_schema

    @cached_property
    def _is_strict(self) -> bool:
        """Whether it takes no text for a date, unless it is told that it is JSON which it is given."""
        return has(self._core_schema, "strict", True)

    @cached_property
    def counts_texts(self) -> bool:
        """Whether a text may hold values of its own, at paths of any length."""
        return has(self._core_schema, "type", "json")

    @cached_property
    def max_values(self) -> float:
        """How many values of a client it is asked about."""
        return min(MAX_VALUES, _max_hashed(self._core_schema, definitions_in(self._core_schema)))

    @cached_property
    def _paths(self) -> Paths:
        return Paths(self._core_schema)

    @cached_property
    def _multiplies(self) -> bool:
        """Whether few values may have to be tried as this and that very often."""
        return multiplies(self._core_schema, definitions_in(self._core_schema))

    @cached_property
    def _validate(self) -> Callable[[Any], Any]:
        if self._multiplies:
            with suppress(SchemaError):
                return self._validating(stopping(self._core_schema, counts=True))
        return self._validating(self._adapter)

    @cached_property
    def _validate_many(self) -> Callable[[Any], Any]:
        """Validate, and stop where too much is wrong. Plugins of pydantic hear nothing of it."""
        try:
            return self._validating(stopping(self._core_schema))
        except SchemaError:  # a class may bring a validator, and a core schema that is not the validator's
            return self._validate

    def _validating(self, validator: TypeAdapter[Any] | SchemaValidator) -> Callable[[Any], Any]:
        if self._is_strict:
            return lambda data: validator.validate_json(_to_json(data))
        return validator.validate_python

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        try:
            hides = self.counts_texts
            is_small = not hides and not has_more_values(data, MOST_VALUES, LONG_PATH)
            if is_small and not self._multiplies:
                return self._validate(data)
            values = count_values(data, hides=hides)
            if is_small:
                with counting(values=values):
                    return self._validate(data)
            with counting(FEWEST_FOUND if has_long_path(data, hides=hides) else MOST_FOUND, values=values):
                return self._validate_many(data)
        except ValidationError as error:
            if (count := error.error_count()) > MOST_ERRORS:
                raise invalid([("", f"{count} values do not fit.")]) from None
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            raise invalid((path_of(self._paths.in_data(each["loc"])), each["msg"]) for each in errors) from None

    def schema(self, *, is_sent: bool) -> Schema:
        """See :class:`.protocol.Type`."""
        if not self._is_complete():
            return dict(JSON_VALUE)
        mode: Any = "serialization" if is_sent else "validation"
        try:
            return self._adapter.json_schema(schema_generator=_WholeJsonSchema, mode=mode)
        except KeyError:  # a default or a constant that looks like a reference
            return dict(JSON_VALUE)

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`. What is none of the type is sent as it is."""
        if not self._is_complete():
            return value
        return self._adapter.dump_python(value, mode="json", by_alias=True, warnings=False)


class _WholeJsonSchema(GenerateJsonSchema):
    """Says something of each value: of one that JSON Schema cannot describe, that it is in JSON.

    A default that JSON cannot say is left out, without a warning.
    """

    ignored_warning_kinds = GenerateJsonSchema.ignored_warning_kinds | {"non-serializable-default"}

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:  # noqa: ARG002
        return dict(JSON_VALUE)


def _adapter(_: Any) -> TypeAdapter[Any]:
    """Pydantic takes a local of its caller for a class that is nowhere: there is this one, and none has its name."""
    return TypeAdapter(_)


def _unusable(annotation: Any, error: PydanticUserError | PydanticUndefinedAnnotation) -> TypeError:
    is_arbitrary = isinstance(error, PydanticSchemaGenerationError)
    hint = " Or give its class a model_config that allows it." if is_arbitrary else ""
    return TypeError(f"pydantic cannot use {annotation!r}: {error.message}{hint}")


def _max_hashed(schema: dict[str, Any], defined: dict[str, dict[str, Any]]) -> float:
    """How many values may come for a core schema, by what sets and keys of dicts are made of them."""
    known: dict[str, float] = {}
    every = (member for each in reached(schema, defined, set()) for member in _hashed(each))
    return min((_max_beside(each, defined, known) for each in every), default=inf)


def _hashed(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The core schemas of the members of a set, or of the keys of a dict, which are texts if they may be anything."""
    if schema.get("type") in ("set", "frozenset"):
        yield schema.get("items_schema", {"type": "any"})
    if schema.get("keys_schema", {"type": "any"})["type"] != "any":
        yield schema["keys_schema"]


def _max_beside(schema: dict[str, Any], defined: dict[str, dict[str, Any]], known: dict[str, float]) -> float:
    """How many values may come where some of this core schema are hashed.

    :param known: the same of those that others refer to, as far as it is known.
    """
    kind = schema.get("type")
    if kind == "definition-ref":
        name = schema["schema_ref"]
        if name in defined and name not in known:
            known[name] = inf  # within itself it adds nothing
            known[name] = _max_beside(defined[name], defined, known)
        return known.get(name, inf)
    if kind in _CANNOT_BE_ALIKE:
        return inf
    if kind == "is-instance":
        return MAX_IN_SETS if any(isinstance(each, schema["cls"]) for each in (0, 0.5)) else inf
    if kind in _NUMBERS or kind in _UUIDS:
        return MAX_IN_SETS if kind in _NUMBERS else MAX_IN_SETS_OF_UUIDS
    written = module_of(schema) if kind in ("function-after", "function-wrap") else ""  # which give what is like theirs
    if not (kind in _TUPLES or kind in _AROUND or written.startswith("pydantic.")) or _makes_objects(schema):
        return MAX_IN_SETS_OF_OBJECTS
    most = min((_max_beside(each, defined, known) for _, each in inside(schema)), default=inf)
    if most < inf and written and not written.startswith("pydantic._internal."):
        return MAX_IN_SETS_OF_OBJECTS  # a Secret of a number, say: what is internal only looks at what it is given
    return min(most, MAX_IN_SETS) if kind in _TUPLES else most


def _makes_objects(schema: dict[str, Any]) -> bool:
    """Whether a validator may make what is of a class of one's own."""
    return schema.get("type") == "function-before" and _may_be_anything(schema["schema"])


def _may_be_anything(schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    is_around = kind in _AROUND and any(_may_be_anything(each) for _, each in inside(schema))
    return is_around or kind in ("any", "is-instance")
