"""A bare Tornado handler: the floor on Tornado."""

import asyncio
import sys

from tornado.web import Application
from tornado.websocket import WebSocketHandler

from .bare_asgi import answer

_clients: set[WebSocketHandler] = set()


class Chat(WebSocketHandler):
    """Broadcasts what comes in on ``/ws/say`` as it is, answers the rest."""

    def open(self) -> None:
        self.is_broadcasting = self.request.path == "/ws/say"
        _clients.add(self)

    def on_message(self, message: str | bytes) -> None:
        if self.is_broadcasting:
            for client in _clients:
                client.write_message(message)
        else:
            self.write_message(answer(str(message)))

    def on_close(self) -> None:
        _clients.discard(self)

    def data_received(self, chunk: bytes) -> None:
        """Nothing is uploaded."""


async def main(port: int) -> None:
    """Serve for ever."""
    Application([("/ws/.*", Chat)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
