"""Clients for the tests of an application; they need no server.

::

    async with Client("/chat", user=alice) as client:
        await client.emit("message", {"text": "hi"})
        assert (await client.receive("message"))["text"] == "hi"

:class:`SyncClient` is the same without ``async``, for a plain ``TestCase``.
"""

from ..exceptions import RequestRefused
from .client import Client, ConnectionRefused
from .sync import SyncClient

__all__ = ["Client", "ConnectionRefused", "RequestRefused", "SyncClient"]
