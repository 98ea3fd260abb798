"""Daphne reads what new clients say first in turns: it would parse a thousand handshakes in one turn of its loop."""

import asyncio
import functools
from collections.abc import Iterable
from typing import Any, Final

from tornado_websockets.core.delivery.turnstile import Door

from ..recognition import NeededNames, warn_once

#: What is needed of Twisted's ports, and documented nowhere.
NEEDED: Final = NeededNames(
    "transport.doRead", "transport.startReading", "transport.stopReading", "transport.connected"
)


def pace_newcomers(ports: Iterable[Any], loop: asyncio.AbstractEventLoop) -> None:
    """Let those who will connect to ``ports`` be read a few in each turn of the loop, first come first served."""
    door = Door(loop)
    for port in ports:
        missing = NEEDED.missing_in(port)
        if missing is None:
            port.transport = functools.partial(_newcomer(port.transport), door)
        else:
            warn_once(
                f"This version of Twisted is not known: its port has no {missing}. So many clients that connect at the "
                "same moment are read in one turn of daphne's event loop, and others wait for that."
            )


@functools.cache
def _newcomer(kind: type) -> Any:
    """The class of a client's socket until it is read for the first time; then it is of ``kind``, Twisted's own."""

    class Newcomer(kind):  # type: ignore[misc]
        def __init__(self, door: Door, *arguments: Any) -> None:
            self.bridge_door = door
            super().__init__(*arguments)

        def doRead(self) -> Any:  # noqa: N802 Twisted's names
            """Read now, if few are to be read in this turn."""
            if self.bridge_door.lets_in():
                return self._come_in().doRead()
            self.stopReading()
            self.bridge_door.queue(self._be_read)
            return None

        def _be_read(self) -> bool:
            is_here: bool = bool(self.connected)
            if is_here:
                self._come_in().startReading()
            return is_here

        def _come_in(self) -> Any:
            del self.bridge_door
            self.__class__ = kind
            return self

    return Newcomer
