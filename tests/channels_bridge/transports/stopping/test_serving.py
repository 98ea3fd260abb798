"""A stop is taken part in as early as the server can be told; ``tests/test_stopping.py`` has what comes of it."""

import json

from tests.support.process import run_python

#: Uvicorn is given the application itself, as its worker for gunicorn does it: imported before there is a loop.
SCRIPT = """
import asyncio, signal, httpx, uvicorn
from tests.project.asgi import application

async def main():
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as http:
        for number in (None, signal.SIGTERM):
            if number is not None:
                signal.raise_signal(number)
            print("status", (await http.get("/ready")).status_code, server.should_exit)
    await asyncio.sleep(1.1)  # sooner, it would be the same signal, said twice
    signal.raise_signal(signal.SIGINT)
    await serving

signal.signal(signal.SIGTERM, lambda number, frame: print("handed on"))
asyncio.run(main())
"""


async def test_an_application_that_was_made_before_the_loop_takes_part_from_its_first_request_on() -> None:
    output = await run_python("-c", SCRIPT, TEST_TORNADO_WEBSOCKETS=json.dumps({"STOP_DELAY": 600}), PYTHONDEVMODE="")
    found = [line for line in output.splitlines() if line.startswith(("status", "handed"))]
    assert found == ["status 200 False", "status 503 False", "handed on"]
