"""webrockets, as its README has it: plain handlers, and what Rust broadcasts."""

import json
import sys
from typing import Any

from webrockets import WebsocketServer

server = WebsocketServer(host="127.0.0.1", port=int(sys.argv[1]))
chat = server.create_route("ws/say/", "chat")
echoes = server.create_route("ws/echo/", "echo")


@chat.receive
def say(conn: Any, data: str) -> None:
    """Broadcast what comes in, as it is."""
    conn.broadcast(["chat"], data)


@echoes.receive
def echo(conn: Any, data: str) -> None:
    """Answer."""
    conn.send(json.dumps({"event": "echoed", "data": json.loads(data)["data"]}))


server.start()
