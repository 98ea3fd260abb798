"""``TornadoWrapper``, under the name it has had since 2015."""

from .tornado_bridge.server import TornadoWrapper

__all__ = ["TornadoWrapper"]
