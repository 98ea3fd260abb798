"""Hello and welcome on every server."""

from tests.support.asgi import Server


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
