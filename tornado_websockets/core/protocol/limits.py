"""What one client may ask of us, and how a rate counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may ask of us; the settings of the same names, in capitals, say what is configured.

    :ivar max_message_bytes: of UTF-8 in one of its messages. Above 1 MiB, or a twentieth above this, it is closed.
    :ivar max_depth: of arrays and objects within one another in a message, which itself counts.
    :ivar max_containers: arrays and objects in a message, which itself counts.
    :ivar max_outbox_bytes: that may wait to be sent to it before it is closed with 4008.
    :ivar outbox_timeout: seconds that it may take none of them before it is closed with 4008.
    :ivar max_messages_per_second: more are refused; ``None`` for any number.
    :ivar max_streams: replies in parts that it may be sent at a time.
    :ivar max_connections: at a time; ``None`` for any number.
    :ivar max_connections_per_address: at a time, from its address; ``None`` for any number.
    """

    max_message_bytes: int = 1_000_000
    max_depth: int = 64
    max_containers: int = 50_000
    max_outbox_bytes: int = 8 * 1024 * 1024
    outbox_timeout: float = 10.0
    max_messages_per_second: float | None = None
    max_streams: int = 8
    max_connections: int | None = None
    max_connections_per_address: int | None = None


class Rate:
    """So many a second.

    :param burst: how many at a time; by default a second's worth.
    """

    __slots__ = ("_left", "_most", "_per_second", "_since")

    def __init__(self, per_second: float, now: float, burst: float = 0.0) -> None:
        self._per_second = per_second
        self._left = self._most = max(1.0, burst or per_second)
        self._since = now

    def take(self, now: float) -> bool:
        """Whether one more is within the rate.

        :param now: seconds, of a clock that never goes back.
        """
        grown = self._left + (now - self._since) * self._per_second
        self._left = min(self._most, grown)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
