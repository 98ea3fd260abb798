import pytest

from tests.support.memory import MemoryClient
from tornado_websockets.modules import Module
from tornado_websockets.websocket import WebSocket, endpoint_of


async def plain(self):
    return None


def blocking(self):
    return None


def positional(self, /, data):
    return None


def with_rest(self, **kwargs):
    return None


async def in_parts(self):
    yield 1


class TestSelf:
    @pytest.fixture
    def ws(self):
        return WebSocket("/chat", add_to_handlers=False)

    async def say_twice(self, ws, event="say"):
        client = await MemoryClient(endpoint_of(ws)).connect()
        for number in range(2):
            await client.send(event, id=number)
        await client.leave()

    @pytest.mark.parametrize("rules", [{}, {"rate": "10/s"}], ids=["plain", "guarded"])
    @pytest.mark.parametrize("handler", [plain, blocking, positional, with_rest, in_parts])
    async def test_that_is_nobody_is_told_once(self, ws, caplog, handler, rules):
        ws.on_event("say", **rules)(handler)
        await self.say_twice(ws)
        [message] = caplog.messages
        assert f"{handler!r} takes self, which is the context of its WebSocket, and that is not set" in message

    async def test_that_is_nobody_is_told_of_each_handler_of_modules_too(self, ws, caplog):
        module = Module("foo")
        module.on_event("say")(plain)
        ws.bind(module)
        ws.on_event("say")(plain)
        for event in ("say", "module_foo_say"):
            await self.say_twice(ws, event)
        assert len(caplog.messages) == 2

    async def test_of_what_is_asked_first_is_looked_at_too(self, ws, caplog):
        ws.on_event("say", allow=lambda self: True)(lambda data: None)
        await self.say_twice(ws)
        assert len(caplog.messages) == 1

    async def test_that_is_set_by_then_or_is_no_argument_is_passed_over(self, ws, caplog):
        class Chat:
            async def say(self):
                return None

        ws.on(Chat.say)
        ws.on_event("other")(lambda self=None: None)
        ws.on_event("bound")(Chat().say)
        ws.on_event("rest")(lambda **kwargs: None)
        for event in ("other", "bound", "rest"):
            await self.say_twice(ws, event)
        ws.context = Chat()
        await self.say_twice(ws)
        assert caplog.messages == []
