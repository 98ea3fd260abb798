"""Whose handler is running."""

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connection import Connection

#: The connection whose handler is running. It follows into the tasks and asgiref threads that the handler starts.
current: ContextVar["Connection | None"] = ContextVar("tornado_websockets.connection", default=None)
