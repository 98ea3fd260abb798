"""What stops where too much is wrong, and what does not: it finds the same as pydantic otherwise."""

from collections.abc import Iterable
from typing import Annotated, Any

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    PrivateAttr,
    RootModel,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core import SchemaError
from pydantic_core import core_schema as cs
from typing_extensions import TypeAliasType

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.stopping import MOST_FOUND, counting, stopping

Maybe = TypeAliasType("Maybe", "dict[str, Maybe] | list[Maybe]")
INTS = cs.list_schema(cs.int_schema())
WRONG = ["x", "y"]


class Named(BaseModel):
    cls: int
    data: int

    def __init__(self, /, **values):
        super().__init__(**values)


def errors(schema, data, *, is_json=False):
    validator = stopping(schema)
    with pytest.raises(ValidationError) as error, counting():
        validator.validate_json(data) if is_json else validator.validate_python(data)
    return error.value.error_count()


@pytest.mark.parametrize("kind", ["list", "tuple", "set", "frozenset", "deque"])
def test_the_first_value_that_is_wrong_ends_it(kind):
    schema = {"type": kind, "items_schema": cs.int_schema()}
    if kind == "tuple":
        schema |= {"items_schema": [cs.int_schema()], "variadic_item_index": 0}
    assert errors(schema, WRONG) == 1


@pytest.mark.parametrize("kind", ["dict", "frozendict", "ordered-dict", "counter"])
def test_the_first_value_of_a_name_that_is_wrong_ends_it(kind):
    try:  # frozendict came with Python 3.15
        schema = {"type": kind, "keys_schema": cs.str_schema(), "values_schema": cs.int_schema()}
        assert errors(schema, {"a": "x", "b": "y"}) == 1
    except SchemaError:
        pytest.skip("this Python, or this pydantic, does not know it")


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        (cs.nullable_schema(INTS), WRONG),
        (cs.definitions_schema(cs.definition_reference_schema("x"), [cs.list_schema(cs.int_schema(), ref="x")]), WRONG),
        (cs.typed_dict_schema({"x": cs.typed_dict_field(INTS)}), {"x": WRONG}),
        (cs.union_schema([INTS]), WRONG),
        (cs.tagged_union_schema({"x": INTS}, lambda data: "x"), WRONG),
        (cs.chain_schema([INTS]), WRONG),
        (cs.dict_schema(keys_schema=cs.chain_schema([cs.json_schema(INTS)])), {'["x", "y"]': 1}),
        (cs.dict_schema(values_schema=INTS), {"x": WRONG}),
        (cs.typed_dict_schema({}, extras_schema=INTS, extra_behavior="allow"), {"x": WRONG}),
        (cs.call_schema(cs.arguments_schema([cs.arguments_parameter("x", INTS)]), print), {"x": WRONG}),
        (cs.lax_or_strict_schema(INTS, cs.any_schema()), WRONG),
        (cs.lax_or_strict_schema(cs.any_schema(), INTS, strict=True), WRONG),
        (cs.json_or_python_schema(cs.any_schema(), INTS), WRONG),
    ],
)
def test_it_stops_within_all_that_has_others_within_it(schema, data):
    assert errors(schema, data) == 1


def test_it_stops_within_what_is_for_json_alone():
    assert errors(cs.json_or_python_schema(INTS, cs.any_schema()), '["x", "y"]', is_json=True) == 1


WIDE = create_model("Wide", **{f"n{number}": (int, ...) for number in range(100)})


class Wrapped(BaseModel):
    kids: list[WIDE]

    @model_validator(mode="wrap")
    @classmethod
    def through(cls, data: Any, handler: Any) -> Any:
        return handler(data)


class InDict(Wrapped):
    kids: dict[str, WIDE]


class InTuple(Wrapped):
    kids: tuple[WIDE, ...]


class Initialised(BaseModel):
    kids: list[WIDE]
    more: "list[Initialised]" = []

    def __init__(self, **data: Any) -> None:
        super().__init__(**{**data, "kids": data.get("kids", [])})


