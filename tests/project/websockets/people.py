"""A place whose clients are spoken to by who they are."""

from tornado_websockets import Socket
from tornado_websockets.websocket import WebSocket

people = WebSocket("/people/<slug:key>", authorize=lambda socket: getattr(socket.user, "last_name", "") != "banned")


present = WebSocket("/present/<slug:key>", presence=lambda socket: {"name": socket.user.username})

counted = WebSocket("/counted/<slug:key>", presence="count")


@people.on
async def whoami(socket: Socket) -> dict[str, str]:
    return {"id": socket.id}
