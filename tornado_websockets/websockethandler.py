"""``WebSocketHandler``, under the name it has had since 2015."""

from .tornado_bridge.handler import WebSocketHandler

__all__ = ["WebSocketHandler"]
