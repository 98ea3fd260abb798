"""What pydantic knows, as types: what arrives, what is refused, and at what cost."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.pydantic import MOST_ERRORS, PydanticType


@dataclass
class Item:
    price: int


@dataclass
class Order:
    items: list[Item]


class Aliased(BaseModel):
    amount: int = Field(alias="the amount")


def fields_of(kind, data):
    with pytest.raises(Refused) as caught:
        kind.validate(data)
    return caught.value.details["fields"]


def test_handler_gets_what_pydantic_makes():
    assert PydanticType(Order).validate({"items": [{"price": "1"}]}) == Order([Item(1)])
    assert PydanticType(Annotated[dict[str, int], Field(max_length=1)]).validate({"a": "1"}) == {"a": 1}


def test_errors_have_paths_and_messages():
    assert fields_of(PydanticType(Order), {"items": [{"price": 1}, {}]}) == [
        {"path": "items.1.price", "message": "Field required"}
    ]


def test_no_more_than_twenty_fields_are_named():
    assert len(fields_of(PydanticType(Order), {"items": [{}] * 100})) == 20


def test_so_many_errors_that_to_look_at_them_would_take_long_are_counted():
    kind = PydanticType(Order)
    assert len(fields_of(kind, {"items": [{}] * MOST_ERRORS})) == 20
    too_many = MOST_ERRORS + 1
    assert fields_of(kind, {"items": [{}] * too_many}) == [{"path": "", "message": f"{too_many} values do not fit."}]


def test_what_is_sent_is_named_as_the_schema_says():
    kind = PydanticType(Aliased)
    assert kind.dump(Aliased(**{"the amount": 1})) == {"the amount": 1}
    assert list(kind.schema(is_sent=True)["properties"]) == ["the amount"]


def test_what_is_none_of_the_type_is_sent_as_it_is():
    assert PydanticType(Item).dump({"other": 1}) == {"other": 1}


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    at: dt.datetime
    pair: tuple[int, int]
    id: UUID
    count: int


STRICT = {"at": "2026-01-02T03:04:05Z", "pair": [1, 2], "id": "12345678-1234-5678-1234-567812345678", "count": 1}


def test_a_strict_type_takes_what_json_can_say():
    assert PydanticType(Strict).validate(STRICT).pair == (1, 2)


def test_a_strict_type_is_strict():
    assert [field["path"] for field in fields_of(PydanticType(Strict), {**STRICT, "count": "1"})] == ["count"]


class Loose(BaseModel):
    x: int | list[int] = 0
    by_number: dict[int, int] = {}


@pytest.mark.parametrize(
    ("data", "path"),
    [({"x": "a"}, "x"), ({"x": [1, "a"]}, "x.1"), ({"by_number": {"q": 1}}, "by_number.q")],
    ids=repr,
)
def test_a_path_leads_through_the_data_alone(data, path):
    assert path in {field["path"] for field in fields_of(PydanticType(Loose), data)} <= {path, path.split(".")[0]}
