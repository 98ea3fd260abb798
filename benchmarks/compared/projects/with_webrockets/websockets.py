"""The chat."""

import json
from typing import Any

from webrockets import Match
from webrockets.django import server
from webrockets.django.auth import SessionAuthentication

from benchmarks.compared.projects.journal import note, slow_query

from .publishing import publish

chat = server.create_route("ws/chat/", "chat", authentication_classes=[SessionAuthentication()])


@chat.receive(match=Match("type", "say"))
def say(_: Any, data: str) -> None:
    """Broadcast."""
    publish(json.loads(data)["text"])


@chat.receive(match=Match("type", "echo"))
def echo(conn: Any, data: str) -> None:
    """Answer."""
    conn.send(json.dumps({**json.loads(data), "type": "echoed"}))


@chat.receive(match=Match("type", "sleep"))
def sleep(conn: Any, data: str) -> None:
    """Answer late."""
    slow_query(json.loads(data)["seconds"])
    conn.send(json.dumps({"type": "slept"}))


@chat.receive(match=Match("type", "whoami"))
def whoami(conn: Any, _: str) -> None:
    """Answer with the name."""
    conn.send(json.dumps({"type": "me", "name": conn.user.get_username()}))


@chat.disconnect
def on_disconnect(_: Any, code: int | None = None, reason: str | None = None) -> None:  # noqa: ARG001 it is given them
    """Tell that a client has gone."""
    note("gone")
