"""A copy of a core schema that stops where too much is wrong.

An error is made for each field that an empty object lacks, which may be a hundred times as many as there are values.
And where a union is within a member of another, each level of the data is tried as each member, and all below it anew.
"""

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, cast

from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator

from ..exceptions import Refused
from .core_schemas import (
    INSIDE,
    MANY,
    definitions_in,
    has,
    is_alike_in_python,
    is_by_name,
    is_within_itself,
    module_of,
    multiplies,
    reached,
)
from .protocol import invalid

#: Errors that are found where all that are wrong are to be: a wrap validator, or a model's own ``__init__``, may look
#: at them and make up for them.
MOST_FOUND: Final = 10_000

#: Times that errors may be passed on, each from a value to the one that it is in: so many take some 20 ms.
MOST_PASSED_ON: Final = 20_000

#: Times that unions may be tried which have others within them, how many more for each value, and how many at all:
#: each takes some 10 µs.
_FEWEST_TRIES: Final = 2000
_TRIES_OF_A_VALUE: Final = 10
_MOST_TRIES: Final = 10_000

#: Errors that count as a try more where they were passed on within a member of a union that fits as another. Each does
#: where paths are long, as fewer may be found.
_ERRORS_OF_A_TRY: Final = 10

#: Where a core schema has that of each of many values.
_VALUES: Final = frozenset({"items_schema", "values_schema"})

#: What a wrap validator is made of.
_Wrapper = Callable[[Any, Callable[[Any], Any]], Any]

#: Tells a core schema whose errors are counted.
_COUNTED: Final = {"counted": True}

#: What the name of a definition ends with, in the copy that stops at the first error and in the one that counts them.
_STOPS: Final = ":stops"
_COUNTS: Final = ":counts"


@dataclass(slots=True)
class _Count:
    """How many errors there are so far in what is validated, and how many there may be.

    :ivar found: those within a union are forgotten once it fits as one of its members.
    :ivar passed_on: the same, each as often as it has left a value that others are in: it is copied then.
    :ivar tries: of unions that have others within them.
    :ivar unions: that are being tried, each within a member of the one before.
    """

    most: int
    most_tries: int
    found: int = 0
    passed_on: int = 0
    tries: int = 0
    unions: int = 0


_count: ContextVar[_Count | None] = ContextVar("count", default=None)


@contextmanager
def counting(most: int = MOST_FOUND, *, values: int = 0) -> Iterator[None]:
    """Let what :func:`stopping` has made count its errors, from none; an iterator that it makes counts on later.

    :param most: how many there may be. Of more, or of too many tries, ``Refused`` is raised: pydantic lets it pass, as
        it is no ``ValueError``.
    :param values: how many are in the data: the more, the more tries there may be.
    """
    with _using(_Count(most, min(_MOST_TRIES, _FEWEST_TRIES + _TRIES_OF_A_VALUE * values))):
        yield


@contextmanager
def _using(count: _Count) -> Iterator[None]:
    token = _count.set(count)
    try:
        yield
    finally:
        _count.reset(token)


def stopping(schema: dict[str, Any], *, counts: bool = False) -> SchemaValidator:
    """A validator whose lists, sets and dicts stop at the first value that is wrong; use it within :func:`counting`.

    :param counts: find all that is wrong, and only count.
    :raises SchemaError: pydantic cannot make one of ``schema``.
    """
    # A model would bring its own validator, which finds all that is wrong.
    return SchemaValidator(_Copy(schema).of(schema, counts=counts), _use_prebuilt=False)


