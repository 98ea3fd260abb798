import asyncio
import functools

import pytest
from channels.sessions import CookieMiddleware, SessionMiddleware
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware

from channels_bridge.transports.middleware import MAX_DEPTH, is_of_other_server, owner_of, passed_over, search

SCOPE = {
    "type": "websocket",
    "path": "/ws/chat",
    "raw_path": b"/ws/chat",
    "query_string": b"",
    "headers": [],
    "client": ("127.0.0.1", 4711),
    "server": ("127.0.0.1", 80),
    "scheme": "ws",
}


class Protocol:
    """What a server has of one client."""

    async def send(self, message):
        pass

    async def receive(self):
        return {"type": "websocket.connect"}


class ByMethod:
    """A middleware that gives its application a method."""

    def __init__(self, send):
        self._inner = send

    async def send(self, message):
        await self._inner(message)


class ByMethodWithSlots(ByMethod):
    __slots__ = ()


class ByCall:
    __slots__ = ("inner",)

    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, message):
        await self.inner(message)


def by_closure(send):
    async def wrapped(message):
        await send(message)

    return wrapped


def by_wraps(send):
    @functools.wraps(send)
    async def wrapped(*arguments):
        pass  # what it calls is not in its closure

    return wrapped


def by_default(send):
    return functools.partial(lambda inner, message: inner(message), send)


def by_keyword(send):
    return functools.partial(lambda message, inner: inner(message), inner=send)


WAYS = [by_closure, by_wraps, by_default, by_keyword, lambda send: ByMethod(send).send, ByCall]


@pytest.fixture
def protocol():
    return Protocol()


def found(wrapper):
    return search(wrapper, lambda thing: isinstance(thing, Protocol))


async def inside_of(middleware, protocol, scope=SCOPE):
    """The ``receive`` and ``send`` that an application inside of ``middleware`` gets."""
    got = []

    async def application(scope, receive, send):
        got.append((receive, send))

    await middleware(application)({**scope}, protocol.receive, protocol.send)
    return got[0]


class TestSearching:
    @pytest.mark.parametrize("wrap", WAYS)
    def test_finds_the_server_behind_a_wrapper(self, protocol, wrap):
        assert found(wrap(protocol.send)) == [protocol]

    def test_finds_it_behind_all_of_them(self, protocol):
        send = protocol.send
        for wrap in WAYS:
            send = wrap(send)
        assert found(send) == [protocol]

    def test_finds_the_nearest(self, protocol):
        async def send(message):
            await protocol.send(message)
            await farther(message)

        farther = by_closure(Protocol().send)
        assert found(send) == [protocol]

    def test_tells_of_all_that_are_equally_near(self, protocol):
        other = Protocol()

        async def send(message):
            await protocol.send(message)
            await other.send(message)

        assert len(found(send)) == 2

    def test_finds_nothing_where_there_is_nothing(self):
        async def send(message):
            pass

        assert found(send) == []

    def test_ends_where_wrappers_go_round_in_circles(self):
        async def one(message):
            await two(message)

        async def two(message):
            await one(message)

        assert found(one) == []

    def test_ends_where_wrappers_have_no_end(self, protocol):
        send = protocol.send
        for _ in range(MAX_DEPTH):
            send = by_closure(send)
        assert found(send) == []

    def test_passes_over_a_variable_that_was_never_set(self, protocol):
        def wrap(send):
            async def wrapped(message):
                await send(message)
                unset()

            if wrapped is None:
                unset = print
            return wrapped

        assert found(wrap(protocol.send)) == [protocol]

    async def test_finds_it_behind_opentelemetry(self, protocol):
        receive, send = await inside_of(OpenTelemetryMiddleware, protocol)
        assert send != protocol.send
        assert receive != protocol.receive
        assert found(send) == found(receive) == [protocol]

    async def test_finds_it_behind_sentry(self, protocol):
        _, send = await inside_of(SentryAsgiMiddleware, protocol)
        assert send != protocol.send
        assert found(send) == [protocol]

    async def test_finds_it_behind_the_sessions_of_channels(self, protocol):
        _, send = await inside_of(lambda app: CookieMiddleware(SessionMiddleware(app)), protocol)
        assert send != protocol.send
        assert found(send) == [protocol]


class TestPassingOver:
    """What has no interest in a WebSocket's messages need not see them."""

    async def test_the_sessions_of_channels(self, protocol):
        _, send = await inside_of(lambda app: CookieMiddleware(SessionMiddleware(app)), protocol)
        assert passed_over(send) == protocol.send

    async def test_sentry(self, protocol):
        _, send = await inside_of(SentryAsgiMiddleware, protocol)
        assert passed_over(send) == protocol.send

    async def test_both(self, protocol):
        _, send = await inside_of(lambda app: SentryAsgiMiddleware(CookieMiddleware(SessionMiddleware(app))), protocol)
        assert passed_over(send) == protocol.send

    async def test_not_opentelemetry(self, protocol):
        _, send = await inside_of(OpenTelemetryMiddleware, protocol)
        assert passed_over(send) is send

    @pytest.mark.parametrize("wrap", WAYS)
    def test_not_what_is_not_known(self, protocol, wrap):
        send = wrap(protocol.send)
        assert passed_over(send) is send


class TestOwners:
    def test_of_a_method(self, protocol):
        assert owner_of(protocol.send) is protocol

    def test_as_daphne_gives_it_along(self, protocol):
        assert owner_of(functools.partial(print, protocol)) is protocol

    def test_of_a_function_are_none(self):
        assert owner_of(by_closure(print)) is None

    async def test_of_other_servers_are_told_by_their_package(self, protocol):
        assert is_of_other_server(asyncio.Queue().put)
        assert not is_of_other_server(protocol.send)
        assert not is_of_other_server(by_closure(asyncio.Queue().put))
