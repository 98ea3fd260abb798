"""Nothing imports this but the discovery at start-up."""

from tornado_websockets.websocket import WebSocket

found = WebSocket("/found")


@found.on
def give() -> bool:
    return True
