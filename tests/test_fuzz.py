"""Whatever a client sends, its connection lives and the server complains of nothing.

``FUZZ_FRAMES`` in the environment says how many frames each connection sends, ``FUZZ_SEED`` which ones: others on each
server, since it is the same code that reads them.
"""

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.asgi import Server
from tornado_websockets.conf import DEFAULTS
from tornado_websockets.core.connections.connection import Connection
from tornado_websockets.websocket import WebSocket

FRAMES = int(os.environ.get("FUZZ_FRAMES", "1750"))
SEED = int(os.environ.get("FUZZ_SEED", "2017"))

#: Frames between two looks at whether the connection lives.
BATCH = 250

#: Seconds for a long form.
TIMEOUT = 60 + FRAMES // 50

NAMES = [
    *("echo", "aecho", "give", "open", "close", "emit", "dispatcher", "__class__", "__init__", "_fire", "warning"),
    *("reply", "module_x_init", "module_x_open", "Echo", "echo ", "eche\u0301", "\N{GRINNING FACE}", ""),
]
ATOMS: list[Any] = [
    *(None, True, False, 0, -1, 2**63, -(2**64), 10**400, 0.1, -0.0, 1e308),
    *("", "a", "</script>", "\0", "\u2028"),
]
SCRAPS = [
    *("{", "}", "[", "]", '"', ":", ",", "\\", " ", "\0", "\ufeff"),
    *("NaN", "Infinity", "null", "1e999", "\\ud800"),
]


