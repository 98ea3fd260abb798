from typing import Annotated

import pytest
from pydantic import WrapValidator

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import MAX_PATH
from tornado_websockets.schema.protocol import MAX_CHARACTERS, MAX_FIELDS, invalid
from tornado_websockets.schema.registry import find

LONG = "k" * 900_000


def test_a_refusal_names_so_many_fields():
    refused = invalid((str(number), "wrong") for number in range(2 * MAX_FIELDS))
    assert refused.details["fields"] == [{"path": str(number), "message": "wrong"} for number in range(MAX_FIELDS)]
    assert refused.message == "The data do not fit. 0: wrong"


def test_a_refusal_of_nothing_in_particular_names_none():
    assert (invalid([]).message, invalid([]).details["fields"]) == ("The data do not fit.", [])


@pytest.mark.parametrize("field", [(LONG, "wrong"), ("name", LONG), (LONG, LONG)])
def test_what_a_client_has_sent_comes_back_cut(field):
    (named,) = invalid([field]).details["fields"]
    for sent, told in zip(field, (named["path"], named["message"]), strict=True):
        assert told == sent or (len(told) == MAX_CHARACTERS and told.endswith("k…"))


def test_a_key_of_a_megabyte_does_not_come_back():
    with pytest.raises(Refused) as caught:
        find(dict[str, list[int]]).validate({LONG: ["x"] * 30})
    assert sum(len(field["path"]) for field in caught.value.details["fields"]) <= MAX_FIELDS * MAX_CHARACTERS


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_long_key_is_not_kept_for_each_error(is_wrapped):
    kind = dict[str, list[int]]
    if is_wrapped:
        kind = Annotated[kind, WrapValidator(lambda value, handler: handler(value))]
    with pytest.raises(Refused) as caught:
        find(kind).validate({LONG[:MAX_PATH]: ["x"] * 300})
    (field,) = caught.value.details["fields"]
    assert ("At least 101 values" in field["message"]) is is_wrapped
