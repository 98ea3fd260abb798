"""What is another process to those who tell each other of their people."""

from typing import Any

from channels_bridge.relay.publisher import Relay
from tornado_websockets.core.delivery.hub import Hub
from tornado_websockets.core.protocol.frames import Encoder
from tornado_websockets.people.presence import Presence
from tornado_websockets.people.sharing import SharingPace
from tornado_websockets.websocket import WebSocket, endpoint_of


def process_at(path: str, seen: Any, pace: SharingPace, *, is_connected: bool = True) -> WebSocket:
    """A WebSocket at ``path`` with a hub of its own, as in another process.

    :param seen: what others see of a client.
    :param is_connected: whether it has a relay of its own, too.
    """
    ws, hub = WebSocket(path, add_to_handlers=False, presence=seen), Hub()
    endpoint = endpoint_of(ws)
    endpoint.hub = hub
    if is_connected:
        hub.publisher = Relay(hub, Encoder())
    presence = Presence(ws.path, seen, sharing=pace)
    endpoint.observers = [each for each in endpoint.observers if each is not endpoint.presence] + [presence]
    endpoint.presence = presence
    return ws
