"""Where in the data an error of pydantic's is.

Its place names more than keys and numbers: members of unions too, as each of which the value was tried, their tags, and
``[key]`` where a key of a dict is wrong. Only the core schema can tell these from fields that are called so.
"""

from collections.abc import Iterator
from typing import Any, Final, cast

from pydantic_core import CoreSchema, SchemaValidator

from .core_schemas import inside

#: What an error's place is made of: keys, numbers and the rest.
Place = tuple[int | str, ...]

#: A core schema, how many parts of a place lead there, and those of them that are in the data.
_Step = tuple[dict[str, Any], int, Place]

#: Where a core schema has that of each value that it holds.
_VALUES: Final = frozenset({"items_schema", "values_schema", "extras_schema"})

#: What has fields.
_WITH_FIELDS: Final = frozenset({"model-fields", "typed-dict", "dataclass-args", "named-tuple", "arguments"})

#: Stands for what a function of the project's validates: it may raise an error that it has from somewhere else.
_ANYTHING: Final = {"type": "any"}


class Paths:
    """Finds the part of a place that leads through the data, for one type.

    :param schema: the type's core schema.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._definitions: dict[str, Any] = {}
        self._labels: dict[int, str] = {}

    def in_data(self, place: Place) -> Place:
        """The keys and numbers of ``place``; all of it where a function has made it up.

        It may be as long as data are deep, so this does not recurse.
        """
        waiting: list[tuple[dict[str, Any], Place, Place]] = [(self._schema, place, ())]
        seen = set()
        while waiting:
            schema, rest, path = waiting.pop()
            if not rest:
                return path
            if (state := (id(schema), len(rest))) not in seen:
                seen.add(state)
                steps = [(each, rest[count:], path + keys) for each, count, keys in self._steps(schema, rest)]
                waiting += reversed(steps)
        return place

    def _steps(self, schema: dict[str, Any], rest: Place) -> Iterator[_Step]:
        """Where ``rest`` may lead from ``schema``; the likeliest comes first."""
        match schema["type"]:
            case "definitions":
                self._definitions |= {each["ref"]: each for each in schema["definitions"]}
                yield schema["schema"], 0, ()
            case "definition-ref":
                yield self._definitions[schema["schema_ref"]], 0, ()
            case "union" | "tagged-union":
                yield from ((choice, 1, ()) for choice in self._choices(schema, rest[0]))
            case "json":
                yield _ANYTHING, len(rest), ()  # the data have a text there
            case kind:
                for field, name in _named(schema) if kind in _WITH_FIELDS else ():
                    if rest[: len(name)] == name:
                        yield field["schema"], len(name), name
                yield from _values(schema, rest)
                if kind.startswith("function-"):
                    yield _ANYTHING, len(rest), rest

    def _choices(self, schema: dict[str, Any], label: int | str) -> list[dict[str, Any]]:
        """Those members of a union that ``label`` may stand for."""
        if schema["type"] == "tagged-union":
            every = list(schema["choices"].items())
        else:
            choices = (each if isinstance(each, tuple) else (each, self._label(each)) for each in schema["choices"])
            every = [(name, choice) for choice, name in choices]
        return [choice for name, choice in every if name == label] or [choice for _, choice in every]

    def _label(self, choice: dict[str, Any]) -> str:
        """What pydantic calls a member of a union."""
        if id(choice) not in self._labels:
            whole = {"type": "definitions", "schema": choice, "definitions": list(self._definitions.values())}
            self._labels[id(choice)] = SchemaValidator(cast("CoreSchema", whole)).title
        return self._labels[id(choice)]


def _values(schema: dict[str, Any], rest: Place) -> Iterator[_Step]:
    for key, each in inside(schema):
        if key in _VALUES:
            yield each, 1, rest[:1]
        elif key == "keys_schema":
            if rest[1:2] == ("[key]",):
                yield each, 2, rest[:1]
        elif key != "fields" and schema["type"] != "arguments":
            yield each, 0, ()


def _named(schema: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Place]]:
    """The fields of a core schema with all their names, of which some are paths."""
    fields: Any = schema.get("fields", schema.get("arguments_schema"))
    by_name = fields.items() if isinstance(fields, dict) else ((each["name"], each) for each in fields)
    for position, (name, field) in enumerate(by_name):
        yield field, (name,)
        yield field, (position,)
        alias = field.get("validation_alias", field.get("alias", ()))
        several = [[alias]] if isinstance(alias, str) else alias
        yield from ((field, tuple(each)) for each in (several if all(map(_is_path, several)) else [several]))


def _is_path(alias: Any) -> bool:
    return isinstance(alias, list)
