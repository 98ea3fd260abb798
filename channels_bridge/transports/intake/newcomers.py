"""Daphne reads what new clients say first in turns: it would parse a thousand handshakes in one turn of its loop."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from tornado_websockets.core.delivery.turnstile import Door

from ..recognition import NeededNames, warn_once

#: What is needed of Twisted's ports, and documented nowhere.
NEEDED: Final = NeededNames(
    "transport.doRead",
    "transport.startReading",
    "transport.stopReading",
    "transport.connected",
    "transport.disconnecting",
)


def pace_newcomers(ports: Iterable[Any], loop: asyncio.AbstractEventLoop) -> None:
    """Let those who will connect to ``ports`` be read a few in each turn of the loop, first come first served."""
    door = Door(loop)
    for port in ports:
        missing = NEEDED.missing_in(port)
        if missing is None:
            port.transport = _newcomer(port.transport, door)
        else:
            warn_once(
                f"This version of Twisted is not known: its port has no {missing}. So many clients that connect at the "
                "same moment are read in one turn of daphne's event loop, and others wait for that."
            )


def _newcomer(kind: type, door: Door) -> Any:
    """The class of a client's socket until it is read for the first time; then it is of ``kind``, Twisted's own.

    It sets no attributes, by which the ``__dict__`` of each client would grow.
    """

    class Newcomer(kind):  # type: ignore[misc]
        def doRead(self) -> Any:  # noqa: N802 Twisted's names
            """Read now, if few are to be read in this turn."""
            if door.lets_in():
                return self._come_in().doRead()
            self.stopReading()
            door.queue(self._be_read)
            return None

        def _be_read(self) -> bool:
            is_here = bool(self.connected) and not self.disconnecting
            if is_here:
                self._come_in().startReading()
            return is_here

        def _come_in(self) -> Any:
            self.__class__ = kind
            return self

    return Newcomer
