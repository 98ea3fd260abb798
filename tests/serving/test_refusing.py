"""What the log says of the mistakes of pages."""

import pytest
from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict
from django.test import override_settings

from tests.support.memory import MemoryClient
from tornado_websockets.core.watching import on_refused
from tornado_websockets.modules import Module
from tornado_websockets.serving import refusing
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.fixture
def chat():
    """A WebSocket of a project whose app has been set up while ``DEBUG`` is on."""
    ws = WebSocket("/mistakes", add_to_handlers=False)

    @ws.on
    async def say(data):
        return data

    with override_settings(DEBUG=True):
        refusing.tell_of_mistakes()
        yield ws
    on_refused.remove(refusing._tell)
    refusing._told.clear()


async def test_a_mistake_of_a_page_is_told_of_once(chat, caplog):
    client = await MemoryClient(endpoint_of(chat)).connect()
    for _ in range(2):
        await client.send("sya")
    await client.send("say", "no object")
    await client.connection.received("{")
    await client.leave()
    once = "Said once, while DEBUG is on"
    assert caplog.messages == [
        f"Refused the event 'sya' of a page at '/mistakes': unknown_event. Did you mean 'say'? {once}",
        f"Refused a message of a page at '/mistakes': invalid_data. {once}",
        f"Refused a message of a page at '/mistakes': invalid_json. {once}",
    ]


@pytest.mark.parametrize("event", ["opne", "clos", "module_part_opne", "module_part_clos", "module_part_x"])
async def test_no_event_is_suggested_that_no_page_may_send(chat, caplog, event):
    class Part(Module):
        def initialize(self):
            self.on(self.open)
            self.on(self.close)
            self.on_event("*")(self.other)

        def open(self):
            pass

        def close(self):
            pass

        def other(self):
            pass

    @chat.on
    def open():  # noqa: A001 the name of the event
        pass

    @chat.on
    def close():
        pass

    chat.bind(Part("part"))
    refusing._tell(MemoryClient(endpoint_of(chat)).connection, event, "unknown_event")
    [message] = caplog.messages
    assert "Did you mean" not in message


async def test_so_many_are_told_of_and_none_without_debug(chat, caplog):
    client = await MemoryClient(endpoint_of(chat)).connect()
    with override_settings(DEBUG=False):
        await client.send("sya")
    assert caplog.messages == []
    for number in range(refusing.MOST_TOLD + 10):
        await client.send(f"event{number}")
    await client.leave()
    assert len(caplog.messages) == refusing.MOST_TOLD


def test_without_debug_nobody_listens():
    with override_settings(DEBUG=False):
        refusing.tell_of_mistakes()
    assert refusing._tell not in on_refused


@pytest.mark.parametrize("query", ["", "a=1", "&" * 9, b"a&" * 9 + b"b", "&" * 999])
def test_a_query_of_as_many_parameters_as_django_reads_is_not_refused(query):
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=10 if len(query) < 100 else None):
        assert refusing.refusal_of_query(query) is None


@pytest.mark.parametrize("query", ["&" * 10, b"a&" * 10])
def test_a_query_of_more_is(query):
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=10):
        said = refusing.refusal_of_query(query)
        assert said == "it has 11 query parameters, above DATA_UPLOAD_MAX_NUMBER_FIELDS"
        with pytest.raises(TooManyFieldsSent):
            QueryDict(query)
