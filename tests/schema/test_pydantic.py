"""What pydantic knows, as types: what arrives, what is refused, and at what cost."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

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
