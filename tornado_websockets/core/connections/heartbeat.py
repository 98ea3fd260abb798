"""Whether a client is still there: it answers pings."""

import asyncio
from collections.abc import Callable

#: Seconds for an answer that has come, but could not be read before: a handler may just have let the server read on.
GRACE = 0.5


class Heartbeat:
    """Pings a client now and then, and gives it up when it does not answer, whatever else it sends.

    Used on its event loop's thread only.

    :param ping: sends a ping.
    :param give_up: ends the connection.
    :param is_reading: whether an answer would be read. While a handler keeps the server from reading, none is missed.
    :param interval: seconds from one answer to the next ping; with 0 there are none.
    :param timeout: seconds for the answer; with 0 nobody is given up.
    """

    __slots__ = ("_give_up", "_interval", "_is_reading", "_is_waiting", "_ping", "_timeout", "_timer")

    def __init__(
        self,
        ping: Callable[[], None],
        give_up: Callable[[], None],
        is_reading: Callable[[], bool],
        *,
        interval: float,
        timeout: float,
    ) -> None:
        self._ping = ping
        self._give_up = give_up
        self._is_reading = is_reading
        self._interval = interval
        self._timeout = timeout
        self._is_waiting = False
        self._timer: asyncio.TimerHandle | None = None
        self._rest()

    def answered(self) -> None:
        """A pong came."""
        if self._is_waiting:
            self.stop()
            self._rest()

    def stop(self) -> None:
        """The connection has ended."""
        self._is_waiting = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rest(self) -> None:
        if self._interval > 0:
            self._timer = asyncio.get_running_loop().call_later(self._interval, self._beat)

    def _beat(self) -> None:
        self._ping()
        if self._timeout > 0:
            self._is_waiting = True
            self._wait()
        else:
            self._rest()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._timeout, self._look)

    def _look(self) -> None:
        if self._is_reading():
            self._timer = asyncio.get_running_loop().call_later(GRACE, self._look_again)
        else:
            self._wait()

    def _look_again(self) -> None:
        if self._is_reading():
            self._is_waiting = False
            self._give_up()
        else:
            self._wait()
