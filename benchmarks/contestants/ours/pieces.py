"""A program: what small pieces of work take, without servers or lines.

``python -m benchmarks.contestants.ours.pieces MEASUREMENT`` prints figures as JSON.
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from itertools import repeat
from statistics import median
from types import ModuleType
from typing import Any

from benchmarks.client.lines import RECORDS
from benchmarks.usage import memory_bytes
from benchmarks.workloads.programs import ADDED, MEMORY_OF_HISTORY, PER_FRAME, PER_SAVE, QUERIES

#: Turns of which the median is taken, and how often something is done in each.
TURNS = 9
TIMES = 300

#: Rows of a table that make 3.7 kB of JSON.
ROWS = 38

#: Paths whose histories are kept, the events of each, and the text of one.
PATHS = 1_000
EVENTS = 100
TEXT = "x" * 150


def microseconds(once: Callable[[], Any]) -> float:
    """CPU time of each."""
    started = time.process_time()
    for _ in repeat(None, TIMES):
        once()
    return (time.process_time() - started) / TIMES * 1e6


def read() -> dict[str, float]:
    """Read a frame of 3.7 kB, as an application reads it."""
    import tornado_websockets.encoding  # noqa: F401 which has msgspec read what is long
    from tornado_websockets.core.protocol.frames import Frame, decode
    from tornado_websockets.core.protocol.limits import Limits

    text = json.dumps({"event": "save", "data": {"rows": RECORDS[0]["rows"][:ROWS]}})
    limits = Limits()
    if not isinstance(decode(text, limits), Frame):
        raise TypeError("Expected a frame.")
    return {PER_FRAME: median(microseconds(lambda: decode(text, limits)) for _ in range(TURNS))}


def read_by_python() -> dict[str, float]:
    """Read it where msgspec is not installed."""
    sys.modules["msgspec"] = None  # type: ignore[assignment]  # which import takes for absent
    return read()


def save() -> dict[str, float]:
    """Save rows that a WebSocket follows whom nobody hears, and others, in turns."""
    set_up()
    from django.db import connection, models
    from django.test.utils import CaptureQueriesContext

    from tornado_websockets.websocket import WebSocket

    def table(name: str) -> type[models.Model]:
        meta = type("Meta", (), {"app_label": "pieces"})
        content = {"__module__": __name__, "Meta": meta, "text": models.TextField(), "number": models.IntegerField()}
        return type(name, (models.Model,), content)

    tables = table("Followed"), table("Other")
    WebSocket("/rows").follow(tables[0], data=("id", "text", "number"))
    with connection.schema_editor() as editor:
        for each in tables:
            editor.create_model(each)
    followed, other = (each(text="hello", number=7) for each in tables)
    taken = [(microseconds(followed.save), microseconds(other.save)) for _ in range(TURNS)]
    queries = []
    for row in (followed, other):
        with CaptureQueriesContext(connection) as captured:
            row.save()
        queries.append(len(captured))
    return {
        ADDED: median(mine - others for mine, others in taken),
        PER_SAVE: median(others for _, others in taken),
        QUERIES: queries[0] - queries[1],
    }


def keep() -> dict[str, float]:
    """Keep the histories of many paths in memory."""
    set_up()
    from tornado_websockets.websocket import WebSocket

    ws = WebSocket("/kept/<int:room>", history=EVENTS)

    async def publish() -> float:
        await ws.publish("said", {"text": TEXT, "number": 0}, room=PATHS)
        before = collected()
        for room in range(PATHS):
            for number in range(EVENTS):
                await ws.publish("said", {"text": TEXT, "number": number}, room=room)
        return (collected() - before) / 1024 / 1024

    return {MEMORY_OF_HISTORY: asyncio.run(publish())}


def collected() -> int:
    """Bytes of this process, without garbage."""
    gc.collect()
    return memory_bytes([os.getpid()])


def set_up() -> None:
    """Have a Django with a database in memory."""
    import django
    from django.conf import settings

    urls: Any = ModuleType("urls")
    urls.urlpatterns = []
    sys.modules["urls"] = urls
    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.configure(INSTALLED_APPS=["tornado_websockets"], ROOT_URLCONF="urls", DATABASES=databases)
    django.setup()


MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = {
    "read": read,
    "read by Python": read_by_python,
    "save": save,
    "keep": keep,
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(MEASUREMENTS[sys.argv[1]]()))
