"""Who is here, in a database that several processes share."""

from types import SimpleNamespace

import pytest
from django.test import override_settings

from tests.support.layers import BROKER
from tests.support.people import process_at
from tests.support.waiting import until
from tornado_websockets.people.sharing import SharingPace
from tornado_websockets.store import current
from tornado_websockets.store.database import DatabaseStore, IdleConnection
from tornado_websockets.store.guard import Guard
from tornado_websockets.testing import Client

ADA, BOB = (SimpleNamespace(pk=number, is_authenticated=True, name=name) for number, name in ((1, "Ada"), (2, "Bob")))

PACE = SharingPace(renewal=0.2, lifetime=20.0)


@pytest.fixture(autouse=True)
def shared(monkeypatch, postgresql, namespace):
    monkeypatch.setattr(current, "keep_tests_to_memory", lambda: None)  # here, clients shall share what is named

    def make(_, retention):
        store = DatabaseStore(retention, postgresql)
        return Guard(store, IdleConnection(store, 0.0), retention=retention)  # none is open at the end

    monkeypatch.setattr(current, "make_store", make)
    options = {"STORE": f"database:{postgresql}", "NAMESPACE": namespace, "PRESENCE_GRACE": 0.2}
    with override_settings(CHANNEL_LAYERS=BROKER, TORNADO_WEBSOCKETS=options):
        yield


async def test_people_of_several_processes_are_kept_on_postgresql(namespace):
    here, there, nowhere = (
        process_at(f"/here/{namespace}", lambda socket: {"name": socket.user.name}, PACE) for _ in range(3)
    )
    async with Client(here.path, user=ADA, websocket=here) as ada:
        async with Client(there.path, user=BOB, websocket=there) as bob:
            await until(lambda: set(ada.people) == set(bob.people) == {"1", "2"})
            bob.connection.present({"name": "Robert"})
            await until(lambda: ada.people["2"]["info"] == {"name": "Robert"})
            people = {person["id"]: person["info"]["name"] for person in await nowhere.apeople()}
            assert people == {"1": "Ada", "2": "Robert"}
        await until(lambda: set(ada.people) == {"1"})

        async def has_left():
            return not await nowhere.ais_present(BOB)

        await until(has_left)
        assert await nowhere.ais_present(ADA)
