"""What the staff sees and does by the WebSocket of the live page."""

from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import override_settings

from tests.support.waiting import until
from tornado_websockets.core.counters import counters
from tornado_websockets.live import looking
from tornado_websockets.testing import Client, ConnectionRefused, RequestRefused
from tornado_websockets.websocket import WebSocket

PATH = looking.PATH


@pytest.fixture
def room():
    return WebSocket("/seen/<slug:name>", add_to_handlers=False)


def take_permissions_from(user):
    User.objects.get(pk=user.pk).user_permissions.clear()


async def first_look(client, **data):
    return await anext(client.stream("look", data))


async def test_who_looks_sees_processes_paths_users_and_connections(somebody, room, key):
    staff, ada = [await sync_to_async(somebody)("look", **options) for options in ({"is_staff": True}, {})]
    path = f"/seen/{key}"
    async with Client(PATH, user=staff) as client, Client(path, websocket=room, user=ada) as tab:
        seen = await first_look(client)
        (process,) = seen["processes"]
        assert process["counters"]["connections"] >= 2
        assert [path, "/seen/<slug:name>", 1] in process["paths"]
        assert [str(ada.pk), ada.username, 1] in process["users"]
        rows = {row["id"]: row for row in process["connections"]}
        assert rows[tab.connection.id] == {
            "id": tab.connection.id,
            "path": path,
            "user": str(ada.pk),
            "name": ada.username,
            "address": "",
            "backlog": None,
        }
        assert seen["me"] in rows
        assert "/control" in seen["served"]  # though nobody is there
        assert PATH not in seen["served"]
        assert seen["is_whole"]


async def test_nothing_of_a_handshake_but_its_path_and_address_is_told(somebody, room, key):
    staff = await sync_to_async(somebody)("look", is_staff=True)
    secret = {"Cookie": "sessionid=secret", "Authorization": "Basic secret", "X-Secret": "secret"}
    async with (
        Client(PATH, user=staff) as client,
        Client(f"/seen/{key}?secret", websocket=room, headers=secret),
    ):
        assert "secret" not in str(await first_look(client))


async def test_what_is_found_has_the_words_somewhere(somebody, room, key):
    staff = await sync_to_async(somebody)("look", is_staff=True)
    async with Client(PATH, user=staff) as client, Client(f"/seen/{key}-a", websocket=room) as tab:
        (process,) = (await first_look(client, find=f"{key}-A"))["processes"]
        assert [row["id"] for row in process["connections"]] == [tab.connection.id]
        assert process["connections_found"] == 1
        assert process["connections_total"] >= 2


async def test_a_client_that_is_disconnected_is_told_so_and_the_log_says_by_whom(somebody, room, key, caplog):
    staff, ada = [
        await sync_to_async(somebody)("look", "disconnect", **options) for options in ({"is_staff": True}, {})
    ]
    async with (
        Client(PATH, user=staff) as client,
        Client(f"/seen/{key}", websocket=room, user=ada) as tab,
        Client(f"/seen/{key}", websocket=room, user=ada) as other,
    ):
        seen = await first_look(client)
        assert seen["may_disconnect"]
        await client.request("disconnect", {"id": tab.connection.id})
        await until(lambda: tab.close_code == 4403)
        await other.assert_nothing()
        assert other.close_code is None
    for word in (staff.username, ada.username, tab.connection.id, f"/seen/{key}"):
        assert word in caplog.text


async def test_a_client_of_a_path_with_a_history_gets_first_what_was_sent_before(somebody, key):
    staff = await sync_to_async(somebody)("look", "disconnect", is_staff=True)
    ws = WebSocket(f"/kept-{key}", history=10)
    async with Client(PATH, user=staff) as client, Client(f"/kept-{key}") as tab:
        await first_look(client, find=key)
        await ws.apublish("said")
        await client.request("disconnect", {"id": tab.connection.id})
        await tab.receive("said")
        await until(lambda: tab.close_code == 4403)


async def test_what_was_not_shown_cannot_be_disconnected(somebody, room, key):
    staff = await sync_to_async(somebody)("look", "disconnect", is_staff=True)
    async with Client(PATH, user=staff) as client, Client(f"/seen/{key}", websocket=room) as tab:
        with pytest.raises(RequestRefused) as refused:
            await client.request("disconnect", {"id": tab.connection.id})
        assert refused.value.code == "gone"


async def test_who_may_only_look_cannot_disconnect(somebody, room, key):
    staff = await sync_to_async(somebody)("look", is_staff=True)
    async with Client(PATH, user=staff) as client, Client(f"/seen/{key}", websocket=room) as tab:
        assert not (await first_look(client))["may_disconnect"]
        with pytest.raises(RequestRefused) as refused:
            await client.request("disconnect", {"id": tab.connection.id})
        assert refused.value.code == "forbidden"
        await tab.assert_nothing()