@pytest.mark.parametrize("kind", [Wrapped, InDict, InTuple, Initialised])
def test_where_all_are_to_be_found_no_more_than_so_many_are(kind):
    schema = TypeAdapter(kind).core_schema
    kids: Any = [{}] * (MOST_FOUND // 100)
    more: Any = [*kids, {}]
    if kind is InDict:
        kids, more = (dict(zip(map(str, range(len(each))), each, strict=True)) for each in (kids, more))
    assert errors(schema, {"kids": kids}) == MOST_FOUND
    with pytest.raises(Refused), counting():
        stopping(schema).validate_python({"kids": more})


def test_definitions_may_be_within_a_wrap_validator():
    within = cs.definitions_schema(cs.definition_reference_schema("x"), [cs.list_schema(cs.int_schema(), ref="x")])
    schema = cs.no_info_wrap_validator_function(lambda value, handler: handler(value), within)
    assert errors(schema, WRONG) == 2


def test_errors_of_what_is_within_another_count_once():
    assert errors(TypeAdapter(Initialised).core_schema, within(10, {"kids": [{}] * 5})) == 500


def test_errors_are_passed_on_through_many_values_only_where_there_are_few():
    with pytest.raises(Refused, match=r"At least 3,000 values do not fit\."), counting():
        stopping(TypeAdapter(Initialised).core_schema).validate_python(within(10, {"kids": [{}] * 30}))


def within(depth, data):
    for _ in range(depth):
        data = {"more": [data]}
    return data


class Same(BaseModel):
    kids: list[WIDE] = []
    x: int = 0


class Ready(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    x: int

    def __init__(self, **data: Any) -> None:
        super().__init__(**data)


class Careless(BaseModel):
    """It may come without having been validated."""

    def __init__(self, **data: Any) -> None:
        if data:
            super().__init__(**data)


class Root(RootModel[list[int]]):
    def __init__(self, *root: Any, **data: Any) -> None:
        super().__init__(*root, **data)


class Object:
    x = 1


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Initialised, {"more": [{}, {"more": [{}]}]}),
        (list[Initialised], [{}, Initialised()]),
        (Initialised | Same, {"x": 1}),
        (Same | Initialised, {"x": 1}),
        (Ready, Object()),
        (Root, [1, "2"]),
    ],
)
def test_an_init_of_its_own_makes_what_it_would_otherwise(kind, data):
    adapter = TypeAdapter(kind)
    with counting():
        made = stopping(adapter.core_schema).validate_python(data)
    expected = adapter.validate_python(data)
    assert type(made) is type(expected)
    assert made == expected


def test_what_has_not_been_validated_keeps_no_validator():
    with counting():
        made = stopping(TypeAdapter(Careless).core_schema).validate_python({})
    assert type(made) is Careless
    assert vars(made) == {}


def test_any_name_may_be_one_of_a_model_with_an_init_of_its_own():
    with counting():
        made = stopping(TypeAdapter(Named).core_schema).validate_python({"cls": 1, "data": 2})
    assert (made.cls, made.data) == (1, 2)


WRAP = WrapValidator(lambda value, handler: handler(value))


def test_what_is_validated_later_is_counted_then():
    validator = stopping(TypeAdapter(Annotated[Iterable[list[int]], WRAP]).core_schema)
    with counting(3):
        made = validator.validate_python([["1"], ["x", 2], [3], ["x"] * 4])
    assert next(made) == [1]
    with pytest.raises(ValidationError):
        next(made)
    assert next(made) == [3]
    with pytest.raises(Refused, match=r"At least 4 values do not fit\."):
        next(made)
    assert list(made) == []


def test_what_does_not_fit_as_one_member_of_a_union_is_not_wrong_where_another_fits():
    kind = Annotated[list[list[bool] | list[WIDE] | list[str]], WRAP]
    with counting(5):
        made = stopping(TypeAdapter(kind).core_schema).validate_python([["x", "y"]] * 10)
    assert made == [["x", "y"]] * 10


@pytest.mark.parametrize("data", [{"x": 1}, {"x": "1"}, {"x": 1.5}, {"x": True}, {"x": "x", "y": 1}])
def test_unions_choose_as_they_would_otherwise(data):
    adapter = TypeAdapter(list[create_model("L", x=(int | str, ...)) | create_model("R", x=(float | bool, ...), y=int)])
    with counting():
        made = stopping(adapter.core_schema, counts=True).validate_python([{"y": 1, **data}])
    assert made == adapter.validate_python([{"y": 1, **data}])


def test_a_member_of_a_union_may_be_given_up_for_too_many_errors_but_not_called_wrong():
    kind = Annotated[list[WIDE] | list[dict], WRAP]
    with pytest.raises(Refused, match="Which types these are takes too many tries"), counting():
        stopping(TypeAdapter(kind).core_schema).validate_python([{}] * 101)


def test_errors_of_members_that_are_given_up_count_as_tries():
    validator = stopping(TypeAdapter(Annotated[list[list[WIDE] | list[dict]], WRAP]).core_schema)
    with counting(values=1_000):
        assert len(validator.validate_python([[{}] * 50] * 20)) == 20
    with pytest.raises(Refused, match="Which types these are takes too many tries"), counting(values=1_000):
        validator.validate_python([[{}] * 50] * 21)


