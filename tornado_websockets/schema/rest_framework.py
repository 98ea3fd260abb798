"""Serializers of Django REST framework: a handler gets their ``validated_data``, a reply is their ``data``."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from traceback import walk_tb
from typing import Any, Final

from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor, ReverseOneToOneDescriptor
from rest_framework import serializers
from rest_framework.settings import api_settings

from .bounds import refuse_crowded_texts, refuse_many_fields
from .protocol import (
    JSON_VALUE,
    Field,
    Schema,
    invalid,
    is_frameworks_error,
    path_of,
    refuse_arguments,
    refuse_files,
)

#: The first that a field is an instance of says what it looks like; of the others nobody knows.
_KINDS: tuple[tuple[type[serializers.Field], Schema], ...] = (
    (serializers.BooleanField, {"type": "boolean"}),
    (serializers.IntegerField, {"type": "integer"}),
    (serializers.FloatField, {"type": "number"}),
    (serializers.DecimalField, {"type": ["number", "string"]}),
    (serializers.DateTimeField, {"type": "string", "format": "date-time"}),
    (serializers.DateField, {"type": "string", "format": "date"}),
    (serializers.TimeField, {"type": "string", "format": "time"}),
    (serializers.DurationField, {"type": "string"}),
    (serializers.UUIDField, {"type": "string", "format": "uuid"}),
    (serializers.EmailField, {"type": "string", "format": "email"}),
    (serializers.URLField, {"type": "string", "format": "uri"}),
    (serializers.CharField, {"type": "string"}),
    (serializers.IPAddressField, {"type": "string"}),
    (serializers.FileField, {"type": "string"}),
    (serializers.PrimaryKeyRelatedField, {"type": ["integer", "string"]}),
    (serializers.RelatedField, {"type": "string"}),
)

#: Arguments of fields that JSON Schema has a word for.
_BOUNDS = {"max_length": "maxLength", "min_length": "minLength", "max_value": "maximum", "min_value": "minimum"}

#: Queries that the values of a message may take: a related field makes one for each key, and so does a validator that
#: looks whether a value is unique. 500 take SQLite 0.2 s.
MAX_QUERIES: Final = 500

#: What the framework's fields raise of large numbers, addresses that are none, and JSON that nests deeply.
_UNUSABLE: Final = (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError)

#: Fields of keys, of which only the first looks up anything; the second has one of these for each of its keys.
_LOOKUPS: Final = (serializers.RelatedField, serializers.ManyRelatedField)

#: Fields that send more than a text or a number, or may do so where a project says how.
_HOLDERS: Final = (
    serializers.BaseSerializer,
    serializers.ListField,
    serializers.DictField,
    serializers.ManyRelatedField,
    serializers.MultipleChoiceField,
    serializers.RelatedField,
)


class _Plain(serializers.Serializer):  # type: ignore[misc]  # it has no types
    """A serializer with nothing of its own."""

    of_a_type: int

    class Meta:
        """Nothing."""


class SerializerType:
    """A serializer. It may query, so it is asked in a worker thread.

    :param serializer: its class.
    """

    may_block = finds_all = True

    def __init__(self, serializer: Any) -> None:
        self._serializer = serializer

    def check_received(self) -> None:
        """See :class:`.protocol.Type`. Of a model's fields only those that the serializer declares are looked at.

        :raises TypeError: it cannot be made of data alone, or requires a file.
        """
        refuse_arguments(self._serializer)
        declared = getattr(self._serializer, "_declared_fields", {})
        listed = getattr(getattr(self._serializer, "Meta", None), "fields", None)
        left_out = [name for name in declared if isinstance(listed, (list, tuple)) and name not in listed]
        files = [name for name, field in declared.items() if name not in left_out and _is_file_required(field)]
        refuse_files(self._serializer, files, declared.values(), _Plain)

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        serializer = self._serializer(data=data)
        refuse_many_fields(_fields_of(field) for field, value in _asked(serializer, data) if isinstance(value, dict))
        refuse_crowded_texts([value for field, value in _asked(serializer, data) if _reads_json(field)])
        _refuse_many_queries(_queries_of(field) for field, _ in _asked(serializer, data))
        try:
            is_valid = serializer.is_valid()
        except _UNUSABLE as error:
            if not is_frameworks_error(error):
                raise
            raise invalid([_unusable(error)]) from None
        if is_valid:
            return serializer.validated_data
        raise invalid(_flatten(serializer.errors, ()))

    def schema(self, *, is_sent: bool) -> Schema:
        """See :class:`.protocol.Type`."""
        return _schema(self._serializer(), is_sent)

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`: a serializer's own data, or what it makes of a row or a dict."""
        if value is None:
            return None
        return value.data if isinstance(value, serializers.BaseSerializer) else self._serializer(value).data


def _asked(field: Any, data: Any) -> Iterator[tuple[Any, Any]]:
    """``field`` and all within it that are asked, each with what it is asked about, which has come."""
    yield field, data
    if isinstance(field, serializers.Serializer):
        if isinstance(data, dict):
            for name, each in field.fields.items():
                if name in data and _is_asked(each):
                    yield from _asked(each, data[name])
        return
    inside = field.child if isinstance(field, serializers.DictField) else _inside(field)
    if inside is not None and isinstance(data, (dict, list)):
        for each in data.values() if isinstance(data, dict) else data:
            yield from _asked(inside, each)


def _fields_of(field: Any) -> int:
    """How many fields are asked for an object: what it lacks may be as wrong as what it has."""
    return sum(map(_is_asked, field.fields.values())) if isinstance(field, serializers.Serializer) else 0


def _reads_json(field: Any) -> bool:
    """Whether a field decodes a text."""
    return isinstance(field, serializers.JSONField) and field.binary


