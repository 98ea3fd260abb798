"""All that pydantic's ``TypeAdapter`` knows: models, dataclasses, ``TypedDict``, ``Annotated`` and more.

pydantic finds all that is wrong before it says anything. For a megabyte of half a million wrong numbers that takes half
a second, in which nothing else runs, and 200 MiB; 60 levels deep each error costs five times that. So data of many
values are validated by a second validator, which is made of the core schema of the first: its lists, sets and dicts
stop at the first value that is wrong, and objects that nest pass up one error.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property, partial
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError
from pydantic_core import PydanticCustomError, PydanticKnownError, SchemaError, SchemaValidator

from .protocol import Schema, has_more_values, invalid, path_of

#: Values of which all that are wrong are found. That takes a millisecond and half a megabyte, or 12 ms and 3 MiB where
#: they are 60 levels deep.
MOST_VALUES: Final = 1000

#: Errors that are looked at one by one: pydantic makes an object of each that is asked for, which takes three times as
#: long as finding it. A value may be wrong as each member of a union.
MOST_ERRORS: Final = 1000

#: What can be told to stop at the first value that is wrong; dicts since pydantic 2.12, others have no such word.
_MANY: Final = frozenset(
    {
        "list", "deque", "tuple", "set", "frozenset", "dict", "frozendict", "ordered-dict", "defaultdict", "counter",
    }
)  # fmt: skip

#: What else may have any number of wrong values.
_ENDLESS: Final = _MANY | {"definition-ref"}

#: What names its fields, and may forbid all others.
_NAMED: Final = frozenset({"model-fields", "dataclass-args", "typed-dict"})

#: Where a core schema has others within it. All else, such as a default, only looks like one at times.
_INSIDE: Final = frozenset(
    {
        "schema", "definitions", "fields", "choices", "steps", "items_schema", "keys_schema", "values_schema",
        "extras_schema", "extras_keys_schema", "arguments_schema", "lax_schema", "strict_schema", "json_schema",
        "python_schema",
    }
)  # fmt: skip

#: Those of them that may be dicts, whose keys are names.
_BY_NAME: Final = frozenset({"fields", "choices"})

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
        self._is_strict = _is_strict(self._adapter.core_schema)
        self._takes_many = _takes_many(self._adapter.core_schema)
        self._validate = _validating(self._adapter, is_json=self._is_strict)

    @cached_property
    def _validate_many(self) -> Callable[[Any], Any]:
        """Validate, and stop at the first thing that is wrong, as far as this pydantic can."""
        try:
            validator = _build(self._adapter.core_schema, may_call=not self._is_strict)
        except SchemaError:
            return self._validate
        return _validating(validator, is_json=self._is_strict)

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        is_large = self._takes_many and has_more_values(data, MOST_VALUES)
        try:
            return self._validate_many(data) if is_large else self._validate(data)
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


def _validating(validator: TypeAdapter[Any] | SchemaValidator, *, is_json: bool) -> Callable[[Any], Any]:
    def validate_json(data: Any) -> Any:
        return validator.validate_json(json.dumps(data))

    return validate_json if is_json else validator.validate_python


def _build(schema: Any, *, may_call: bool) -> SchemaValidator:
    """A validator that stops at the first of many values that is wrong.

    :param may_call: whether functions may be put into it. What a strict type gets from one is no longer JSON.
    """
    definitions = schema.get("definitions", ())
    branching = {each["ref"] for each in definitions if may_call and _has_references(each)}
    stopping = _copy(schema, may_call=may_call, branching=branching)
    try:
        # A model would bring its own validator, which finds all that is wrong.
        return SchemaValidator(stopping, _use_prebuilt=False)
    except TypeError:  # before pydantic 2.13: models within others bring theirs, and unions see through no function
        return SchemaValidator(_copy(schema, may_call=False, branching=()))


def _copy(
    schema: Any, *, may_call: bool, branching: Collection[str], branches: bool = False, forbids: bool = False
) -> Any:
    """A copy of a core schema, or of some, for :func:`_build`.

    :param branching: definitions that refer to several, so that one object may have wrong ones at each of many levels.
    :param branches: whether it is part of one of these.
    :param forbids: whether the fields in it are all that there may be.
    """
    if isinstance(schema, (list, tuple)):
        copies = (_copy(each, may_call=may_call, branching=branching, branches=branches) for each in schema)
        return type(schema)(copies)
    if not isinstance(schema, Mapping):
        return schema
    kind = schema.get("type")
    forbids = _forbids(schema, inherited=forbids)
    branches = branches or schema.get("ref") in branching
    copy = dict(schema)
    for key in _INSIDE & copy.keys():
        is_inner = key == "schema" and kind not in _NAMED
        inside = partial(_copy, may_call=may_call, branching=branching, branches=branches, forbids=forbids and is_inner)
        has_names = key in _BY_NAME and isinstance(copy[key], dict)
        copy[key] = {name: inside(each) for name, each in copy[key].items()} if has_names else inside(copy[key])
    if kind in _MANY:
        copy["fail_fast"] = True
    if kind == "definition-ref" and branches:
        return _calling("wrap", _find_one, copy)
    return _calling("before", _refusing(copy), copy) if kind in _NAMED and forbids and may_call else copy


def _calling(when: str, function: Callable[..., Any], schema: dict[str, Any]) -> dict[str, Any]:
    ref = {"ref": schema.pop("ref")} if "ref" in schema else {}
    return {"type": f"function-{when}", "function": {"type": "no-info", "function": function}, "schema": schema, **ref}


def _find_one(value: Any, validate: Callable[[Any], Any]) -> Any:
    """Validate, and make one error of those that there are, so that they do not add up from level to level."""
    try:
        return validate(value)
    except ValidationError as error:
        if (count := error.error_count()) == 1:
            raise
        raise PydanticCustomError("many_errors", "{count} values do not fit.", {"count": count}) from None


def _forbids(schema: Mapping[str, Any], *, inherited: bool) -> bool:
    of_config = (schema.get("config") or {}).get("extra_fields_behavior")
    behavior = schema.get("extra_behavior") or of_config or ("forbid" if inherited else None)
    return bool(behavior == "forbid")


def _refusing(schema: dict[str, Any]) -> Callable[[Any], Any]:
    """What refuses an object with more names than the fields have, one of which must be one too many."""
    fields = schema["fields"].values() if isinstance(schema["fields"], dict) else schema["fields"]
    aliases = [field.get("validation_alias") for field in fields]
    most = sum(1 + (len(alias) if isinstance(alias, list) else 1) for alias in aliases)

    def refuse(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > most:
            raise PydanticKnownError("extra_forbidden")
        return value

    return refuse


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    """A core schema, or some, and all that are within."""
    if isinstance(schema, Mapping):
        yield schema
        for key in _INSIDE & schema.keys():
            has_names = key in _BY_NAME and isinstance(schema[key], dict)
            yield from _nodes(list(schema[key].values()) if has_names else schema[key])
    elif isinstance(schema, (list, tuple)):
        for each in schema:
            yield from _nodes(each)


def _has_references(schema: Any) -> bool:
    """Whether a definition refers to others, or to itself, at two places or more."""
    return len([node for node in _nodes(schema) if node.get("type") == "definition-ref"]) > 1


def _takes_many(schema: Any) -> bool:
    """Whether a type may have more wrong values than it has fields."""
    if not isinstance(schema, dict):  # pydantic makes it when it is needed: nobody knows yet
        return True
    return any(node.get("type") in _ENDLESS or _forbids(node, inherited=False) for node in _nodes(schema))


def _is_strict(schema: Any) -> bool:
    if isinstance(schema, dict):
        return schema.get("strict") is True or any(map(_is_strict, schema.values()))
    return isinstance(schema, (list, tuple)) and any(map(_is_strict, schema))


def _is_arbitrary(error: Exception) -> bool:
    return isinstance(error, PydanticSchemaGenerationError)
