"""A stop is taken part in as early as the server can be told; ``tests/test_stopping.py`` has what comes of it."""

import json

from tests.support.process import run_python

#: Uvicorn is given the application itself, as its worker for gunicorn does it: imported before there is a loop.
SCRIPT = """
import asyncio, signal, httpx, uvicorn
from websockets.asyncio.client import connect
from tests.project.asgi import application

async def main():
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    await stop(server, f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    await serving

signal.signal(signal.SIGTERM, lambda number, frame: print("handed on"))
asyncio.run(main())
"""

BY_SIGNALS = """
async def stop(server, where):
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://{where}") as http:
        print("status", (await http.get("/ready")).status_code, server.should_exit)
        signal.raise_signal(signal.SIGTERM)
        print("status", (await http.get("/ready")).status_code, server.should_exit)
    await asyncio.sleep(1.1)  # sooner, it would be the same signal, said twice
    signal.raise_signal(signal.SIGINT)
"""

BY_HAND = """
async def stop(server, where):
    async with connect(f"ws://{where}/ws/shift/by-hand", proxy=None) as client:
        await client.send('{"event": "awork", "data": {"seconds": 300}}')
        await client.recv()
        server.config.timeout_graceful_shutdown = 1
        server.should_exit = True
        await client.wait_closed()
        print("status", client.close_code)
"""


async def lines(stop: str, **settings: object) -> list[str]:
    """What such a process prints of its stop."""
    variables = {"TEST_TORNADO_WEBSOCKETS": json.dumps(settings), "PYTHONDEVMODE": ""}
    output = await run_python("-c", stop + SCRIPT, **variables)
    return [line for line in output.splitlines() if line.startswith(("status", "handed", "note"))]


async def test_an_application_that_was_made_before_the_loop_takes_part_from_its_first_request_on() -> None:
    assert await lines(BY_SIGNALS, STOP_DELAY=600) == ["status 200 False", "status 503 False", "handed on"]


async def test_a_stop_that_no_signal_has_begun_is_noticed_and_handlers_get_the_time_that_uvicorn_was_told() -> None:
    assert await lines(BY_HAND) == ["status 1012", "note by-hand close"]
