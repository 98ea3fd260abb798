"""Pieces of pages: what may be asked for, what is rendered, and who hears of it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import SynchronousOnlyOperation
from django.db import transaction
from django.test import override_settings
from django.utils import timezone, translation
from django.utils.connection import ConnectionDoesNotExist
from django.utils.translation import gettext_lazy

from tests.support.asgi import Server
from tests.support.databases import database_in
from tests.support.memory import MemoryClient, MemoryPublisher
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.exceptions import EmitHandlerError, InvalidInstanceError, PublishError
from tornado_websockets.fragments.fragment import SWAPS
from tornado_websockets.testing import Client, SyncClient
from tornado_websockets.websocket import WebSocket, endpoint_of

TEMPLATES = {
    "row.html": "<li>{{ text }}</li>",
    "lingo.html": "{% load i18n %}{% get_current_language as code %}{{ code }}",
    "word.html": "{{ word }}",
    "time.html": "{{ at|time:'H:i' }}",
    "users.html": "{% for user in users %}{{ user }}{% endfor %}",
    "whose.html": "{{ request|default:'nobody' }}, {{ user|default:'nobody' }}",
}


@pytest.fixture(autouse=True)
def templates(tmp_path: Path):
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text)
    backend = "django.template.backends.django.DjangoTemplates"
    processors = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
    options = {"context_processors": processors}
    with override_settings(TEMPLATES=[{"BACKEND": backend, "DIRS": [tmp_path], "OPTIONS": options}]):
        yield


@pytest.fixture
def a_database(tmp_path):
    with database_in(tmp_path):
        yield


@pytest.fixture
def ws():
    ws = WebSocket("/fragments", add_to_handlers=False)

    @ws.on
    async def show(socket):
        await socket.emit_html("#one", "row.html", {"text": "<b>"})
        ws.emit_html("#all", "row.html", {"text": "all"}, swap="outerHTML")

    return ws


class TestEmitting:
    async def test_what_a_page_gets(self, ws):
        async with Client("/fragments", websocket=ws) as client, Client("/fragments", websocket=ws) as other:
            await client.emit("show")
            assert await client.receive("tws.html") == {
                "target": "#one",
                "swap": "beforeend",
                "html": "<li>&lt;b&gt;</li>",
            }
            expected = {"target": "#all", "swap": "outerHTML", "html": "<li>all</li>"}
            assert await client.receive("tws.html") == await other.receive("tws.html") == expected
            await other.assert_nothing()

    def test_sync_clients_get_it_too(self, ws):
        with SyncClient("/fragments", websocket=ws) as client:
            client.emit("show")
            assert client.receive("tws.html")["target"] == "#one"

    async def test_the_order_of_a_handler_is_kept(self, ws):
        @ws.on
        def mixed(socket):
            socket.emit("first")
            socket.emit_html("#x", "row.html")
            ws.emit("third")
            ws.emit_html("#x", "row.html")
            socket.emit("fifth")

        @ws.on
        async def amixed(socket):
            mixed(socket)

        async with Client("/fragments", websocket=ws) as client:
            for event in ("mixed", "amixed"):
                await client.emit(event)
                came = [(await client.receive_any())[0] for _ in range(5)]
                assert came == ["first", "tws.html", "third", "tws.html", "fifth"]

    def test_outside_of_handlers_it_is_refused(self, ws):
        with pytest.raises(EmitHandlerError, match=r"tws\.html"):
            ws.emit_html("#x", "row.html")

    def test_strangers_are_refused(self, ws):
        ws.handlers = [object()]
        with pytest.raises(InvalidInstanceError):
            ws.emit_html("#x", "row.html")

    @override_settings(TORNADO_WEBSOCKETS={"EMIT_ANYWHERE": True})
    async def test_where_emit_may_be_called_so_may_this(self, ws):
        async with Client("/fragments", websocket=ws) as client:
            await ws.emit_html("#x", "row.html")
            assert (await client.receive("tws.html"))["target"] == "#x"

    async def test_what_is_sent_need_not_be_declared(self):
        ws = WebSocket("/declared", add_to_handlers=False, sends={"said": None})
        async with Client("/declared", websocket=ws) as client:
            ws.publish_html("#x", "row.html")
            assert (await client.receive("tws.html"))["target"] == "#x"

    @pytest.mark.parametrize("event", ["tws.html", "tws.mine"])
    def test_applications_have_no_such_events_of_their_own(self, ws, event):
        with pytest.raises(ValueError, match="a name of the protocol's own"):
            ws.publish(event, {"target": "#x", "swap": "delete", "html": ""})


class TestAsking:
    @pytest.mark.parametrize("swap", SWAPS)
    def test_names_of_htmx_are_swaps(self, ws, swap):
        ws.publish_html("#x", "row.html", swap=swap)

    def test_there_are_seven_of_them(self):
        assert len(SWAPS) == 7

    @pytest.mark.parametrize("swap", ["innerhtml", "none", "", "textContent"])
    def test_other_swaps_are_refused(self, ws, swap):
        with pytest.raises(ValueError, match="Expected one of 'innerHTML'"):
            ws.publish_html("#x", "row.html", swap=swap)

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"target": None}, TypeError),
            ({"target": " "}, ValueError),
            ({"template": None}, TypeError),
            ({"template": 5}, TypeError),
            ({"context": "text"}, TypeError),
            ({"swap": None}, TypeError),
            ({"language": 5}, TypeError),
        ],
        ids=str,
    )
    async def test_what_is_none_of_it_is_refused_before_anything_is_rendered(self, ws, options, error):
        asked = {"target": "#x", "template": "nowhere.html", **options}
        with pytest.raises(error):
            ws.emit_html(**asked)
        with pytest.raises(error):
            ws.publish_html(**asked)
        with pytest.raises(error):
            await ws.apublish_html(**asked)

    async def test_what_is_deleted_needs_no_template(self, ws):
        async with Client("/fragments", websocket=ws) as client:
            ws.publish_html("#x", None, swap="delete")
            assert await client.receive("tws.html") == {"target": "#x", "swap": "delete", "html": ""}


async def rendered(ws: WebSocket, template: str, context: dict, **options) -> str:
    async with Client("/fragments", websocket=ws) as client:
        ws.publish_html("#x", template, context, **options)
        return (await client.receive("tws.html"))["html"]


class TestRendering:
    async def test_the_first_template_that_exists_is_taken(self, ws):
        assert await rendered(ws, ["nowhere.html", "word.html"], {"word": "hi"}) == "hi"

    async def test_nobody_asks_for_it(self, ws):
        assert await rendered(ws, "whose.html", {}) == "nobody, nobody"

    @override_settings(LANGUAGE_CODE="en")
    async def test_it_is_in_the_language_of_the_site(self, ws):
        with translation.override("de"):
            assert await rendered(ws, "word.html", {"word": gettext_lazy("yes")}) == "yes"
            assert await rendered(ws, "word.html", {"word": gettext_lazy("Monday")}, language="fr") == "lundi"
            assert translation.get_language() == "de"

    @override_settings(TIME_ZONE="Asia/Tokyo")
    async def test_it_is_in_the_time_zone_of_the_site(self, ws):
        at = datetime(2020, 1, 1, 12, tzinfo=UTC)
        with timezone.override("America/New_York"):
            assert await rendered(ws, "time.html", {"at": at}) == "21:00"

    async def test_it_is_rendered_once_however_many_hear_it(self, ws):
        class Word:
            times = 0

            def __str__(self) -> str:
                self.times += 1
                return "word"

        word = Word()
        async with Client("/fragments", websocket=ws) as one, Client("/fragments", websocket=ws) as other:
            ws.publish_html("#x", "word.html", {"word": word})
            assert (await one.receive("tws.html"))["html"] == (await other.receive("tws.html"))["html"] == "word"
        assert word.times == 1


class TestQuerying:
    @pytest.fixture
    def word(self):
        """Says whether it may query where it is rendered."""

        class Word:
            def __str__(self) -> str:
                try:
                    asyncio.get_running_loop()
                except RuntimeError:
                    return "no loop here"
                return "a loop"

        return Word()

    async def test_in_async_code_a_query_is_refused_with_advice(self, ws, a_database):
        with pytest.raises(SynchronousOnlyOperation, match=r"'users\.html' queries the database.*apublish_html"):
            ws.publish_html("#x", "users.html", {"users": User.objects.all()})

    async def test_apublish_may_query(self, ws, word):
        async with Client("/fragments", websocket=ws) as client:
            await ws.apublish_html("#x", "word.html", {"word": word})
            assert (await client.receive("tws.html"))["html"] == "no loop here"

    async def test_so_may_emit_in_a_thread(self, ws, word):
        @ws.on
        async def look(socket):
            await sync_to_async(socket.emit_html)("#x", "word.html", {"word": word})
            await sync_to_async(ws.emit_html)("#x", "word.html", {"word": word})

        async with Client("/fragments", websocket=ws) as client:
            await client.emit("look")
            for _ in range(2):
                assert (await client.receive("tws.html"))["html"] == "no loop here"


class TestPublishing:
    @pytest.fixture
    def published(self, ws, a_database):
        """The messages of a process that serves nobody."""
        endpoint_of(ws).hub = hub = Hub()
        hub.publisher = MemoryPublisher()
        return hub.publisher

    def test_parameters_of_the_path_are_publishs(self):
        rooms = WebSocket("/room/<slug:room>", add_to_handlers=False)
        endpoint_of(rooms).hub = hub = Hub()
        hub.publisher = publisher = MemoryPublisher()
        rooms.publish_html("#x", "row.html", room="lobby")
        async_to_sync(rooms.apublish_html)("#x", "row.html", room="attic")
        assert [message.topic for message in publisher.messages] == ["/room/lobby", "/room/attic"]
        with pytest.raises(TypeError, match="takes the parameters: room"):
            rooms.publish_html("#x", "row.html")

    @pytest.mark.parametrize(
        ("path", "asked", "topic"),
        [
            ("/news/<slug:language>", {"language": "de"}, "/news/de"),
            ("/news/<slug:language>/<int:page>", {"language": "de", "page": 3}, "/news/de/3"),
            ("/put/<swap>", {"swap": "delete"}, "/put/delete"),
            ("/put/<swap>", {}, "/put/beforeend"),
        ],
    )
    def test_parameters_of_a_fragment_are_the_paths_as_well(self, make, path, asked, topic):
        ws, publisher = make(path)
        ws.publish_html("#x", "lingo.html", **asked)
        async_to_sync(ws.apublish_html)("#x", "lingo.html", **asked)
        assert [message.topic for message in publisher.messages] == [topic] * 2
        word = asked.get("language", "en")
        assert all(word in message.text for message in publisher.messages)

    def test_a_language_that_is_not_given_is_missing(self, make):
        ws, publisher = make("/news/<slug:language>")
        with pytest.raises(TypeError, match="takes the parameters: language; got: none"):
            ws.publish_html("#x", "row.html")
        assert publisher.messages == []

    @pytest.mark.parametrize("name", ["target", "template", "context"])
    def test_paths_that_cannot_be_reached_are_named(self, make, name):
        ws, _ = make(f"/put/<{name}>")
        for publish in (ws.publish_html, async_to_sync(ws.apublish_html)):
            with pytest.raises(TypeError, match=f"cannot reach the path '/put/<{name}>', whose parameter '{name}'"):
                publish("#x", "row.html", {})

    @pytest.fixture
    def make(self):
        """Makes a WebSocket in a process that serves nobody."""

        def make(path):
            ws = WebSocket(path, add_to_handlers=False)
            endpoint_of(ws).hub = hub = Hub()
            hub.publisher = MemoryPublisher()
            return ws, hub.publisher

        return make

    def test_it_waits_for_the_commit(self, ws, published):
        with transaction.atomic():
            ws.publish_html("#x", "row.html")
            async_to_sync(ws.apublish_html)("#y", "row.html")
            assert published.messages == []
            ws.publish_html("#z", "row.html", on_commit=False)
            assert len(published.messages) == 1
        assert len(published.messages) == 3

    def test_it_waits_for_the_database_that_is_named(self, ws, published):
        with transaction.atomic():
            ws.publish_html("#x", "row.html", using="default")
            assert published.messages == []
            with pytest.raises(ConnectionDoesNotExist):
                ws.publish_html("#x", "row.html", using="other")
        assert len(published.messages) == 1

    def test_what_the_layer_refuses_raises(self, ws, published):
        published.error = PublishError("tws.html", "/fragments")
        with pytest.raises(PublishError):
            ws.publish_html("#x", "row.html")
        with pytest.raises(PublishError):
            async_to_sync(ws.apublish_html)("#x", "row.html")
        ws.publish_html("#x", "row.html", fail_silently=True)
        async_to_sync(ws.apublish_html)("#x", "row.html", fail_silently=True)


async def test_a_closed_connection_is_told_as_for_any_event(ws):
    from tornado.websocket import WebSocketClosedError

    client = await MemoryClient(endpoint_of(ws)).connect()
    await client.leave()
    with pytest.raises(WebSocketClosedError):
        client.socket.emit_html("#x", "row.html")


async def test_every_transport_brings_it(server: Server) -> None:
    client = await server.connect("/news")
    await client.emit("take_away")
    assert await client.settle() == [
        {"event": "tws.html", "data": {"target": target, "swap": "delete", "html": ""}}
        for target in ("#mine", "#everybody's")
    ]
