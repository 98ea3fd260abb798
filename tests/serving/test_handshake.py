import pytest
from django.test import override_settings

from tests.support.memory import MemoryTransport
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.paths import PathPattern
from tornado_websockets.serving.endpoint import Endpoint
from tornado_websockets.serving.handshake import connect, join_headers


class TestJoiningHeaders:
    def test_makes_them_found_by_name_in_any_case(self):
        headers = join_headers([("X-Room", "lobby")])
        assert (headers["x-room"], headers["X-ROOM"], headers.get("other")) == ("lobby", "lobby", None)

    def test_joins_those_that_came_more_than_once_in_order(self):
        headers = join_headers([("Accept-Language", "de"), ("Host", "here"), ("accept-language", "en")])
        assert headers["Accept-Language"] == "de, en"
        assert headers["Host"] == "here"

    def test_joins_cookies_as_one_header_would_have_had_them(self):
        headers = join_headers([("cookie", "a=1"), ("Cookie", "b=2"), ("COOKIE", "c=3")])
        assert headers["Cookie"] == "a=1; b=2; c=3"

    def test_of_none_gives_none(self):
        assert dict(join_headers([])) == {}


class TestConnecting:
    """What a handshake says becomes a connection."""

    @pytest.fixture
    def endpoint(self):
        return Endpoint(PathPattern("/room/<slug:room>"), 1, None)

    @pytest.fixture
    def of(self, endpoint):
        """The connection that a handshake becomes."""

        async def of(**said):
            return connect(endpoint, MemoryTransport(), parameters={"room": "lobby"}, headers={}, **said)

        return of

    async def test_gives_it_the_concrete_path_and_its_parameters(self, endpoint, of):
        connection = await of()
        assert (connection.endpoint, connection.path, connection.kwargs) == (
            endpoint,
            "/room/lobby",
            {"room": "lobby"},
        )

    async def test_gives_it_what_the_client_has_said(self, endpoint):
        headers = join_headers([("X-Token", "abc")])
        connection = connect(
            endpoint,
            MemoryTransport(),
            parameters={"room": "lobby"},
            headers=headers,
            query_string="page=7",
            address="192.0.2.7",
        )
        assert connection.headers["x-token"] == "abc"
        assert (connection.query_string, connection.address) == ("page=7", "192.0.2.7")

    async def test_gives_it_user_and_session(self, of):
        user, session = object(), object()
        connection = await of(user=user, session=session)
        assert (connection.user, connection.session) == (user, session)

    async def test_knows_neither_without_them(self, of):
        connection = await of()
        assert (connection.query_string, connection.address) == ("", None)
        assert (connection.user, connection.session) == (None, None)

    @override_settings(TORNADO_WEBSOCKETS={"MAX_CONNECTIONS": 0})
    async def test_gives_it_the_limits_of_the_settings(self, of):
        assert (await of()).admit() == "there are 0 connections"

    async def test_lets_nobody_in_yet(self, endpoint, of):
        await of()
        assert endpoint.handlers == []

    async def test_has_handlers_get_what_stands_for_it(self, endpoint, of):
        async def accept():
            """Nothing to do."""

        stand_in = object()
        connection = await of(socket=stand_in)
        await connection.open(accept)
        assert endpoint.handlers == [stand_in]
        await connection.on_closed()

    async def test_has_sync_handlers_run_where_the_transport_says(self, endpoint, of):
        calls = []

        async def run(call):
            calls.append("run")
            return call()

        def open():  # noqa: A001 the name of the event
            calls.append("open")

        async def accept():
            calls.append("accept")

        endpoint.dispatcher.register(open)
        connection = await of(run=run)
        await connection.open(accept)
        assert calls == ["accept", "run", "open"]
        await connection.on_closed()

    async def test_closes_by_its_transport(self, of):
        async def accept():
            """Nothing to do."""

        connection = await of()
        await connection.open(accept)
        connection.socket.close(4000, "bye")
        assert connection.transport.sent == [Close(4000, "bye")]
        await connection.on_closed()
