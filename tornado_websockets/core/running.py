"""Whose handler is running."""

import asyncio
import os
import threading
from collections.abc import Hashable
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connection import Connection

#: The connection whose handler is running. It follows into the tasks and asgiref threads that the handler starts.
current: ContextVar["Connection | None"] = ContextVar("tornado_websockets.connection", default=None)


def sender() -> Hashable:
    """Whose turn it takes to send something now, in whose order it stays: the connection whose handler is running.

    Elsewhere it is the task, or the thread, that sends.
    """
    running = current.get()
    if running is not None:
        return running
    try:
        return asyncio.current_task()
    except RuntimeError:
        return threading.get_ident()


if hasattr(os, "register_at_fork"):  # the handler that runs is the parent's
    os.register_at_fork(after_in_child=partial(current.set, None))
