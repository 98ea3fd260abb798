"""The files that a message passes are those of which docs/design.md tells."""

import asyncio
import json
import re
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.protocols import uvicorn_client
from tornado_websockets.websocket import WebSocket

ROOT = Path(__file__).parent.parent

#: What a test that calls the consumer does not pass, and what only compressed messages do.
ELSEWHERE = {"channels_bridge/asgi.py", "rfc7692.py"}


def listed(way):
    """The files in the row of ``docs/design.md`` that begins so."""
    [row] = re.findall(rf"^\| {way}.*$", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    return set(re.findall(r"`([\w/]+\.py)`", row))


@contextmanager
def entered(files):
    """Count in ``files`` how often each of ours is called from another one, on this thread."""

    def ours(frame):
        name = frame.f_code.co_filename
        is_ours = name.startswith((f"{ROOT}/tornado_websockets/", f"{ROOT}/channels_bridge/"))
        return name.removeprefix(f"{ROOT}/") if is_ours else None

    def note(frame, event, _):
        name = ours(frame)
        if event == "call" and name is not None:
            caller = frame.f_back
            while caller is not None and ours(caller) is None:
                caller = caller.f_back
            if caller is None or ours(caller) != name:
                files[name] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


@pytest.fixture
async def client():
    """A client of uvicorn that the consumer serves, with an echo."""
    ws = WebSocket("/chat", add_to_handlers=False)

    @ws.on
    async def echo(data):
        return data

    async with uvicorn_client() as client:
        client.protocol.queue.put_nowait({"type": "websocket.connect"})  # once more: who gave us the client took it
        serving = asyncio.create_task(ws.consumer()(client.scope, client.receive, client.send))
        assert b"101" in await client.read()
        yield client
        client.feed(b"\x88\x80" + bytes(4))
        await serving


async def test_an_echo_passes_the_files_that_are_listed_and_no_others(client):
    answers, files = b"", Counter()

    async def ask(number):
        nonlocal answers
        message = json.dumps({"event": "echo", "data": {"text": "the way of an echo"}, "id": number}).encode()
        client.feed(bytes([0x81, 0x80 | len(message)]) + bytes(4) + message)
        while b'"id":%d,' % number not in answers:
            answers += await client.read()

    await ask(1)
    with entered(files):
        await ask(2)
    names = listed("an echo") - ELSEWHERE
    assert {file for file in files if not file.endswith(tuple(names))} == set()
    assert {name for name in names if not any(file.endswith(name) for file in files)} == set()
    assert (len(files), sum(files.values())) == (10, 18)  # as that page says
