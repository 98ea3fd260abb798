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
from tornado_websockets.core.connections import connection
from tornado_websockets.websocket import WebSocket

ROOT = Path(__file__).parent.parent

#: What only compressed messages pass.
COMPRESSED = "rfc7692.py"

#: What is only resumed, since it awaits those who read.
RESUMED = {"channels_bridge/consumers.py": 1}


def listed(way):
    """The files in the row of ``docs/design.md`` that begins so."""
    [row] = re.findall(rf"^\| {way}.*$", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    return {name for name in re.findall(r"`([\w/]+\.py)`", row) if name != COMPRESSED}


def assert_are(files, way):
    """``files`` are those of ``way`` and no others."""
    names = listed(way)
    assert {file for file in files if not file.endswith(tuple(names))} == set()
    assert {name for name in names if not any(file.endswith(name) for file in files)} == set()


class Passed(Counter):
    """How often each file of ours is entered, from another one or from a library."""

    @contextmanager
    def noted(self):
        """Note what is passed on this thread, until :meth:`stop`, or until this is left."""
        before = sys.getprofile()
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(before)

    def stop(self):
        """What comes from now on is no part of it."""
        self._is_over = True

    _is_over = False

    def _note(self, frame, event, _):
        name = _ours(frame)
        if event == "call" and name is not None and not self._is_over:
            caller = frame.f_back
            while caller is not None and _ours(caller) is None:
                caller = caller.f_back
            if caller is None or _ours(caller) != name:
                self[name] += 1


def _ours(frame):
    name = frame.f_code.co_filename
    is_ours = name.startswith((f"{ROOT}/tornado_websockets/", f"{ROOT}/channels_bridge/"))
    return name.removeprefix(f"{ROOT}/") if is_ours else None


@pytest.fixture
def emitting():
    """What a broadcast passes, from ``emit`` until it returns."""
    return Passed()


@pytest.fixture
async def client(emitting, monkeypatch):
    """A client of uvicorn that the consumer serves, and of which it is known that its messages take little."""
    monkeypatch.setattr(connection, "UNKNOWN", 0.0)
    ws = WebSocket("/chat", add_to_handlers=False)

    @ws.on
    async def echo(data):
        return data

    @ws.on
    async def say(data):
        with emitting.noted():
            ws.emit("said", data)

    async with uvicorn_client() as client:
        client.protocol.queue.put_nowait({"type": "websocket.connect"})  # once more: who gave us the client took it
        serving = asyncio.create_task(ws.consumer()(client.scope, client.receive, client.send))
        assert b"101" in await client.read()
        yield client
        client.feed(b"\x88\x80" + bytes(4))
        await serving


async def ask(client, event, number):
    """Have an event handled, and read until its reply is there."""
    message = json.dumps({"event": event, "data": {"text": f"message {number}"}, "id": number}).encode()
    client.feed(bytes([0x81, 0x80 | len(message)]) + bytes(4) + message)
    answer = b""
    while b'"id":%d,' % number not in answer:
        answer += await client.read()
    return answer


async def test_an_echo_passes_the_files_that_are_listed_and_no_others(client, monkeypatch):
    await ask(client, "echo", 1)
    files = Passed()
    write = client.protocol.transport.write

    def write_and_stop(data):
        write(data)
        files.stop()  # it is on the wire: the rest is for the next message

    monkeypatch.setattr(client.protocol.transport, "write", write_and_stop, raising=False)
    with files.noted():
        await ask(client, "echo", 2)
    assert {name: files.pop(name) for name in RESUMED} == RESUMED
    assert_are(files, "an echo")
    assert (len(files), max(files.values())) == (9, 3)  # as that page says


async def test_a_broadcast_passes_the_files_that_are_listed_and_no_others(client, emitting):
    await ask(client, "say", 1)
    emitting.clear()
    answer = await ask(client, "say", 2)
    assert b'"event":"said"' in answer
    assert_are(emitting, "a broadcast")
    assert (len(emitting), max(emitting.values())) == (11, 1)  # as that page says
