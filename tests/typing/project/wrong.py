"""What a type checker finds before a client does: each line that says so, and no other."""

from tornado_websockets import Socket
from tornado_websockets.testing import SyncClient
from tornado_websockets.websocket import WebSocket

chat = WebSocket("/chat", history="all")  # wrong
room = WebSocket(7)  # wrong
both = WebSocket("/both", lambda socket: True)  # wrong


@chat.on
def say(socket: Socket) -> None:
    socket.emit("said", [1, 2])  # wrong
    socket.emitt("said")  # wrong
    socket.close("later")  # wrong


chat.publish(7)  # wrong
chat.publish("said", on_commit="no")  # wrong

with SyncClient("/chat") as client:
    client.emit(None)  # wrong
