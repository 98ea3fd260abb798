"""The chat."""

from typing import Any

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer

from benchmarks.compared.projects.journal import note, slow_query


class Chat(AsyncJsonWebsocketConsumer):
    """A consumer of one group."""

    groups = ("chat",)

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        event, data = content["event"], content["data"]
        if event == "say":
            await self.channel_layer.group_send("chat", {"type": "chat.said", "text": data["text"]})
        elif event == "echo":
            await self.send_json({"event": "echoed", "data": data})
        elif event == "sleep":
            await database_sync_to_async(slow_query)(data["seconds"])
            await self.send_json({"event": "slept", "data": {}})
        elif event == "whoami":
            await self.send_json({"event": "me", "data": {"name": self.scope["user"].get_username()}})

    async def disconnect(self, _: int) -> None:
        note("gone")

    async def chat_said(self, message: dict[str, Any]) -> None:
        await self.send_json({"event": "said", "data": {"text": message["text"]}})


def publish(text: str) -> None:
    """Broadcast from outside of a consumer."""
    async_to_sync(get_channel_layer().group_send)("chat", {"type": "chat.said", "text": text})