def test_fewer_are_counted_where_that_is_said():
    validator = stopping(TypeAdapter(Annotated[list[list[int]], WRAP]).core_schema)
    with counting(3), pytest.raises(Refused, match=r"At least 4 values do not fit\."):
        validator.validate_python([["x"]] * 4)
    with counting(4), pytest.raises(ValidationError):
        validator.validate_python([["x"]] * 4)


class Stamp(BaseModel):
    x: int = 0
    y: int = 0
    _times: int = PrivateAttr(default=1)

    def __init__(self, /, **values: Any) -> None:
        super().__init__(**values)
        self._times += 1

    def model_post_init(self, context: Any) -> None:
        self._times *= 10

    @model_validator(mode="before")
    @classmethod
    def read(cls, value: Any) -> Any:
        """Take a number alone."""
        return {"x": value} if isinstance(value, int) else value


def test_a_model_of_an_init_of_its_own_may_be_made_of_anything():
    data = [3, {"x": 3}, Stamp(y=3)]
    expected = TypeAdapter(list[Stamp]).validate_python(data)
    with counting():
        made = stopping(TypeAdapter(list[Stamp]).core_schema).validate_python(data)
    assert [(type(each), vars(each)) for each in made] == [(Stamp, vars(each)) for each in expected]
    assert [each.model_dump() for each in made] == [{"x": 3, "y": 0}] * 2 + [{"x": 0, "y": 3}]
    assert [each.model_fields_set for each in made] == [{"x"}, {"x"}, {"y"}]
    assert [each._times for each in made] == [each._times for each in expected] == [10, 11, 11]
    assert made == expected


class Before(Initialised):
    @model_validator(mode="before")
    @classmethod
    def read(cls, value: Any) -> Any:
        return value


class FromAttributes(Initialised):
    model_config = ConfigDict(from_attributes=True)


@pytest.mark.parametrize("kind", [Before, FromAttributes])
def test_whatever_it_may_be_made_of_no_more_errors_are_found(kind):
    with pytest.raises(Refused, match="At least"), counting():
        stopping(TypeAdapter(kind).core_schema).validate_python({"kids": [{}] * 4_900})


def recursive(kind):
    """A model with a hundred fields that it must have, and more of it."""
    model = create_model("Recursive", kids=(kind, None), __base__=WIDE, __module__=__name__)
    model.model_rebuild(_types_namespace={"Recursive": model})
    return model


@pytest.mark.parametrize(
    ("kind", "around"),
    [
        ("list[Recursive]", lambda data: [data]),
        ("dict[str, Recursive]", lambda data: {"x": data}),
        ("tuple[Recursive, int] | None", lambda data: [data, 1]),
        ("Recursive | None", lambda data: data),
    ],
)
def test_however_deep_in_itself_it_is_little_is_passed_on(kind, around):
    data: dict[str, Any] = {}
    for _ in range(94):
        data = {"kids": around(data)}
    with pytest.raises(Refused, match=r"At least 2,000 values do not fit\."), counting():
        stopping(TypeAdapter(recursive(kind)).core_schema).validate_python(data)


def test_what_is_recursive_and_fits_as_another_member_of_a_union_is_not_wrong():
    kind = list[recursive("list[Recursive]") | dict[str, Any]]
    validator = stopping(TypeAdapter(kind).core_schema)
    with counting():
        assert validator.validate_python([{"x": 1}] * 1000) == [{"x": 1}] * 1000
    data: dict[str, Any] = {}
    for _ in range(12):
        data = {"kids": [data]}
    with counting(), pytest.raises(Refused, match="too many tries"):
        validator.validate_python([data] * 100)


class Bag(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, WIDE]


@pytest.mark.parametrize(
    "schema",
    [
        TypeAdapter(Bag).core_schema,
        TypeAdapter(Annotated[Bag, WRAP]).core_schema,
        cs.typed_dict_schema({}, extras_schema=TypeAdapter(WIDE).core_schema, extra_behavior="allow"),
    ],
)
def test_values_under_any_name_are_counted(schema):
    assert errors(schema, {str(number): {} for number in range(100)}) == MOST_FOUND
    with pytest.raises(Refused, match=r"At least 10,100 values do not fit\."), counting():
        stopping(schema).validate_python({str(number): {} for number in range(4900)})


@pytest.mark.parametrize("values", [0, 100])
def test_the_more_values_there_are_the_more_may_be_tried(values):
    validator = stopping(TypeAdapter(list[Maybe]).core_schema, counts=True)
    with counting(values=values):
        validator.validate_python([{}] * (2_000 + 10 * values))
    with pytest.raises(Refused, match="too many tries"), counting(values=values):
        validator.validate_python([{}] * (2_001 + 10 * values))
