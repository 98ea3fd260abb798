"""An ASGI function that does nothing but what it must: the floor on an ASGI server."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]

_clients: set[Callable[[Message], Awaitable[None]]] = set()


def answer(text: str) -> str:
    """The event that answers an event."""
    return json.dumps({"event": "echoed", "data": json.loads(text)["data"]})


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Broadcast what comes in on ``/ws/say`` as it is, answer what comes in on ``/ws/echo``, give back the rest."""
    event = scope["path"].removeprefix("/ws/")
    await receive()
    await send({"type": "websocket.accept"})
    _clients.add(send)
    while (message := await receive())["type"] == "websocket.receive":
        text = message["text"]
        if event == "say":
            for client in list(_clients):
                await client({"type": "websocket.send", "text": text})
        else:
            await send({"type": "websocket.send", "text": answer(text) if event == "echo" else text})
    _clients.discard(send)
