"""Django's forms: what comes is their data, a list where a name has several, a handler gets their ``cleaned_data``."""

import sys
from collections.abc import Iterator
from inspect import Parameter, signature
from typing import Any, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.datastructures import MultiValueDict

from .bounds import refuse_crowded_texts, refuse_many_fields
from .protocol import (
    JSON_VALUE,
    Schema,
    arguments_of,
    invalid,
    is_frameworks_error,
    is_frameworks_own,
    refuse_arguments,
    refuse_files,
)

#: The first that a field is an instance of says what it looks like; all others are texts.
_KINDS: tuple[tuple[type[forms.Field], Schema], ...] = (
    (forms.ModelMultipleChoiceField, {"type": "array", "items": {"type": ["integer", "string"]}}),
    (forms.ModelChoiceField, {"type": ["integer", "string"]}),
    (forms.NullBooleanField, {"type": ["boolean", "null"]}),
    (forms.BooleanField, {"type": "boolean"}),
    (forms.FloatField, {"type": "number"}),
    (forms.DecimalField, {"type": ["number", "string"]}),
    (forms.IntegerField, {"type": "integer"}),
    (forms.DateTimeField, {"type": "string", "format": "date-time"}),
    (forms.DateField, {"type": "string", "format": "date"}),
    (forms.TimeField, {"type": "string", "format": "time"}),
    (forms.EmailField, {"type": "string", "format": "email"}),
    (forms.URLField, {"type": "string", "format": "uri"}),
    (forms.UUIDField, {"type": "string", "format": "uuid"}),
    (forms.JSONField, JSON_VALUE),
)

#: Arguments of fields that JSON Schema has a word for.
_BOUNDS = {"max_length": "maxLength", "min_length": "minLength", "max_value": "maximum", "min_value": "minimum"}

#: What Django's fields raise that expect the texts of a page, smaller numbers, or JSON that nests less.
_UNUSABLE: Final = (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError)

#: Values of fields times their choices, since Django compares each of several values with all: a million take 0.2 s.
MAX_COMPARED: Final = 1_000_000

#: Choices that are compared while a query is made for one.
_QUERY: Final = 2000

_POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class _Plain(forms.ModelForm):  # type: ignore[type-arg]  # only Django's stubs have it
    """A form with nothing of its own."""

    of_a_type: int

    class Meta:
        """Nothing."""

    class Media:
        """Nothing."""


