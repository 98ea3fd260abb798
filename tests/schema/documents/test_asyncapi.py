"""AsyncAPI: keys of messages, and schemas in its dialect."""

import json
import re

import pytest
from pydantic import BaseModel, Field, create_model

from tornado_websockets.schema import register
from tornado_websockets.schema.documents import asyncapi
from tornado_websockets.schema.documents.description import describe
from tornado_websockets.schema.documents.names import ascii_identifier
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.fixture
def schemas(described):
    """The schemas in the document for some types of data."""

    def schemas(*data):
        description, definitions = described(*data)
        document = asyncapi.write([description], definitions, title="t", version="1")
        return json.loads(json.dumps(document, allow_nan=False))["components"]["schemas"]

    return schemas


def test_events_of_one_key_are_told_apart_in_asyncapi():
    ws = WebSocket("/keys", add_to_handlers=False)
    for event in ("a b", "a:b", "a_b"):
        ws.on_event(event)(lambda: 1)
    channel = asyncapi.write(*describe([endpoint_of(ws)]), title="t", version="1")["channels"]["Keys"]
    assert [name for name in channel["messages"] if not name.endswith(".reply")] == [
        "receive.a_b", "receive.a_b_2", "receive.a_b_3", "send.warning"
    ]  # fmt: skip


SIZE = create_model("Größe", wert=(int, ...))

ACCENTED, PLAIN = (create_model(name, at=(int, ...)) for name in ("Café", "Cafe"))


def test_keys_are_ascii_and_references_lead_to_them():
    endpoints = []
    for path, data in {"/café/<größe>/<gro_e>": ACCENTED, "/cafe/<größe>/<gro_e>": PLAIN, "/заказ": SIZE}.items():
        ws = WebSocket(path, add_to_handlers=False)

        def handler(data): ...

        handler.__annotations__["data"] = data
        ws.on_event("naïve")(handler)
        endpoints.append(endpoint_of(ws))
    document = asyncapi.write(*describe(endpoints, ascii_identifier), title="t", version="1")
    channels, schemas = document["channels"], document["components"]["schemas"]
    assert list(channels) == ["CafeGro_eGroE", "CafeGro_eGroE2", "_____"]
    assert set(schemas) == {"Cafe", "Cafe2", "Gro_e"}
    channel = channels["CafeGro_eGroE"]
    assert (channel["address"], list(channel["parameters"])) == ("/ws/café/{gro_e}/{gro_e2}", ["gro_e", "gro_e2"])
    for map_ in (channels, schemas, document["operations"], channel["messages"], channel["parameters"]):
        assert [key for key in map_ if not re.fullmatch(r"[a-zA-Z0-9.\-_]+", key)] == []
    references = set(re.findall(r'"#/(\w+)/([^"]*)"', json.dumps(document, ensure_ascii=False)))
    for place, rest in references:
        found = document[place]
        for step in rest.split("/"):
            found = found[step]
    assert ("components", "schemas/Gro_e") in references


def test_tuple_is_that_of_draft_7(schemas):
    class Move(BaseModel):
        to: tuple[int, int]

    to = schemas(Move)["Move"]["properties"]["to"]
    assert (to["items"], to["additionalItems"]) == ([{"type": "integer"}] * 2, False)


def test_fields_may_be_called_as_keywords(schemas):
    class Odd(BaseModel):
        discriminator: str
        prefixItems: list[int]  # noqa: N815
        default: int
        ref: int = Field(alias="$ref")

    assert list(schemas(Odd)["Odd"]["properties"]) == ["discriminator", "prefixItems", "default", "$ref"]


def test_discriminator_of_a_union_is_left_out(schemas):
    class Cat(BaseModel):
        kind: str

    class Owner(BaseModel):
        pet: Cat = Field(json_schema_extra={"discriminator": {"propertyName": "kind"}})

    assert "discriminator" not in json.dumps(schemas(Owner))


#: A value, and the schema of one, in which only the keywords are what they seem.
LOOKS = {"$ref": "x", "prefixItems": [1], "discriminator": {"a": 1}}
VALUE = {"default": LOOKS, "examples": [LOOKS], "const": LOOKS, "enum": [LOOKS]}


class Valued:
    """Something whose schema has values that look like schemas."""


class ValuedType:
    def validate(self, data):
        return data

    def schema(self, *, is_sent):
        return {"title": "Valued", "type": "object", "properties": {"value": VALUE}}

    def dump(self, value):
        return value


register(lambda annotation: ValuedType() if annotation is Valued else None)


def test_values_are_what_they_were(schemas):
    assert schemas(Valued)["Valued"]["properties"]["value"] == VALUE
