"""Servers to be attacked: each attack gets one that nobody has attacked before."""

from collections.abc import AsyncIterator

import pytest

from tests.endurance.scale import IS_LONG
from tests.support.asgi import Server
from tests.support.transports import SERVERS, Servers

#: As they are in production, also in the short form: see siege.py.
PLAIN = {"PYTHONDEVMODE": ""}


@pytest.fixture(params=SERVERS)
async def fresh_server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    with servers.fresh(request.param, **PLAIN) as server:
        async with server.visit():
            yield server


@pytest.fixture(params=(*SERVERS, "gunicorn", "hypercorn", "granian") if IS_LONG else SERVERS)
async def any_fresh_server(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Server]:
    """For attacks that are held off by our part alone, whatever the server does."""
    with servers.fresh(request.param, **PLAIN) as server:
        async with server.visit():
            yield server
