"""What a client says to each kind of server, so that all are asked for the same."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: What a message may carry.
Data = dict[str, Any]

#: What is broadcast and echoed: a line of chat.
DATA: Data = {
    "text": "The quick brown fox jumps over the lazy dog, and then again, as foxes do, until the dog is awake."
}


@dataclass(frozen=True)
class Dialect:
    """How to ask for an event.

    ``path`` to connect to, in which ``{event}`` stands for the event where a connection serves only one; ``encode``
    turns event and data into a message; each of ``greetings`` is sent after one message of the server has come;
    ``headers`` of the handshake that not every client sends.
    """

    path: str
    encode: Callable[[str, Data], Any]
    prefix: str = ""
    greetings: tuple[bytes, ...] = ()
    greeted_by: int = 0
    headers: str = ""

    def message(self, event: str, data: Data | None = None) -> bytes:
        """The text that asks for ``event``."""
        encoded = self.encode(event, DATA if data is None else data)
        return (self.prefix + json.dumps(encoded, separators=(",", ":"))).encode()


#: What a browser offers, and does when the server agrees.
COMPRESSION = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

#: Ours, the old package's, and that of whoever has no conventions.
EVENTS = Dialect("/ws/chat", lambda event, data: {"event": event, "data": data})

#: The same for servers that read no message: the path says what to do with it.
PATHS = Dialect("/ws/{event}", EVENTS.encode)

#: Socket.IO 5 over Engine.IO 4, both of which greet: https://socket.io/docs/v4/socket-io-protocol/
SOCKETIO = Dialect(
    "/socket.io/?EIO=4&transport=websocket",
    lambda event, data: [event, data],
    prefix="42",
    greetings=(b"40",),
    greeted_by=2,
)

#: chanx, which calls an event an action.
ACTIONS = Dialect("/ws/chat", lambda event, data: {"action": event, "payload": data})
