"""Typed data and replies, on every transport."""

import pytest

from tests.support.asgi import Server
from tests.support.client import AnyClient
from tests.support.communicator import InProcess
from tests.support.exchange import Wording

Way = Server | InProcess

ORDER = {"items": [{"name": "tea", "price": 3}], "at": "2020-02-29T12:00:00Z"}
WRONG = {"items": [{"name": "tea", "price": "much"}], "at": "2020-02-29T12:00:00Z"}

#: Handlers that take an order, and what they have got.
ORDERS = {
    "order_dataclass": {"type": "Order"},
    "order_model": {"type": "OrderModel"},
    "order_struct": {"type": "OrderStruct"},
    "order_typeddict": {"type": "dict"},
    "order_serializer": {},
}


async def answer(client: AnyClient, event: str, data: object = None) -> object:
    """What an event with an id is answered with: the data, or the error."""
    await client.emit(event, data, id="question")
    while (frame := await client.receive()).get("id") != "question":
        pass
    return frame["error"] if "error" in frame else frame["data"]


def invalid(*paths: str) -> dict[str, object]:
    fields = [{"path": path, "message": Wording()} for path in paths]
    return {"code": "invalid_data", "message": Wording(), "fields": fields}


@pytest.fixture
async def client(anyhow: Way) -> AnyClient:
    return await anyhow.connect("/types")


class TestData:
    @pytest.mark.parametrize("event", ORDERS)
    async def test_are_converted_before_the_handler_runs(self, client, event) -> None:
        assert await answer(client, event, ORDER) == {"name": "tea", "price": 3, "year": 2020, **ORDERS[event]}

    @pytest.mark.parametrize("event", ORDERS)
    async def test_that_do_not_fit_are_refused_with_the_path_of_what_is_wrong(self, client, event) -> None:
        assert await answer(client, event, WRONG) == invalid("items.0.price")

    async def test_that_do_not_fit_are_a_warning_without_an_id(self, client) -> None:
        await client.emit("order_dataclass", WRONG)
        [frame] = await client.settle()
        assert frame == {"event": "warning", "data": invalid("items.0.price")}

    @pytest.mark.parametrize("event", ["order_dataclass", "order_serializer"])
    async def test_that_do_not_fit_are_refused_with_20_fields_at_most(self, client, event) -> None:
        error = await answer(client, event, {**ORDER, "items": [{}] * 50})
        assert [field["path"] for field in error["fields"]] == [
            f"items.{number}.{name}" for number in range(10) for name in ("name", "price")
        ]

    @pytest.mark.parametrize("event", ["order_dataclass", "order_model", "order_struct", "order_typeddict"])
    async def test_of_many_values_are_refused_with_the_first_that_does_not_fit(self, client, event) -> None:
        assert await answer(client, event, {**ORDER, "items": [1] * 2000}) == invalid("items.0")

    @pytest.mark.parametrize("event", ["order_serializer", "order_form", "order_dataclass", "order_model"])
    async def test_of_too_many_values_are_not_given_to_what_would_look_at_each(self, client, event) -> None:
        error = await answer(client, event, {**ORDER, "items": ["x"] * 5000})
        assert error == {
            "code": "invalid_data",
            "message": "The data do not fit. Expected at most 5,000 values, got more.",
            "fields": [{"path": "", "message": "Expected at most 5,000 values, got more."}],
        }

    async def test_of_no_field_have_an_empty_path(self, client) -> None:
        assert await answer(client, "order_serializer", {**ORDER, "items": []}) == invalid("")
        assert await answer(client, "order_form", {"name": "tea", "price": 0, "at": "2020-02-29 12:00"}) == invalid("")

    async def test_may_be_annotated(self, client) -> None:
        assert await answer(client, "order_annotated", {"a": 1, "b": 2}) == {"sum": 3}
        assert await answer(client, "order_annotated", {"a": 1, "b": 2, "c": 3}) == invalid("")
        assert await answer(client, "order_annotated", {"a": "x"}) == invalid("a")

    async def test_of_a_form_are_cleaned(self, client) -> None:
        data = {"name": " tea ", "price": "3", "at": "2020-02-29 12:00"}
        assert await answer(client, "order_form", data) == {"name": "tea", "price": 3, "year": 2020}

    async def test_that_a_form_refuses_have_its_errors(self, client) -> None:
        error = await answer(client, "order_form", {"name": "x" * 11, "price": "much", "at": "2020-02-29 12:00"})
        assert error == invalid("name", "price")
        assert error["fields"][1]["message"] == "Enter a whole number."

    async def test_that_need_the_database_are_validated_in_a_thread(self, server: Server) -> None:
        client = await server.connect("/types")
        assert await answer(client, "query", {"name": "nobody"}) == {"exists": False, "thread": False}

    async def test_without_a_type_are_unchecked(self, client) -> None:
        assert await answer(client, "unchecked", WRONG) == WRONG

    async def test_tell_nothing_to_who_may_not_ask(self, client) -> None:
        assert await answer(client, "may", WRONG) == {"code": "forbidden", "message": Wording()}

    async def test_are_converted_for_allow(self, client) -> None:
        assert await answer(client, "may with data", ORDER) == 3
        dear = {**ORDER, "items": [{"name": "tea", "price": 11}]}
        assert await answer(client, "may with data", dear) == {"code": "forbidden", "message": Wording()}
        assert await answer(client, "may with data", WRONG) == invalid("items.0.price")


class TestReplies:
    async def test_in_parts_are_what_the_annotation_says(self, client) -> None:
        await client.emit("give_parts", id=1)
        received = [await client.receive() for _ in range(3)]
        assert [frame.get("part") for frame in received] == [
            {"name": "tea", "price": 3},
            {"name": "milk", "price": 1},
            None,
        ]

    @pytest.mark.parametrize("event", ["give_dataclass", "give_model"])
    async def test_are_serialised_by_their_type(self, client, event) -> None:
        expected = {"items": [{"name": "tea", "price": 3}], "at": "2020-02-29T00:00:00", "colour": "blue"}
        assert await answer(client, event) == expected

    async def test_may_be_structs(self, client) -> None:
        assert await answer(client, "give_structs") == [{"name": "tea", "price": 3}]

    async def test_may_be_serialized(self, client) -> None:
        assert await answer(client, "give_serialized") == {"name": "tea", "price": 3}


async def test_servers_send_what_is_not_declared(server: Server) -> None:
    client = await server.connect("/sends")
    await client.emit("say", {"event": "undeclared", "data": {}})
    assert await client.settle() == [{"event": "undeclared", "data": {}}]
