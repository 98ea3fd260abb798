"""Questions that one process asks all others."""

import asyncio
import contextlib

import pytest
from channels.layers import get_channel_layer
from django.test import override_settings

from channels_bridge.relay.publisher import Relay
from tests.support.communicator import InProcess
from tests.support.layers import BROKER
from tests.support.memory import MemoryPublisher
from tests.support.waiting import until
from tornado_websockets.core.control import CONTROL, Note
from tornado_websockets.core.counters import counters
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.exceptions import PublishError
from tornado_websockets.processes import survey
from tornado_websockets.processes.connections import CONNECTIONS
from tornado_websockets.processes.identity import identity
from tornado_websockets.processes.survey import Survey, SurveyPace
from tornado_websockets.websocket import WebSocket, endpoint_of

#: Long enough for a machine that has other things to do: nothing here waits for it to pass.
PACE = SurveyPace(quiet=0.05, patience=8.0)


class Process:
    """What is another process to others."""

    def __init__(self, name):
        self.name = name
        self.ws = WebSocket("/chat", add_to_handlers=False)
        self.hub = endpoint_of(self.ws).hub = Hub()
        self.hub.publisher = Relay(self.hub, Encoder())


@pytest.fixture
async def two(monkeypatch):
    """Two of them on one layer, each with a client; both have the name of this one, so each answer says whose it is."""
    asked = []

    @survey.answers("who")
    async def who(hub, said):
        asked.append(hub)
        return {"hub": id(hub), "said": said.get("word")}

    async with contextlib.AsyncExitStack() as stack:
        stack.callback(survey._responders.pop, "who")
        stack.callback(survey._responders.pop, "slow", None)
        stack.enter_context(override_settings(CHANNEL_LAYERS=BROKER))
        here, there = Process("here"), Process("there")
        for process in (here, there):
            way = await stack.enter_async_context(InProcess(process.ws.consumer.as_asgi()).visit())
            process.client = await way.connect("/chat")
        here.asked = there.asked = asked
        yield here, there


async def test_every_process_with_a_client_is_asked_once(two):
    here, there = two
    async with Survey(here.hub, PACE) as survey:
        await survey.ask("who", {"word": "hello"})
        await until(lambda: len(here.asked) == 2)
    assert set(here.asked) == {here.hub, there.hub}


async def test_one_that_serves_nobody_asks_the_others_and_is_not_asked(two):
    here, there = two
    command = Process("command")
    async with Survey(command.hub, PACE, is_asked=False) as survey:
        await survey.ask("who")
        await until(lambda: len(here.asked) == 2)
    assert set(here.asked) == {here.hub, there.hub}
    assert command.hub.is_empty


async def test_the_answers_are_for_nobody_else(two):
    here, there = two
    async with Survey(here.hub, PACE) as survey:
        await survey.ask("who")
    await there.ws.publish("end")
    for process in two:
        assert (await process.client.receive())["event"] == "end"


async def test_one_that_answers_late_is_waited_for_the_next_time(two):
    here, _ = two
    answered = asyncio.Event()

    @survey.answers("slow")
    async def slow(hub, said):
        await answered.wait()
        return {}

    async with Survey(here.hub, SurveyPace(quiet=0.0, patience=0.05)) as asking:
        assert (await asking.ask("slow")).answers == {}
        answered.set()
        await until(lambda: asking.known)
    assert asking.known == {identity.id}


async def test_without_a_layer_this_process_answers_at_once():
    hub = Hub()
    async with Survey(hub, SurveyPace(quiet=60.0, patience=60.0)) as survey:
        round_ = await survey.ask(CONNECTIONS)
    assert round_.is_whole
    assert list(round_.answers) == [identity.id]
    assert round_.answers[identity.id].name == identity.name


async def test_a_question_that_nobody_hears_is_no_loss(two, caplog):
    here, _ = two
    get_channel_layer().error = OSError("down")
    before = counters.messages_unsent
    async with Survey(here.hub, PACE) as survey:
        assert not (await survey.ask("who")).is_whole
    assert counters.messages_unsent == before
    assert "takes no messages" not in caplog.text
    with pytest.raises(PublishError):
        await here.ws.apublish("said")
    assert counters.messages_unsent == before + 1


@pytest.mark.parametrize(
    "text",
    [
        '{"what": "who", "id": "1", "to": "/chat"}',
        '{"what": "nothing of ours", "id": "1", "to": "answers 1"}',
        '{"what": "who", "id": 1, "to": "answers 1"}',
        '{"what": "who"}',
    ],
    ids=["to clients", "unknown", "no name", "halves"],
)
async def test_a_question_that_makes_no_sense_is_counted_and_answered_nowhere(two, text):
    here, there = two
    before = counters.messages_invalid
    there.hub.control.take(Note(CONTROL, survey.QUESTION, text))
    assert counters.messages_invalid == before + 1
    await there.ws.publish("end")
    assert (await here.client.receive())["event"] == "end"
    assert here.asked == []


@pytest.mark.parametrize(
    "text",
    [
        '{"event":"answer","data":{}}',
        '{"event":"answer"}',
        "[" * 100 + "]" * 100,
        '{"event":"answer","data":{"id":""',
        '{"event":"answer","data":{"id":"","process":"1","name":"\\ud800","says":{}}}',
    ],
    ids=["empty", "without data", "deep", "halves", "half a character"],
)
def test_an_answer_that_makes_no_sense_is_logged(text, caplog):
    Survey(Hub()).deliver(text)
    assert "An answer of another process is ignored" in caplog.text


async def test_nothing_is_left_when_nobody_asks_any_more(two):
    here, _ = two
    topics = sorted(here.hub.topics())
    async with Survey(here.hub, PACE) as survey:
        await survey.ask("who")
        assert sorted(here.hub.topics()) != topics
    assert sorted(here.hub.topics()) == topics


async def test_nothing_is_left_where_who_asks_has_left_before_the_others_could_be_heard():
    class NeverHeard(MemoryPublisher):
        async def join(self, topic):
            await asyncio.Event().wait()

    hub = Hub()
    hub.publisher = NeverHeard()
    asking = asyncio.create_task(Survey(hub).__aenter__())
    await until(lambda: not hub.is_empty)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert hub.is_empty