@pytest.mark.parametrize("find", [None, 7, ["/seen"], "/seen" * 50], ids=lambda find: str(find)[:20])
async def test_what_nobody_could_look_for_is_refused(somebody, find):
    staff = await sync_to_async(somebody)("look", is_staff=True)
    async with Client(PATH, user=staff) as client:
        with pytest.raises(RequestRefused) as refused:
            await first_look(client, find=find)
        assert refused.value.code == "invalid_data"


@pytest.mark.parametrize("id_", [None, 7, [], {}], ids=str)
async def test_what_is_no_id_is_refused_and_no_failure(somebody, id_, caplog):
    staff = await sync_to_async(somebody)("look", "disconnect", is_staff=True)
    async with Client(PATH, user=staff) as client:
        await first_look(client)
        with pytest.raises(RequestRefused) as refused:
            await client.request("disconnect", {"id": id_})
        assert refused.value.code == "invalid_data"
    assert not caplog.records


async def test_whom_the_last_look_does_not_show_can_be_disconnected_as_long_as_an_earlier_one_did(somebody, room, key):
    staff = await sync_to_async(somebody)("look", "disconnect", is_staff=True)
    async with Client(PATH, user=staff) as client, Client(f"/seen/{key}", websocket=room) as tab:
        await first_look(client)
        await first_look(client, find="nobody at all")
        await client.request("disconnect", {"id": tab.connection.id})
        await until(lambda: tab.close_code == 4403)


def test_of_what_was_shown_the_newest_are_kept():
    socket, half = SimpleNamespace(state={}), looking.MOST_SHOWN // 2
    for look in range(3):
        looking._note_shown(socket, [{"id": f"{look} {number}"} for number in range(half)])
    [kept] = socket.state.values()
    assert len(kept) == looking.MOST_SHOWN
    assert {id_.split()[0] for id_ in kept} == {"1", "2"}


async def test_who_looks_is_no_handler_that_runs(somebody):
    staff = await sync_to_async(somebody)("look", is_staff=True)
    async with Client(PATH, user=staff) as client, Client(PATH, user=staff) as other:
        running = counters.handlers_running
        await first_look(other)
        (process,) = (await first_look(client))["processes"]
        assert process["counters"]["handlers_running"] == running


@pytest.mark.parametrize("origins", [["*"], None], ids=["all are let in", "its own"])
async def test_no_page_of_another_site_gets_in_by_the_cookie_of_somebody_who_may(somebody, origins):
    staff = await sync_to_async(somebody)("look", is_staff=True)
    host = {"Host": "127.0.0.1:8000"}
    with override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": origins}, CSRF_TRUSTED_ORIGINS=["https://a.example"]):
        for origin in ("https://elsewhere.example", "null"):
            with pytest.raises(ConnectionRefused):
                await Client(PATH, user=staff, headers={**host, "Origin": origin}).connect()
        for origin in ("https://127.0.0.1", "https://a.example"):
            async with Client(PATH, user=staff, headers={**host, "Origin": origin}) as client:
                assert (await first_look(client))["is_whole"]


async def test_a_user_without_a_name_disconnects_as_well(room, key, caplog):
    class Odd:
        pk = 7
        is_active = is_superuser = is_authenticated = True

    async with Client(PATH, user=Odd()) as client, Client(f"/seen/{key}", websocket=room) as tab:
        await first_look(client, find=key)
        await client.request("disconnect", {"id": tab.connection.id})
        await until(lambda: tab.close_code == 4403)
    assert "' (7)' disconnects" in caplog.text


async def test_a_permission_that_was_taken_away_counts_at_once(somebody):
    staff = await sync_to_async(somebody)("look", "disconnect", is_staff=True)
    async with Client(PATH, user=staff) as client:
        await first_look(client)
        await sync_to_async(take_permissions_from)(staff)
        await client.emit("disconnect", {"id": client.connection.id})
        await until(lambda: client.close_code == 4403)


async def test_who_may_not_look_any_more_is_closed_while_looking(somebody):
    staff = await sync_to_async(somebody)("look", is_staff=True)
    ws = WebSocket("/watching", add_to_handlers=False)

    @ws.on
    async def look(socket):
        async for seen in looking.watch(socket, "", looking.LookPace(interval=0.0, recheck=0.0)):
            yield seen

    async with Client("/watching", websocket=ws, user=staff) as client:
        seen = client.stream("look")
        await anext(seen)
        await anext(seen)
        await sync_to_async(take_permissions_from)(staff)
        await until(lambda: client.close_code == 4403)


@pytest.mark.parametrize(
    ("permissions", "options"),
    [
        ((), {"is_staff": True}),
        (("disconnect",), {"is_staff": True}),
        (("look",), {}),
        (("look",), {"is_active": False}),
    ],
    ids=["staff", "no look", "no staff", "not active"],
)
async def test_others_do_not_get_in(somebody, permissions, options):
    user = await sync_to_async(somebody)(*permissions, **options)
    with pytest.raises(ConnectionRefused):
        await Client(PATH, user=user).connect()


async def test_nobody_in_particular_does_not_get_in():
    with pytest.raises(ConnectionRefused):
        await Client(PATH).connect()