def value(dice: random.Random, depth: int = 0) -> Any:
    """Anything that JSON can hold."""
    kind = dice.randrange(8) if depth < 6 else 0
    if kind < 5:
        return dice.choice(ATOMS)
    if kind < 6:
        return dice.choice(NAMES) * dice.randrange(3)
    if kind < 7:
        return [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {dice.choice(NAMES): value(dice, depth + 1) for _ in range(dice.randrange(4))}


def frame(dice: random.Random) -> dict[str, Any]:
    """An object that looks like a frame."""
    data = value(dice) if dice.random() < 0.3 else {dice.choice(NAMES): value(dice, 1)}
    fields = {"event": dice.choice(NAMES), "data": data, "id": dice.choice([None, 1, "a", value(dice)])}
    for name in list(fields):
        if dice.random() < 0.1:
            del fields[name]
        elif dice.random() < 0.1:
            fields[name] = value(dice)
    return fields


def plain(dice: random.Random) -> str:
    return json.dumps(frame(dice), ensure_ascii=dice.random() < 0.5)


def damaged(dice: random.Random) -> str:
    """A frame, of which a part was cut out, doubled or replaced."""
    text = plain(dice)
    start = dice.randrange(len(text))
    end = min(len(text), start + dice.randrange(6))
    return text[:start] + dice.choice(["", text[start:end] * 2, dice.choice(SCRAPS)]) + text[end:]


def nested(dice: random.Random) -> str:
    depth = dice.choice([10, 63, 64, 65, 500, 5_000])
    opening, closing = dice.choice([("[", "]"), ('{"a":', "}"), ('[{"data":', "}]")])
    inside = opening * depth + "1" + closing * depth
    return dice.choice([inside, inside[:-1], f'{{"event":"echo","id":1,"data":{{"x":{inside}}}}}'])


def scraps(dice: random.Random) -> str:
    return "".join(dice.choice(SCRAPS + NAMES) for _ in range(dice.randrange(30)))


def text(dice: random.Random) -> str:
    """Any text that UTF-8 can hold."""
    limits = (dice.choice([0x80, 0x110000]) for _ in range(dice.randrange(60)))
    return "".join(chr(dice.randrange(limit)) for limit in limits)


def binary(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(200))


def long(dice: random.Random) -> str:
    return json.dumps({"event": dice.choice(NAMES) * dice.randrange(10_000), "id": "i" * dice.randrange(1_000)})


def padded(dice: random.Random) -> str:
    """A frame that is long enough to be decoded as long ones are, with what is looked for in them."""
    bait = dice.choice(["[" * 70, "e999", "1" * 250, "\\ud83d\\ude00", "\\\\ud83d", "\\ud83d", '\\"[{', "NaN"])
    number = dice.choice(["1e300", "1e999", "1" * 400, "1" * 400 + ".0", "NaN", "-0.0", "[{}]"])
    filling = bait * (5_000 // len(bait))
    return f'{{"event":"{dice.choice(NAMES)}","data":{{"a":"{filling}","b":[{number}]}},"id":{dice.randrange(9)}}}'


KINDS: list[Callable[[random.Random], str | bytes]] = [
    *(plain, plain, plain, damaged, damaged, nested, scraps, text, binary, long, padded),
]


def messages(count: int, server: Server) -> list[str | bytes]:
    """The same ones for the same seed and kind of server."""
    dice = random.Random(f"{SEED} {server.kind}")
    made = (dice.choice(KINDS)(dice) for _ in range(count))
    return [one.encode(errors="replace").decode() if isinstance(one, str) else one for one in made]


@pytest.mark.timeout(TIMEOUT)
async def test_fuzzed_frames_close_no_connection_and_raise_nothing(server: Server) -> None:
    client = await server.connect("/wire")
    pile = messages(FRAMES, server)
    for start in range(0, FRAMES, BATCH):
        for message in pile[start : start + BATCH]:
            await client.send(message)
        for reply in await client.settle():
            assert set(reply) in ({"event", "data"}, {"event", "id", "data"}, {"event", "id", "error"})
    assert server.log.count("The handler of") == 0


async def test_fuzzed_frames_reach_no_handler_with_wrong_types(server: Server) -> None:
    client = await server.connect("/typed")
    for message in messages(1_000, server):
        await client.send(message)
    await client.settle()
    assert await client.request("wrong") == 0


async def test_forged_events_of_a_connection_or_a_module_call_no_handler(server: Server, key: str) -> None:
    client = await server.connect(f"/forged/{key}")
    forged = ["open", "close", "module_x_open", "module_x_close"]
    for event in forged:
        await client.emit(event)
        await client.emit(event, {"key": key, "socket": 1, "self": 1}, id=event)
    refusals = await client.settle()
    assert [frame["data"]["code"] for frame in refusals if "id" not in frame] == ["reserved_event"] * len(forged)
    assert [frame["error"]["code"] for frame in refusals if "id" in frame] == ["reserved_event"] * len(forged)
    assert server.log.notes(key) == ["open module_x"]
    await client.close()
    assert await server.log.wait_for_notes(key, 2) == ["open module_x", "close module_x"]


async def test_private_names_are_no_events(server: Server) -> None:
    client = await server.connect("/typed")
    names = sorted({*dir(Connection), *dir(WebSocket), *dir(WebSocket("/unserved", add_to_handlers=False)), "consumer"})
    for name in names:
        await client.emit(name, {"callback": "print"})
    codes = {frame["data"]["code"] for frame in await client.settle()}
    assert codes == {"unknown_event", "reserved_event"}  # "open" and "close"
    assert await client.request("wrong") == 0


async def test_names_of_a_megabyte_are_dealt_with_like_short_ones(server: Server) -> None:
    client, name = await server.connect("/wire"), "n" * (DEFAULTS["MAX_MESSAGE_BYTES"] - 100)
    await client.emit(name)
    warning = await client.expect("warning")
    assert warning["code"] == "unknown_event"
    assert len(warning["message"]) < 100
    await client.emit("echo", {name: 1})
    assert await client.expect("echo") == {name: 1}
    await client.emit("give", {"back": 1}, id=name)
    assert (await client.expect("warning"))["code"] == "invalid_data"
    await client.send(json.dumps({name: 1}))
    assert (await client.expect("warning"))["code"] == "missing_event"
