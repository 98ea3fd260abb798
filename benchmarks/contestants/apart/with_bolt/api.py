"""The chat, which broadcasts within its process as the documentation has it."""

from django_bolt import BoltAPI, WebSocket

api = BoltAPI()
connected_clients: set[WebSocket] = set()


@api.websocket("/ws/say")
async def say(websocket: WebSocket) -> None:
    """Broadcast what comes in, as it is."""
    await websocket.accept()
    connected_clients.add(websocket)
    try:
        async for text in websocket.iter_text():
            for client in list(connected_clients):
                await client.send_text(text)
    finally:
        connected_clients.discard(websocket)


@api.websocket("/ws/echo")
async def echo(websocket: WebSocket) -> None:
    """Answer."""
    await websocket.accept()
    async for message in websocket.iter_json():
        await websocket.send_json({"event": "echoed", "data": message["data"]})
