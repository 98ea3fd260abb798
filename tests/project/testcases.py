"""Tests as an application has them, with Django's runner and its transactions; ``tests/testing`` runs them."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.test import TestCase, override_settings

from tornado_websockets import Socket
from tornado_websockets.testing import Client, ConnectionRefused, RequestRefused, SyncClient
from tornado_websockets.websocket import WebSocket

ws = WebSocket("/testcases/<slug:room>", authorize=lambda socket: User.objects.filter(pk=socket.user.pk).exists())


@ws.on
def open(socket: Socket) -> None:  # noqa: A001 the name of the event
    ws.emit("joined", {"who": socket.user.username})


@ws.on
def count(room: str) -> dict[str, Any]:
    return {"users": User.objects.count(), "room": room}


@ws.on
def names() -> Iterator[str]:
    yield from User.objects.values_list("username", flat=True).iterator()


@ws.on
async def acount() -> int:
    return await User.objects.acount()


@ws.on
async def acreate(data: dict[str, Any]) -> int:
    user = await User.objects.acreate(username=data["name"])
    ws.emit("created", {"name": user.username})
    return await User.objects.acount()


@ws.on
def close(socket: Socket) -> None:
    User.objects.create(username=f"{socket.user.username} has left")


class SyncClientTests(TestCase):
    def setUp(self) -> None:
        self.alice = User.objects.create(username="alice")

    def test_sync_handlers_see_the_transaction_of_the_test(self) -> None:
        with SyncClient("/testcases/a?b=1", user=self.alice) as client:
            self.assertEqual(client.receive("joined"), {"who": "alice"})
            self.assertEqual(client.request("count"), {"users": 1, "room": "a"})
            self.assertEqual(client.connection.query_string, "b=1")

    def test_test_sees_what_the_close_handler_wrote(self) -> None:
        with SyncClient("/testcases/a", user=self.alice):
            pass
        self.assertTrue(User.objects.filter(username="alice has left").exists())

    def test_async_handlers_see_the_transaction_of_the_test(self) -> None:
        with SyncClient("/testcases/a", user=self.alice) as client:
            self.assertEqual(client.request("acreate", {"name": "bob"}), 2)
        self.assertTrue(User.objects.filter(username="bob").exists())

    def test_handlers_go_on_while_the_test_waits_for_another_client(self) -> None:
        with (
            SyncClient("/testcases/a", user=self.alice) as first,
            SyncClient("/testcases/a", user=self.alice) as second,
        ):
            first.emit("acreate", {"name": "bob"})
            self.assertEqual(second.receive("created"), {"name": "bob"})

    def test_clients_meet(self) -> None:
        bob = User.objects.create(username="bob")
        with SyncClient("/testcases/a", user=self.alice) as first:
            first.receive("joined")
            with SyncClient("/ws/testcases/a", user=bob):
                self.assertEqual(first.receive("joined"), {"who": "bob"})

    def test_generators_see_the_transaction_of_the_test(self) -> None:
        with SyncClient("/testcases/a", user=self.alice) as client:
            self.assertEqual(list(client.stream("names")), ["alice"])

    def test_refused_client_gets_an_error(self) -> None:
        with self.assertRaises(ConnectionRefused), SyncClient("/testcases/a", user=User(pk=0)):
            self.fail("was let in")

    def test_error_reply_is_raised(self) -> None:
        with SyncClient("/testcases/a", user=self.alice) as client:
            with self.assertRaises(RequestRefused) as caught:
                client.request("nothing of that name")
            self.assertEqual(caught.exception.code, "unknown_event")

    def test_what_does_not_come_fails_with_what_did(self) -> None:
        with (
            SyncClient("/testcases/a", user=self.alice) as client,
            self.assertRaisesRegex(AssertionError, "No 'news' within .* 'joined'"),
        ):
            client.receive("news", timeout=0.05)

    def test_silence_is_told_from_noise(self) -> None:
        with SyncClient("/testcases/a", user=self.alice) as client:
            client.assert_nothing("news")
            with self.assertRaisesRegex(AssertionError, "Expected silence, got .*joined"):
                client.assert_nothing()

    def test_bad_frame_can_be_sent(self) -> None:
        with SyncClient("/testcases/a", user=self.alice) as client:
            client.receive("joined")
            client.send_text("{")
            event, data = client.receive_any()
            self.assertEqual((event, data["code"]), ("warning", "invalid_json"))

    def test_what_is_published_on_commit_comes_when_the_callbacks_are_captured(self) -> None:
        with SyncClient("/testcases/a", user=self.alice) as client:
            with self.captureOnCommitCallbacks(execute=True):
                ws.publish("news", {"n": 1}, room="a")
                client.assert_nothing("news")
            self.assertEqual(client.receive("news"), {"n": 1})

    def test_channel_layer_works_on_when_a_client_has_left(self) -> None:
        layers = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
        with (
            override_settings(CHANNEL_LAYERS=layers),
            SyncClient("/testcases/a", user=self.alice) as first,
            SyncClient("/testcases/a", user=self.alice) as second,
        ):
            first.close()
            ws.publish("news", {"n": 1}, room="a", on_commit=False)
            self.assertEqual(second.receive("news"), {"n": 1})
            with SyncClient("/testcases/a", user=self.alice) as third:
                ws.publish("news", {"n": 2}, room="a", on_commit=False)
                self.assertEqual(third.receive("news"), {"n": 2})

    def test_close_code_is_known_once_the_server_has_closed(self) -> None:
        with SyncClient("/testcases/a", user=self.alice) as client:
            client.connection.close(4001)
        self.assertEqual(client.close_code, 4001)


class ClientTests(TestCase):
    async def test_handlers_see_the_transaction_of_the_test(self) -> None:
        alice = await User.objects.acreate(username="alice")
        async with Client("/testcases/a", user=alice) as client:
            self.assertEqual(await client.request("count"), {"users": 1, "room": "a"})
            self.assertEqual(await client.request("acount"), 1)
        self.assertEqual(await User.objects.acount(), 2)
