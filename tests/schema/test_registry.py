"""Types of a project's own."""

import pytest

from tornado_websockets.schema import Type, invalid, register
from tornado_websockets.schema import registry as adapters
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket


class Point:
    """What the data become."""

    def __init__(self, x: int) -> None:
        self.x = x


class PointType:
    """Knows points."""

    def validate(self, data):
        if not isinstance(data.get("x"), int):
            raise invalid([("x", "Expected a number.")])
        return Point(data["x"])

    def schema(self, *, is_sent):
        return {"type": "object", "properties": {"x": {"type": "integer"}}}

    def dump(self, value):
        return {"x": value.x}


@pytest.fixture
def ws():
    maker = register(lambda annotation: PointType() if annotation is Point else None)
    yield WebSocket("/points", add_to_handlers=False)
    adapters._makers.remove(maker)


async def test_are_asked_before_all_others(ws):
    @ws.on
    async def move(data: Point):
        return {"moved": data.x + 1}

    async with Client("/points", websocket=ws) as client:
        assert await client.request("move", {"x": 1}) == {"moved": 2}
        with pytest.raises(RequestRefused) as caught:
            await client.request("move", {"x": "one"})
    assert caught.value.details == {"fields": [{"path": "x", "message": "Expected a number."}]}


async def test_dump_what_is_returned(ws):
    @ws.on
    async def give() -> Point:
        return Point(3)

    async with Client("/points", websocket=ws) as client:
        assert await client.request("give") == {"x": 3}


def test_are_a_protocol():
    kind: Type = PointType()
    assert {"validate", "schema", "dump"} <= set(dir(kind))


def test_invalid_names_20_fields_and_says_the_first():
    refused = invalid((f"field-{number}", "Wrong.") for number in range(50))
    assert len(refused.details["fields"]) == 20
    assert refused.message == "The data do not fit. field-0: Wrong."