class FormType:
    """A form. It may query, so it is asked in a worker thread.

    :param form: its class, which is called with the data.
    """

    may_block = finds_all = True

    def __init__(self, form: Any) -> None:
        self._form = form
        self._is_by_name = _is_by_name(form)

    def check_received(self) -> None:
        """See :class:`.protocol.Type`.

        :raises TypeError: it cannot be made of data alone, or requires a file.
        """
        _refuse_other_names(self._form)
        refuse_arguments(self._form, "data" if self._is_by_name else arguments_of(self._form)[0].name)
        fields = self._form.base_fields
        files = [name for name, field in fields.items() if _is_file_required(field)]
        widgets = [field.widget for field in fields.values()]
        refuse_files(self._form, files, [*fields.values(), *widgets], _Plain)

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        posted = self._posted(data)
        form = self._form(data=posted) if self._is_by_name else self._form(posted)
        try:
            _refuse_much(form, data)
            is_valid = form.is_valid()
        except _UNUSABLE as error:
            if not is_frameworks_error(error):
                raise
            unusable = [(name, _says_invalid(form.fields[name])) for name in form.fields if _fails(form, name)]
            if not unusable:  # it was no field
                raise
            raise invalid(unusable) from None
        if is_valid:
            return form.cleaned_data
        raise invalid(
            ("" if name == NON_FIELD_ERRORS else name, str(message))
            for name, messages in form.errors.items()
            for message in messages
        )

    def _posted(self, data: Any) -> MultiValueDict[str, Any]:
        """``data`` as a form of a page would post them, where a name may have several values."""
        posted: MultiValueDict[str, Any] = MultiValueDict()
        unusable = []
        for name, value in data.items():
            field = self._form.base_fields.get(name)
            values = value if isinstance(value, list) and not isinstance(field, forms.JSONField) else [value]
            posted.setlist(name, values)
            if field is not None and not isinstance(field, forms.JSONField) and any(map(_is_container, values)):
                unusable.append((name, _says_invalid(field)))
        if unusable:
            raise invalid(unusable)
        return posted

    def schema(self, *, is_sent: bool) -> Schema:  # noqa: ARG002 it is the same in both directions
        """See :class:`.protocol.Type`."""
        fields = self._form.base_fields
        return {
            "title": self._form.__name__,
            "type": "object",
            "properties": {name: _schema(field) for name, field in fields.items()},
            "required": [name for name, field in fields.items() if field.required],
        }

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`: as it is."""
        return value


def _refuse_other_names(form: Any) -> None:
    """Refuse a form that may take its data by another name than ``data``: it may as well be a user that it takes so.

    :raises TypeError: an ``__init__`` that is not Django's does not say where the data go, or takes none.
    """
    if not _is_by_name(form):
        kinds = [each.kind for each in arguments_of(form)]
        if kinds[:1] != [Parameter.VAR_POSITIONAL] and kinds not in [[kind] for kind in _POSITIONAL]:
            raise _names_no_data(form)
        return
    for owner in form.__mro__:
        if "__init__" in vars(owner):
            every = arguments_of(owner)
            if is_frameworks_own(owner) or any(map(_is_data, every)):
                return
            kinds = [each.kind for each in every]
            if Parameter.VAR_KEYWORD not in kinds or kinds[0] in _POSITIONAL:
                raise _names_no_data(owner)


def _is_by_name(form: Any) -> bool:
    """Whether a form is given the data as ``data``, and not as its first argument."""
    return any(_is_data(each) or each.kind is Parameter.VAR_KEYWORD for each in arguments_of(form))


def _is_data(argument: Parameter) -> bool:
    return argument.name == "data" and argument.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


def _names_no_data(owner: Any) -> TypeError:
    return TypeError(
        f"Expected the __init__ of {owner.__name__} to take 'data' by name, got {signature(owner.__init__)}: call what "
        "takes the data so, and put what does not behind *args, with a default; or make the form in the handler, of "
        "data: dict."
    )


def _is_file_required(field: forms.Field) -> bool:
    is_needed = field.required and not field.disabled and field.initial is None
    return is_needed and isinstance(field.widget, forms.FileInput)


def _refuse_much(form: forms.BaseForm, data: Any) -> None:
    """Raise ``Refused`` where fields would make too many values of texts, or compare too many with their choices."""
    if any(map(_reads_json, form.fields.values())):
        refuse_crowded_texts(data)
    takes_many = {name: field for name, field in form.fields.items() if any(map(_has_many_values, _parts(field)))}
    counts = {name: _count_values(field, _value(form, name)) for name, field in takes_many.items()}
    refuse_many_fields(counts.values())
    left = MAX_COMPARED
    for name, field in takes_many.items():
        compared = max(map(_compared, _parts(field)))
        most = max(left // compared, 1)
        if counts[name] > most:
            raise invalid([(name, f"Expected at most {most:,} of these choices, got more.")])
        left -= counts[name] * compared


def _has_many_values(field: forms.Field) -> bool:
    return _splits(field) or isinstance(field, forms.MultipleChoiceField)


def _compared(field: forms.Field) -> int:
    """With how many choices a value of a field is compared, or could be while it is looked up in the database."""
    if isinstance(field, forms.ModelChoiceField):
        return _QUERY
    return max(len(_values(field.choices)), 1) if isinstance(field, forms.ChoiceField) else 1


def _inside(field: forms.Field) -> list[forms.Field]:
    """The fields that a field is made of."""
    inside = (*getattr(field, "fields", ()), getattr(field, "base_field", None))
    return [each for each in inside if isinstance(each, forms.Field)]


def _parts(field: forms.Field) -> Iterator[forms.Field]:
    """A field, and all those that it is made of, and these are."""
    yield field
    for each in _inside(field):
        yield from _parts(each)


def _reads_json(field: forms.Field) -> bool:
    """Whether a field, or one that it is made of, decodes a text."""
    postgres = sys.modules.get("django.contrib.postgres.forms")  # importing it takes a driver
    kinds = (forms.JSONField, getattr(postgres, "HStoreField", forms.JSONField))
    return any(isinstance(each, kinds) for each in _parts(field))


def _splits(field: forms.Field) -> bool:
    """Whether a field makes many values of a text, each of them for another field: PostgreSQL's SimpleArrayField."""
    base, delimiter = (getattr(field, name, None) for name in ("base_field", "delimiter"))
    return isinstance(base, forms.Field) and isinstance(delimiter, str)


def _count_parts(field: Any, text: str, parts: int = 1) -> int:
    """How many values a text becomes, of which it is so many parts already; those that are split again count too."""
    made = 0
    if _splits(field):
        made = parts = parts + text.count(field.delimiter)
    return made + max((_count_parts(each, text, parts) for each in _inside(field)), default=0)


def _count_values(field: forms.Field, value: Any) -> int:
    """How many values a field makes of what its widget has found, which may be a list."""
    if isinstance(value, (list, tuple)):
        return sum(_count_values(field, each) for each in value)
    return max(_count_parts(field, value), 1) if isinstance(value, str) else 1


def _value(form: forms.BaseForm, name: str) -> Any:
    """What a field is given of the data."""
    return form.fields[name].widget.value_from_datadict(form.data, form.files, form.add_prefix(name))


def _is_container(value: object) -> bool:
    return isinstance(value, (dict, list))


def _fails(form: forms.BaseForm, name: str) -> bool:
    """Whether Django, which expects the texts of a page, can make nothing of what JSON has brought a field."""
    try:
        form.fields[name].clean(_value(form, name))
    except _UNUSABLE as error:
        return is_frameworks_error(error)
    except ValidationError:
        return False
    return False


def _says_invalid(field: forms.Field) -> str:
    return str(field.error_messages.get("invalid", "Enter a valid value."))


def _schema(field: forms.Field) -> Schema:
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        values = _values(field.choices)
        one: Schema = {"enum": values if field.required else ["", *values]}
        return {"type": "array", "items": one} if isinstance(field, forms.MultipleChoiceField) else one
    schema = dict(next((schema for kind, schema in _KINDS if isinstance(field, kind)), {"type": "string"}))
    for attribute, word in _BOUNDS.items():
        value = getattr(field, attribute, None)
        if isinstance(value, (int, float)):
            schema[word] = value
    return schema


def _values(choices: Any) -> list[str]:
    """Those of all groups, as a form compares them."""
    values: list[str] = []
    for value, label in choices:
        values += _values(label) if isinstance(label, (list, tuple)) else [str(value)]
    return [value for value in values if value]
