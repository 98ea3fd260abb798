"""The consumers of Channels' tutorial, made faster by one thing: a text is encoded once, not by every receiver."""

import json
import time
from typing import Any

from asgiref.sync import async_to_sync
from channels.generic.websocket import AsyncJsonWebsocketConsumer, JsonWebsocketConsumer

from benchmarks.contestants.reporting import report


def said(data: dict[str, Any]) -> dict[str, Any]:
    """The message to the group."""
    return {"type": "said", "text": json.dumps({"event": "said", "data": data})}


class AsyncChat(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Async."""

    groups = ("chat",)

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        if content["event"] == "say":
            await self.channel_layer.group_send("chat", said(content["data"]))
        else:
            await self.send_json({"event": "echoed", "data": content["data"]})

    async def said(self, message: dict[str, Any]) -> None:
        await self.send(message["text"])


class SyncChat(JsonWebsocketConsumer):  # type: ignore[misc]
    """Sync."""

    groups = ("chat",)

    def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        event, data = content["event"], content["data"]
        if event == "say":
            async_to_sync(self.channel_layer.group_send)("chat", said(data))
        elif event == "emit_many":
            self._emit_many(data)
        else:
            time.sleep(data.get("seconds", 0))
            self.send_json({"event": "echoed", "data": data})

    def said(self, message: dict[str, Any]) -> None:
        self.send(message["text"])

    def _emit_many(self, data: dict[str, Any]) -> None:
        start = time.thread_time()
        for _ in range(data["count"]):
            async_to_sync(self.channel_layer.group_send)("chat", said(data))
        report("microseconds", (time.thread_time() - start) / data["count"] * 1e6)
