import asyncio

import pytest
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware

from channels_bridge.transports import daphne, uvicorn
from channels_bridge.transports.asgi import AsgiTransport
from channels_bridge.transports.daphne import DaphneTransport, HiddenDaphneTransport
from channels_bridge.transports.known import TRANSPORT, transport_for
from channels_bridge.transports.recognition import warn_once
from channels_bridge.transports.uvicorn import UvicornTransport
from tests.support.protocols import daphne_client, uvicorn_client

CLIENTS = {"daphne": daphne_client, "uvicorn": uvicorn_client}
KINDS = {"daphne": DaphneTransport, "uvicorn": UvicornTransport}


@pytest.fixture(autouse=True)
def first_warnings():
    """Every warning is one that was not given before."""
    warn_once.cache_clear()


@pytest.fixture(params=CLIENTS)
def kind(request):
    return KINDS[request.param]


@pytest.fixture
async def client(kind):
    make = next(CLIENTS[name] for name in CLIENTS if KINDS[name] is kind)
    async with make() as client:
        yield client


def closure(call):
    async def wrapped(*message):
        return await call(*message)

    return wrapped


async def through(middleware, client):
    """The transport of an application inside of a middleware."""
    made = []

    async def application(scope, receive, send):
        made.append(transport_for(scope, receive, send))

    await middleware(application)(dict(client.scope), client.receive, client.send)
    return made[0]


class TestFinding:
    async def test_a_server_that_calls_the_application_itself(self, client, kind):
        transport = transport_for(client.scope, client.receive, client.send)
        assert type(transport) is kind
        assert not transport._is_wrapped

    async def test_a_server_behind_a_closure(self, client, kind):
        transport = transport_for(client.scope, closure(client.receive), closure(client.send))
        assert type(transport) is kind
        assert transport._is_wrapped

    async def test_a_server_behind_opentelemetry(self, client, kind):
        transport = await through(OpenTelemetryMiddleware, client)
        assert type(transport) is kind
        assert transport._is_wrapped

    async def test_a_server_behind_sentry_which_need_not_see_what_is_sent(self, client, kind):
        transport = await through(SentryAsgiMiddleware, client)
        assert type(transport) is kind
        assert not transport._is_wrapped

    async def test_a_transport_that_was_made_before(self, client):
        made = transport_for(client.scope, client.receive, client.send)
        assert transport_for({TRANSPORT: made}, None, None) is made

    async def test_no_server_of_several_that_may_be_meant(self, client):
        async with uvicorn_client() as other:

            async def send(message):
                await client.send(message)
                await other.send(message)

            assert type(transport_for(client.scope, print, send)) is AsgiTransport

    async def test_no_server_whose_send_is_behind_a_queue(self, client, kind):
        """Though what it receives comes straight: how slow a client is cannot be told."""
        transport = transport_for(client.scope, client.receive, closure(asyncio.Queue().put))
        assert type(transport) is not kind
        assert transport._is_wrapped

    async def test_no_server_where_there_is_none(self, caplog):
        transport = transport_for({}, asyncio.Queue().get, asyncio.Queue().put)
        assert type(transport) is AsgiTransport
        assert not transport._is_wrapped
        assert caplog.records == []

    async def test_a_middleware_around_a_server_of_which_nothing_is_known(self, caplog):
        transport = transport_for({}, asyncio.Queue().get, closure(asyncio.Queue().put))
        assert type(transport) is AsgiTransport
        assert transport._is_wrapped
        assert caplog.records == []


class TestProbing:
    """A version of a server that looks different is left as it is, and a warning says so once."""

    @pytest.fixture
    def lacking(self, kind):
        """A class of protocols that lack something, in whose name the warning has."""
        needed = daphne.NEEDED if kind is DaphneTransport else uvicorn.NEEDED
        return needed.names[0]

    async def test_what_it_lacks_is_found_before_anything_is_changed(self, client, kind, lacking, caplog):
        protocol = client.protocol

        class Future(type(protocol)):
            def __getattribute__(self, name):
                if name == lacking.partition(".")[0]:
                    raise AttributeError(name)
                return super().__getattribute__(name)

        before = type(protocol)
        Future.__module__ = before.__module__
        protocol.__class__ = Future
        transports = [transport_for(client.scope, client.receive, client.send) for _ in range(2)]
        assert type(protocol) is Future
        protocol.__class__ = before
        expected = HiddenDaphneTransport if kind is DaphneTransport else AsgiTransport
        assert [type(transport) for transport in transports] == [expected] * 2
        [record] = caplog.records
        assert f"has no {lacking}" in record.getMessage()

    @pytest.mark.parametrize("ws", ["wsproto", "websockets"])
    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:The `websockets` implementation")
    async def test_another_ws_of_uvicorn_is_told_of(self, ws, caplog):
        async with uvicorn_client(ws) as client:
            transport_for(client.scope, client.receive, client.send)
            [record] = caplog.records
            assert "--ws" in record.getMessage()
