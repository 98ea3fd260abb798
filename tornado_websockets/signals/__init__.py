"""Django signals for what happens to clients and their events; whoever listens to none pays nothing for them.

Receivers are plain functions, called on the event loop, so they must be quick: what may block belongs in a task or a
thread. What one raises is logged by Django. A receiver that is connected with ``sender=ws`` hears of that WebSocket
alone.

:data:`connected`
    A client has connected, and its ``open`` handler has not run yet. Arguments: ``socket``.

:data:`disconnected`
    It has gone, and its ``close`` handler has not run yet. Arguments: ``socket``.

:data:`event_handled`
    A handler has ended, one of ``open`` and ``close`` too; a generator, with its last part. Arguments: ``socket``;
    ``event``, its name; ``duration`` in seconds, waiting for a thread included; ``outcome``: ``"handled"``,
    ``"refused"``, ``"failed"`` or ``"cancelled"``.

:data:`event_refused`
    An event was refused, by us or by its handler. Arguments: ``socket``; ``event``, its name, or ``None`` where it was
    not read; ``code``, the one that the client is told.
"""

from .connections import connected, disconnected
from .events import event_handled, event_refused

__all__ = ["connected", "disconnected", "event_handled", "event_refused"]
