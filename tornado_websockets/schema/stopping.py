"""A copy of a core schema that stops where too much is wrong.

An error is made for each field that an empty object lacks, which may be a hundred times as many as there are values.
And where a union is within a member of another, each level of the data is tried as each member, and all below it anew.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, cast

from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator, to_json

from ..exceptions import Refused
from .core_schemas import INSIDE, MANY, definitions_in, is_by_name, is_chained, module_of, multiplies
from .protocol import invalid

#: Errors that are found where all that are wrong are to be: a wrap validator, or a model's own ``__init__``, may look
#: at them and make up for them.
MOST_FOUND: Final = 10_000

#: Times that errors may be passed on, each from a value to the one that it is in: so many take some 10 ms.
MOST_PASSED_ON: Final = 10_000

#: Times that unions may be tried which have others within them: each takes some 5 µs.
MOST_TRIES: Final = 10_000

#: Errors that count as a try more where they were passed on within a member of a union that fits as another: fewer of
#: them do where paths are long, as fewer may be found.
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
    found: int = 0
    passed_on: int = 0
    tries: int = 0
    unions: int = 0


_count: ContextVar[_Count | None] = ContextVar("count", default=None)


@contextmanager
def counting(most: int = MOST_FOUND) -> Iterator[None]:
    """Let what :func:`stopping` has made count its errors, from none; an iterator that it makes counts on later.

    :param most: how many there may be. Of more, or of too many tries, ``Refused`` is raised: pydantic lets it pass, as
        it is no ``ValueError``.
    """
    with _using(_Count(most)):
        yield


@contextmanager
def _using(count: _Count) -> Iterator[None]:
    token = _count.set(count)
    try:
        yield
    finally:
        _count.reset(token)


def stopping(schema: dict[str, Any], *, counts: bool = False, is_json: bool = False) -> SchemaValidator:
    """A validator whose lists, sets and dicts stop at the first value that is wrong; use it within :func:`counting`.

    :param counts: find all that is wrong, and only count.
    :param is_json: it is going to validate JSON, and may be strict: of what comes from a function it would be so too.
    :raises SchemaError: pydantic cannot make one of ``schema``.
    """
    # A model would bring its own validator, which finds all that is wrong.
    return SchemaValidator(_Copy(schema, is_json=is_json).of(schema, counts=counts), _use_prebuilt=False)


class _Copy:
    """The copy of one core schema, with its definitions: each is in it twice, to stop and to count."""

    def __init__(self, schema: dict[str, Any], *, is_json: bool) -> None:
        self.definitions: list[dict[str, Any]] = []
        self._defined = definitions_in(schema)
        self._is_json = is_json

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
        counts = counts or _is_wrapped(schema) or bool(schema.get("custom_init"))
        copy |= {key: self._within(value, counts=counts) for key, value in schema.items() if key in INSIDE}
        match schema.get("type"):
            case "definitions":
                if not counts:
                    copy["definitions"] += self.of(schema["definitions"], counts=True)
                self.definitions += copy["definitions"]
            case "model" if schema.get("custom_init") and not _is_made_of_others(schema):
                attributes = {"model": schema["cls"], "validator": cache(partial(self._validator, copy, schema["cls"]))}
                copy["cls"] = _Initialised(schema["cls"].__name__, (), attributes)
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
            case "definition-ref" if is_chained(schema["schema_ref"], self._defined):
                return _counting
            case "union" if multiplies(schema, self._defined):
                return _trying
            case "union" if counts:
                return _choosing
        return None

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
        if self._is_json:  # and strict, so that what the function gives has to be JSON again
            schema, function = {"type": "json", "schema": schema}, partial(_in_json, function)
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


def _is_made_of_others(schema: dict[str, Any]) -> bool:
    """Whether objects of a model are also made without its ``__init__``: of what is no object of fields."""
    makes = schema.get("root_model") or schema.get("config", {}).get("from_attributes")
    return bool(makes) or _takes_anything(schema["schema"])


def _is_wrapped(schema: dict[str, Any]) -> bool:
    """Whether a core schema is that of a wrap validator, and not of pydantic's own, as that of a ``Sequence``."""
    return schema.get("type") == "function-wrap" and not module_of(schema).startswith("pydantic.")


def _takes_anything(schema: Any) -> bool:
    """Whether a validator is asked before it is known that an object of fields has come."""
    return schema["type"] in ("function-before", "function-wrap", "function-plain") or (
        "schema" in schema and _takes_anything(schema["schema"])
    )


def _in_json(function: _Wrapper, value: Any, handler: Callable[[Any], Any]) -> Any:
    return function(value, lambda value: handler(to_json(value)))


def _trying(value: Any, handler: Callable[[Any], Any]) -> Any:
    if (count := _count.get()) is not None:
        _count_tries(count, 1)
    return _choosing(value, handler)


def _choosing(value: Any, handler: Callable[[Any], Any]) -> Any:
    """Validate a union: what does not fit as one of its members is not wrong where another fits."""
    count = _count.get()
    if count is None:
        return handler(value)

    def choose(value: Any) -> Any:
        count.unions += 1
        try:
            return handler(value)
        finally:
            count.unions -= 1

    found, passed_on = count.found, count.passed_on
    made = _counting(value, choose)
    _count_tries(count, (count.passed_on - passed_on) * MOST_FOUND // count.most // _ERRORS_OF_A_TRY)
    count.found, count.passed_on = found, passed_on
    return made


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


def _count_tries(count: _Count, tries: int) -> None:
    count.tries += tries
    if count.tries > MOST_TRIES:
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
