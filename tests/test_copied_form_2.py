from tests.support.asgi import Server


async def test_a_reply_comes_back(server: Server) -> None:
    client = await server.connect("/control")
    assert await client.request("echo", {"n": 1}) == {"n": 1}
