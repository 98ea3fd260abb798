import asyncio
import threading

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.management import call_command

from tests.support.databases import database_in
from tests.support.memory import MemoryClient
from tests.support.waiting import until
from tornado_websockets.core.connections.socket import connection_of
from tornado_websockets.core.protocol.closing import Close
from tornado_websockets.core.protocol.offers import Offer
from tornado_websockets.people.asking import Asking
from tornado_websockets.serving.authorization import MOST_THREADS
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.fixture(scope="module", autouse=True)
def a_database(tmp_path_factory):
    with database_in(tmp_path_factory.mktemp("asking")):
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture
def user(key):
    return User.objects.create_user(key, is_staff=True)


@pytest.fixture
async def connect():
    clients = []

    async def connect(authorize, user, **options):
        endpoint = endpoint_of(WebSocket("/asked", add_to_handlers=False, authorize=authorize))
        endpoint.observers = []  # logins would be looked at, too
        clients.append(MemoryClient(endpoint, "/asked", user=user, **options))
        return await clients[-1].connect()

    yield connect
    for client in clients:
        await client.leave()


def is_staff(socket):
    return socket.user.is_staff


async def test_the_user_is_read_again_first(connect, user):
    client, asking = await connect(is_staff, user), Asking()
    await User.objects.filter(pk=user.pk).aupdate(is_staff=False)
    assert asking.ask(client.connection)
    await until(lambda: client.transport.sent == [Close(4403, "Not allowed any more.")])


@pytest.mark.parametrize("change", ["deactivate", "delete"])
async def test_a_user_who_is_not_there_any_more_may_not_stay(connect, user, change):
    client, asking = await connect(is_staff, user), Asking()
    users = User.objects.filter(pk=user.pk)
    await (users.adelete() if change == "delete" else users.aupdate(is_active=False))
    asking.ask(client.connection)
    await until(lambda: client.transport.sent == [Close(4403, "Not allowed any more.")])


async def test_whoever_may_stay_has_the_user_as_it_is_now(connect, user):
    client, asking = await connect(is_staff, user), Asking()
    await User.objects.filter(pk=user.pk).aupdate(first_name="Ada")
    asking.ask(client.connection)
    await until(lambda: client.connection.user.first_name == "Ada")
    assert client.connection.user_key == str(user.pk)
    assert client.transport.sent == []


async def test_nobody_stays_for_as_long_as_strangers_knock(connect, user):
    is_over, knocking = threading.Event(), []

    def authorize(socket):
        if not socket.user.is_authenticated:
            knocking.append(socket)
            is_over.wait(10)
        return socket.user.is_staff

    client, asking = await connect(authorize, user), Asking()
    endpoint = client.connection.endpoint
    strangers = [MemoryClient(endpoint, "/asked", user=AnonymousUser()) for _ in range(2 * MOST_THREADS)]
    knocks = [asyncio.create_task(endpoint.authorization.is_granted(each.connection)) for each in strangers]
    await until(lambda: len(knocking) == MOST_THREADS)
    await User.objects.filter(pk=user.pk).aupdate(is_staff=False)
    asking.ask(client.connection)
    await until(lambda: client.transport.sent == [Close(4403, "Not allowed any more.")])
    assert len(knocking) == MOST_THREADS
    is_over.set()
    assert await asyncio.gather(*knocks) == [False] * len(knocks)


async def test_one_that_fails_lets_everybody_stay_and_is_asked_again(connect, user):
    asked = []

    async def authorize(socket):
        asked.append(socket)
        if len(asked) < 3:
            raise ConnectionError("no database")
        return False

    client, asking = await connect(authorize, user), Asking(retry=0.01)
    asking.ask(client.connection)
    await until(lambda: client.transport.sent)
    assert len(asked) == 3


async def test_the_log_of_one_that_fails_has_no_token(connect, user, caplog):
    async def authorize(socket):
        raise ConnectionError(f"nobody knows {socket.token}")

    client = await connect(authorize, user, offer=Offer("secret", secrets=["secret"]))
    Asking().ask(client.connection)
    await until(lambda: "Cannot ask authorize" in caplog.text)
    assert "ConnectionError: nobody knows <token>" in caplog.text
    assert "secret" not in caplog.text


async def test_what_changes_while_it_is_asked_is_asked_about_once_more(connect, user):
    answers = [True, False]

    async def authorize(socket):
        for _ in range(2):
            asking.ask(connection_of(socket))
        return answers.pop(0)

    client, asking = await connect(authorize, user), Asking()
    asking.ask(client.connection)
    await until(lambda: client.transport.sent)
    assert answers == []


async def test_there_is_nobody_to_ask_where_everybody_may_come(connect, user):
    client = await connect(None, user)
    assert not Asking().ask(client.connection)
