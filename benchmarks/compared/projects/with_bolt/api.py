"""The chat, which broadcasts within its process as the documentation has it, and publishes there too."""

from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django_bolt import BoltAPI, WebSocket

from benchmarks.compared.projects.journal import note, slow_query
from benchmarks.compared.projects.site.sessions import name_of

api = BoltAPI()
connected_clients: set[WebSocket] = set()


async def broadcast(text: str) -> None:
    """To all clients of this process."""
    for client in list(connected_clients):
        await client.send_json({"type": "said", "text": text})


async def answer(websocket: WebSocket, name: str, data: dict[str, Any]) -> None:
    """Answer one message."""
    event = data.pop("type")
    if event == "say":
        await broadcast(data["text"])
    elif event == "echo":
        await websocket.send_json({"type": "echoed", **data})
    elif event == "sleep":
        await sync_to_async(slow_query)(data["seconds"])
        await websocket.send_json({"type": "slept"})
    elif event == "whoami":
        await websocket.send_json({"type": "me", "name": name})


@api.websocket("/ws/chat")
async def chat(websocket: WebSocket) -> None:
    """Answer until the client goes."""
    name = await sync_to_async(name_of)(websocket.cookies.get("sessionid"))
    await websocket.accept()
    connected_clients.add(websocket)
    try:
        async for data in websocket.iter_json():
            await answer(websocket, name, data)
    finally:
        connected_clients.discard(websocket)
        note("gone")


@api.get("/publish")
async def publish(text: str) -> dict[str, bool]:
    """Broadcast from outside of the WebSocket."""
    await broadcast(text)
    return {"ok": True}


def roll_back_now() -> None:
    """A transaction that is undone."""
    with transaction.atomic():
        transaction.set_rollback(True)


@api.get("/rollback")
async def roll_back(text: str) -> dict[str, bool]:
    """The same, with a transaction that is undone: atomic() is not for async code."""
    await broadcast(text)
    await sync_to_async(roll_back_now)()
    return {"ok": True}
