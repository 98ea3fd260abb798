"""``TornadoWrapper`` as it was, after a test that starts it in the process of the tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from tornado_websockets.tornadowrapper import TornadoWrapper

_ATTRIBUTES = ("tornado_app", "tornado_server", "tornado_port", "_urls")


@contextmanager
def restored_wrapper() -> Iterator[type[TornadoWrapper]]:
    """Give the wrapper back its handlers and the rest of what it holds."""
    handlers = list(TornadoWrapper.handlers)
    before = {name: getattr(TornadoWrapper, name) for name in _ATTRIBUTES}
    try:
        yield TornadoWrapper
    finally:
        TornadoWrapper.handlers[:] = handlers
        for name, value in before.items():
            setattr(TornadoWrapper, name, value)
