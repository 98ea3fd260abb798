"""Whose handler is running."""

import os
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connection import Connection

#: The connection whose handler is running. It follows into the tasks and asgiref threads that the handler starts.
current: ContextVar["Connection | None"] = ContextVar("tornado_websockets.connection", default=None)


def sender_to(path: str) -> "Connection | str":
    """Whose turn it takes to send something to ``path`` now, and in whose order it stays.

    That is the connection whose handler is running; elsewhere it is the path, so that all who send there keep the order
    in which they do.
    """
    running = current.get()
    return path if running is None else running


if hasattr(os, "register_at_fork"):  # the handler that runs is the parent's
    os.register_at_fork(after_in_child=partial(current.set, None))