def _refuse_many_queries(counts: Iterable[int]) -> None:
    if any(total > MAX_QUERIES for total in accumulate(counts)):
        raise invalid([("", f"Expected at most {MAX_QUERIES} values that take a query each, got more.")])


def _queries_of(field: Any) -> int:
    """How many queries a value of a field takes; a ``to_internal_value`` of the project's may do with fewer."""
    lookups = [each for each in (field, field.parent) if isinstance(each, _LOOKUPS)]
    is_key = isinstance(field, serializers.RelatedField)
    is_looked_up = is_key and all(_is_of_framework(each.to_internal_value) for each in lookups)
    return is_looked_up + sum(hasattr(each, "queryset") for each in field.validators)


def _unusable(error: Exception) -> Field:
    """The field that has raised an error of which nobody knew, with ``*`` for an index or a key, and what it says."""
    if isinstance(error, RecursionError):
        return "", "This nests too deeply."
    owners = [frame.f_locals.get("self") for frame, _ in walk_tb(error.__traceback__)]
    fields = dict.fromkeys(each for each in owners if isinstance(each, serializers.Field))
    return path_of([each.field_name or "*" for each in fields][1:]), "Enter a valid value."


def _flatten(errors: Any, path: tuple[object, ...]) -> Iterable[Field]:
    """The texts in ``errors``, which nest as the data do, each with its path."""
    if isinstance(errors, dict):
        for name, inside in errors.items():
            yield from _flatten(inside, path if name == api_settings.NON_FIELD_ERRORS_KEY else (*path, name))
    elif isinstance(errors, list):
        for index, inside in enumerate(errors):
            is_item = isinstance(inside, (dict, list))
            yield from _flatten(inside, (*path, index) if is_item else path)
    else:
        yield path_of(path), str(errors)


def _is_asked(field: Any) -> bool:
    """Whether a client may say what its value is."""
    return not field.read_only and not isinstance(field, serializers.HiddenField)


def _schema(field: Any, is_sent: bool) -> Schema:
    if is_sent and _writes_its_own(field):
        return dict(JSON_VALUE)
    if isinstance(field, serializers.Serializer):
        schema = _object(field, is_sent)
    elif (inside := _inside(field)) is not None:
        schema = {"type": "array", "items": _schema(inside, is_sent)}
    elif isinstance(field, serializers.DictField):
        schema = {"type": "object", "additionalProperties": _schema(field.child, is_sent)}
    elif isinstance(field, serializers.MultipleChoiceField):
        schema = {"type": "array", "items": {"enum": _choices(field)}}
    elif isinstance(field, serializers.ChoiceField):
        schema = {"enum": _choices(field)}
    else:
        schema = dict(next((schema for kind, schema in _KINDS if isinstance(field, kind)), JSON_VALUE))
        if is_sent and isinstance(field, serializers.DecimalField) and _is_sent_as_text(field):
            schema["type"] = "string"
    if not is_sent and schema.get("type") in ("string", "integer", "number"):
        schema.update({word: getattr(field, name) for name, word in _BOUNDS.items() if _is_bound(field, name)})
    return {"anyOf": [schema, {"type": "null"}]} if field.allow_null else schema


def _object(serializer: Any, is_sent: bool) -> Schema:
    is_seen = _is_sent if is_sent else _is_asked
    fields = {name: field for name, field in serializer.fields.items() if is_seen(field)}
    return {
        "title": type(serializer).__name__,
        "type": "object",
        "properties": {name: _schema(field, is_sent) for name, field in fields.items()},
        "required": [
            name for name, field in fields.items() if (not _may_be_left_out(field) if is_sent else field.required)
        ],
    }


def _is_sent(field: Any) -> bool:
    return not field.write_only  # as a HiddenField is


def _writes_its_own(field: Any) -> bool:
    """Whether nobody knows what a field sends: a method of the project's writes it, of what is more than a value."""
    return isinstance(field, _HOLDERS) and not _is_of_framework(field.to_representation)


def _is_of_framework(method: Any) -> bool:
    return str(method.__module__).startswith("rest_framework.")


def _is_file_required(field: Any) -> bool:
    is_needed = field.required and not field.allow_null
    return is_needed and isinstance(field, serializers.FileField)


def _may_be_left_out(field: Any) -> bool:
    """Whether a serializer sends nothing for a field, where what it sends has no such attribute."""
    if field.required or field.allow_null or field.default is not serializers.empty:
        return False
    return not _has_every_row(field)


def _has_every_row(field: Any) -> bool:
    """Whether each row of a serializer's model has the attribute that a field is of; or it is of the whole row."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    for name in field.source_attrs:
        attribute = getattr(model, name, None)
        if attribute is None or isinstance(attribute, ReverseOneToOneDescriptor):
            return False
        is_relation = isinstance(attribute, ForwardManyToOneDescriptor) and not attribute.field.null
        model = attribute.field.related_model if is_relation else None
    return True


def _choices(field: Any) -> list[Any]:
    """The choices as JSON has them: of one that JSON does not know, its text."""
    every = [
        each if isinstance(each, (str, int, float)) else text for text, each in field.choice_strings_to_values.items()
    ]
    return ["", *every] if field.allow_blank and "" not in every else every


def _inside(field: Any) -> Any:
    """The field of what is in a list, where ``field`` is one."""
    if isinstance(field, serializers.ManyRelatedField):
        return field.child_relation
    return field.child if isinstance(field, (serializers.ListSerializer, serializers.ListField)) else None


def _is_bound(field: Any, name: str) -> bool:
    return isinstance(getattr(field, name, None), (int, float))


def _is_sent_as_text(field: Any) -> bool:
    return bool(getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING))
