"""Hello and welcome on every server."""

import json
from pathlib import Path

from tests.support.asgi import Server
from tests.support.cluster import servers_on, two_of
from tests.support.process import run_python
from tests.support.redis import RedisServer


async def test_who_was_away_is_told_what_it_missed(server: Server, key: str) -> None:
    path = f"/kept/{key}"
    stays, leaves = await server.connect(path), await server.connect(path)
    await leaves.emit("tws.hello", {"since": None})
    welcome = (await leaves.receive())["data"]
    await leaves.close()
    await stays.request("say", {"n": 1})
    await stays.request("play", {"n": 2})
    back = await server.connect(path)
    assert (await back.receive()) == {"event": "track", "data": {"n": 2}}
    await back.emit("tws.hello", {"since": welcome["at"], "ids": [welcome["id"]]})
    answer = await back.receive()
    assert (answer["event"], answer["data"]["recovered"]) == ("tws.welcome", True)
    assert [(event["event"], event["data"]) for event in answer["data"]["events"]] == [
        ("said", {"n": 1}),
        ("track", {"n": 2}),
    ]


async def test_a_hello_passes_a_handler_that_runs(server: Server, key: str) -> None:
    client = await server.connect(f"/kept/{key}")
    await client.emit("wait", {"seconds": 2.5}, id=1)
    await client.emit("tws.hello", {"since": None}, id=2)
    assert (await client.receive())["event"] == "tws.welcome"
    assert (await client.receive())["id"] == 2
    assert (await client.receive())["id"] == 1


async def test_what_a_thread_sends_keeps_its_order(server: Server, key: str) -> None:
    path = f"/kept/{key}"
    client, other = await server.connect(path), await server.connect(path)
    await client.emit("say_in_a_thread", {"count": 300}, id=1)
    frames = [await client.receive() for _ in range(601)]
    assert [(frame["event"], frame["data"].get("n")) for frame in frames[:-1]] == [
        (event, number) for number in range(300) for event in ("said", "noted")
    ]
    assert [(await other.receive())["data"]["n"] for _ in range(300)] == list(range(300))


PUBLISH = """
import django
django.setup()
from tests.project.websockets.kept import kept
for number in range(3):
    kept.publish("said", {{"n": 10 + number}}, room={room!r})
kept.publish("track", {{"n": 20}}, room={room!r})
"""


async def test_processes_that_share_a_store_recover_what_any_has_sent(
    redis: RedisServer, database: Path, tmp_path: Path, key: str
) -> None:
    settings = json.dumps({"STORE": redis.url, "NAMESPACE": key})
    with servers_on(redis, database, tmp_path) as servers:
        async with two_of(servers, "core", redis, "uvicorn", TEST_TORNADO_WEBSOCKETS=settings) as cluster:
            path = f"/kept/{key}"
            stays, leaves = await cluster.here.connect(path), await cluster.here.connect(path)
            await leaves.emit("tws.hello", {"since": None})
            since = (await leaves.expect("tws.welcome"))["at"]
            await leaves.close()
            await stays.request("say", {"n": 1})
            await run_python("-c", PUBLISH.format(room=key), **cluster.variables)
            assert [frame["data"]["n"] for frame in [await stays.receive() for _ in range(4)]] == [10, 11, 12, 20]
            back = await cluster.there.connect(path)
            assert await back.expect("track") == {"n": 20}
            await back.emit("tws.hello", {"since": since})
            welcome = await back.expect("tws.welcome")
            assert welcome["recovered"] is True
            assert [event["data"]["n"] for event in welcome["events"]] == [1, 10, 11, 12, 20]


GREENLETS = """
from gevent import monkey; monkey.patch_all()
import gevent, time
import django; django.setup()
from tests.project.websockets.kept import kept
from tornado_websockets.store.current import store_in_use
def publish():
    for number in range(20):
        kept.publish("said", {{"n": number}}, room={room!r})
started = time.monotonic()
gevent.joinall([gevent.spawn(publish) for _ in range(5)], raise_error=True)
assert time.monotonic() - started < 10
print(len(store_in_use().store.read("/kept/{room}").senders), kept.position(room={room!r}) != "")
kept.forget(None, room={room!r})
"""


async def test_what_greenlets_publish_is_kept(redis: RedisServer, key: str) -> None:
    settings = json.dumps({"STORE": redis.url, "NAMESPACE": key})
    variables = {"TEST_REDIS": redis.url, "TEST_LAYER": "core", "TEST_TORNADO_WEBSOCKETS": settings}
    output = await run_python("-c", GREENLETS.format(room=key), **variables)
    assert output.splitlines()[-1] == "1 True"
