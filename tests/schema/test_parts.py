"""Types of replies in parts: how they are sent, and how they are described."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps

import pytest
import tornado.gen

from tornado_websockets.schema import register
from tornado_websockets.schema.documents import asyncapi, listing, typescript
from tornado_websockets.schema.documents.description import describe
from tornado_websockets.schema.signatures import answers_in_parts, reply_type
from tornado_websockets.testing import Client
from tornado_websockets.websocket import WebSocket, endpoint_of


@dataclass
class Token:
    text: str


@dataclass
class Question:
    words: int


class Slow:
    """Something whose type must be asked in a worker thread."""


class SlowType:
    may_block = True

    def validate(self, data):
        return data

    def schema(self, *, is_sent):
        return {"type": "string"}

    def dump(self, value):
        with pytest.raises(RuntimeError):  # no loop runs in a thread
            asyncio.get_running_loop()
        return "slow"


register(lambda annotation: SlowType() if annotation is Slow else None)


def handed_on(function):
    @wraps(function)
    def hand_on(*args, **kwargs):
        return function(*args, **kwargs)

    return hand_on


async def asynchronous() -> AsyncIterator[Token]:
    yield Token("a")


async def asynchronous_generator() -> AsyncGenerator[Token, None]:
    yield Token("a")


def plain() -> Iterator[Token]:
    yield Token("a")


def iterable() -> Iterable[Token]:
    yield Token("a")


def generator() -> Generator[Token, None, str]:
    yield Token("a")
    return "not sent"


@handed_on
def decorated() -> Iterator[Token]:
    yield Token("a")


async def blocking() -> AsyncIterator[Slow]:
    yield Slow()


def blocking_plainly() -> Iterator[Slow]:
    yield Slow()


def untyped():
    yield {"text": "a"}


TOKENS = [asynchronous, asynchronous_generator, plain, iterable, generator, decorated]


@pytest.fixture
def ws():
    return WebSocket("/parts", add_to_handlers=False)


async def parts_of(ws, handler):
    ws.on_event("say")(handler)
    async with Client("/parts", websocket=ws) as client:
        return [part async for part in client.stream("say")]


@pytest.mark.parametrize("handler", [*TOKENS, untyped], ids=lambda handler: handler.__name__)
async def test_each_part_is_sent_as_its_type_says(ws, handler):
    assert await parts_of(ws, handler) == [{"text": "a"}]


@pytest.mark.parametrize("handler", [blocking, blocking_plainly])
async def test_a_type_that_may_block_is_asked_in_a_thread(ws, handler):
    assert await parts_of(ws, handler) == ["slow"]


@pytest.mark.parametrize("handler", TOKENS, ids=lambda handler: handler.__name__)
def test_each_part_is_described(handler):
    assert answers_in_parts(handler)
    kind = reply_type(handler)
    assert kind is not None
    assert kind.schema(is_sent=True)["title"] == "Token"


def test_of_an_annotation_that_is_no_iterator_nothing_is_known():
    def wrong() -> int:
        yield 1

    assert reply_type(wrong) is None


def test_a_coroutine_of_tornado_does_not_answer_in_parts():
    @tornado.gen.coroutine
    def coroutine() -> Generator[None, None, Token]:
        yield
        return Token("a")

    assert not answers_in_parts(coroutine)
    kind = reply_type(coroutine)
    assert kind is not None
    assert kind.schema(is_sent=True)["title"] == "Token"


async def test_the_data_are_typed_as_ever(ws):
    @ws.on_event("say", rate="5/s", allow=lambda data: data.words > 0)
    async def say(data: Question) -> AsyncIterator[Token]:
        for _ in range(data.words):
            yield Token("a")

    async with Client("/parts", websocket=ws) as client:
        assert [part async for part in client.stream("say", {"words": 2})] == [{"text": "a"}] * 2
        for data, code in (({"words": 0}, "forbidden"), ({"words": "many"}, "invalid_data")):
            with pytest.raises(Exception, match=code):
                await anext(client.stream("say", data))


class TestDocuments:
    @pytest.fixture
    def described(self, ws):
        ws.on_event("say")(asynchronous)
        ws.on_event("tell")(untyped)
        return describe([endpoint_of(ws)])

    def test_the_listing_says_so(self, described):
        text = listing.write(*described)
        assert "takes say() -> parts: Token\n" in text
        assert "takes tell() -> parts\n" in text

    def test_typescript_says_so(self, described):
        text = typescript.write(*described)
        nothing = "Record<string, never>"
        assert f"say: {{ data: {nothing}; reply: {nothing}; part: Token }};" in text
        assert f"tell: {{ data: {nothing}; reply: {nothing}; part: unknown }};" in text

    def test_asyncapi_says_so(self, described):
        document = asyncapi.write(*described, title="Parts", version="1")
        messages = document["channels"]["Parts"]["messages"]
        part, end = messages["receive.say.part"]["payload"], messages["receive.say.reply"]["payload"]
        assert part["required"] == ["event", "id", "part"]
        assert part["properties"]["part"] == {"$ref": "#/components/schemas/Token"}
        assert end["properties"]["data"]["additionalProperties"] is False
        replies = document["operations"]["Parts.receive.say"]["reply"]["messages"]
        assert [each["$ref"].rpartition("/")[2] for each in replies] == ["receive.say.part", "receive.say.reply"]
