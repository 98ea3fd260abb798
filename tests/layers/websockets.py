"""What the trials talk to."""

from typing import Any

from tornado_websockets.websocket import WebSocket

urlpatterns: list[Any] = []

plain = WebSocket("/plain")
kept = WebSocket("/kept", history=1_000)
crowd = WebSocket("/crowd", presence=lambda socket: {})


@plain.on
async def say(data: dict[str, Any]) -> None:
    plain.emit("said", data)


@plain.on
async def burst(data: dict[str, Any]) -> None:
    for number in range(data["count"]):
        plain.emit("said", {"n": number})


@kept.on_event("say")
async def keep(data: dict[str, Any]) -> None:
    kept.emit("said", data)


@kept.on
async def dismiss(data: dict[str, Any]) -> None:
    kept.to(connection=data["id"]).disconnect()