class _Copy:
    """The copy of one core schema, with its definitions: each is in it twice, to stop and to count."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.definitions: list[dict[str, Any]] = []
        self._defined = definitions_in(schema)
        self._recursive = self._within_itself({"union"})  # where tries are counted
        self._chained = self._within_itself({"union", *MANY})
        # What a function gives on is no JSON any more, of which a strict type would take no text for a date.
        self._may_count = not has(schema, "strict", True) or is_alike_in_python(schema)

    def _within_itself(self, besides: Container[str]) -> set[str]:
        return {name for name in self._defined if is_within_itself(name, self._defined, besides)}

    def of(self, schema: Any, *, counts: bool) -> Any:
        """Copy a core schema, or some.

        :param counts: whether errors are counted, instead of stopping at the first.
        """
        if isinstance(schema, (list, tuple)):
            return type(schema)(self.of(each, counts=counts) for each in schema)
        if not isinstance(schema, dict):
            return schema
        copy: dict[str, Any]
        ends = _COUNTS if counts else _STOPS
        copy = {key: f"{value}{ends}" if key in ("ref", "schema_ref") else value for key, value in schema.items()}
        counts = counts or _finds_all(schema)
        copy |= {key: self._within(value, counts=counts) for key, value in schema.items() if key in INSIDE}
        if self._may_count and "extras_schema" in copy:
            copy["extras_schema"] = self._counted(copy["extras_schema"])
        match schema.get("type"):
            case "definitions":
                if not counts:
                    copy["definitions"] += self.of(schema["definitions"], counts=True)
                self.definitions += copy["definitions"]
            case "model" if schema.get("custom_init") and not schema.get("root_model"):
                model = schema["cls"]
                attributes = {
                    "model": model,
                    "validator": cache(partial(self._validator, copy, model)),
                    "__new__": lambda _: model.__new__(model),  # of what is no object of fields
                }
                copy["cls"] = _Initialised(model.__name__, (), attributes)
            case kind if kind in MANY and counts:
                copy |= {key: self._counted(value) for key, value in copy.items() if key in _VALUES}
            case kind if kind in MANY:
                copy["fail_fast"] = True
        function = self._function_around(schema, counts=counts)
        return copy if function is None else self._wrapped(copy, function)

    def _function_around(self, schema: dict[str, Any], *, counts: bool) -> _Wrapper | None:
        match schema.get("type"):
            case "generator":
                return _later
            case "definition-ref" if self._is_counted(schema, counts=counts):
                return _counting
            case "union" if multiplies(schema, self._defined):
                return _trying
            case "union" if counts:
                return _choosing
            case "union" if self._counts_within(schema):
                return _forgetting
        return None

    def _is_counted(self, reference: dict[str, Any], *, counts: bool) -> bool:
        """Whether errors of what is referred to are counted: of many values within a wrap validator they are anyway."""
        return self._may_count and reference["schema_ref"] in (self._chained if counts else self._recursive)

    def _counts_within(self, union: dict[str, Any]) -> bool:
        """Whether errors are counted within a member of a union."""
        return self._may_count and any(
            each.get("schema_ref") in self._recursive or "extras_schema" in each or _finds_all(each)
            for each in reached(union, self._defined, set())
        )

    def _within(self, schema: Any, *, counts: bool) -> Any:
        if is_by_name(schema):
            return {name: self.of(each, counts=counts) for name, each in schema.items()}
        return self.of(schema, counts=counts)

    def _counted(self, schema: Any) -> Any:
        """A core schema, or one for each value of a tuple, whose errors are counted."""
        if isinstance(schema, list):
            return [self._counted(each) for each in schema]
        return schema if schema.get("metadata") == _COUNTED else self._wrapped(schema, _counting)

    def _wrapped(self, schema: dict[str, Any], function: _Wrapper) -> dict[str, Any]:
        """A core schema within a function, which is what others refer to then."""
        around = {"metadata": _COUNTED} if function is _counting else {}
        if "ref" in schema:
            around["ref"] = schema.pop("ref")
        return around | {
            "type": "function-wrap",
            "function": {"type": "no-info", "function": function},
            "schema": schema,
        }

    def _validator(self, copy: dict[str, Any], model: Any) -> SchemaValidator:
        """What the ``__init__`` of a model is to go back to."""
        own = {**copy, "cls": model, "custom_init": False, "ref": ":initialised"}
        whole = {"type": "definitions", "schema": own, "definitions": self.definitions}
        return SchemaValidator(cast("CoreSchema", whole), _use_prebuilt=False)


class _Initialised(type):
    """Stands for a model with an ``__init__`` of its own, which goes back to the validator that the model has.

    An object that is made by it has another one, until it is validated.
    """

    model: Any
    validator: Callable[[], SchemaValidator]

    def __call__(cls, /, **data: Any) -> Any:
        """Make an object of the model."""
        made = cls.model.__new__(cls.model, **data)
        made.__dict__["__pydantic_validator__"] = cls.validator()
        made.__init__(**data)
        made.__dict__.pop("__pydantic_validator__", None)  # where it has not been validated
        return made

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.model)


def _finds_all(schema: dict[str, Any]) -> bool:
    """Whether a core schema is that of a model with an ``__init__`` of its own, or of a wrap validator.

    Pydantic has some of its own, as that of a ``Sequence``.
    """
    is_wrapped = schema.get("type") == "function-wrap" and not module_of(schema).startswith("pydantic.")
    return is_wrapped or bool(schema.get("custom_init"))


def _trying(value: Any, handler: Callable[[Any], Any]) -> Any:
    if (count := _count.get()) is not None:
        _count_tries(count, 1)
    return _choosing(value, handler)


def _choosing(value: Any, handler: Callable[[Any], Any]) -> Any:
    """Validate a union: what does not fit as one of its members is not wrong where another fits."""
    count = _count.get()
    if count is None:
        return handler(value)
    found, passed_on = count.found, count.passed_on
    made = _counting(value, partial(_within_union, count, handler))
    _count_errors_as_tries(count, count.passed_on - passed_on)
    count.found, count.passed_on = found, passed_on
    return made


def _forgetting(value: Any, handler: Callable[[Any], Any]) -> Any:
    """The same of a union that is tried once for each value: what is passed on once within it takes no longer."""
    count = _count.get()
    if count is None:
        return handler(value)
    found, passed_on = count.found, count.passed_on
    made = _within_union(count, handler, value)
    _count_errors_as_tries(count, max(count.passed_on - passed_on - (count.found - found), 0))
    count.found, count.passed_on = found, passed_on
    return made


def _within_union(count: _Count, handler: Callable[[Any], Any], value: Any) -> Any:
    count.unions += 1
    try:
        return handler(value)
    finally:
        count.unions -= 1


def _counting(value: Any, handler: Callable[[Any], Any]) -> Any:
    count = _count.get()
    if count is None:
        return handler(value)
    before = count.found
    try:
        return handler(value)
    except ValidationError as error:
        count.found = max(count.found, before + error.error_count())  # those of values within it are among them
        count.passed_on += error.error_count()
        if count.found > count.most or count.passed_on > MOST_PASSED_ON:
            if count.unions:  # it may fit as another member
                raise _too_many_tries() from None
            raise invalid([("", f"At least {count.found:,} values do not fit.")]) from None
        raise


def _count_errors_as_tries(count: _Count, errors: int) -> None:
    _count_tries(count, errors // max(_ERRORS_OF_A_TRY * count.most // MOST_FOUND, 1))


def _count_tries(count: _Count, tries: int) -> None:
    count.tries += tries
    if count.tries > count.most_tries:
        raise _too_many_tries()


def _later(value: Any, handler: Callable[[Any], Any]) -> Any:
    made, count = handler(value), _count.get()
    return made if count is None else _Later(made, count)


class _Later:
    """An iterator that validates what it yields, and counts that with the message that it is of."""

    def __init__(self, values: Iterator[Any], count: _Count) -> None:
        self._values = values
        self._count = count

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        with _using(self._count):
            return next(self._values)


def _too_many_tries() -> Refused:
    message = "Which types these are takes too many tries to find out; Field(discriminator=...) needs none."
    return invalid([("", message)])
