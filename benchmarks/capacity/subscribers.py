"""What Redis' pub/sub takes of Redis, with subscribers that are nothing but sockets."""

import socket
from contextlib import ExitStack

from ..redis import Redis
from ..usage import cpu_seconds

_CHANNEL = b"benchmark"

#: As long as what carries a line of chat from process to process.
_MESSAGE = b"x" * 300

#: Subscribers, where it is the question what one more costs.
_MANY = 33


def publishing_costs(redis: Redis, seconds: float) -> tuple[float, float]:
    """Microseconds of Redis for a message with one subscriber, and for each subscriber more."""
    one, many = _publishing(redis, 1, seconds), _publishing(redis, _MANY, seconds)
    return one, (many - one) / (_MANY - 1)


def _publishing(redis: Redis, subscribers: int, seconds: float) -> float:
    command = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(_CHANNEL), _CHANNEL, len(_MESSAGE), _MESSAGE)
    with ExitStack() as stack:
        publisher = stack.enter_context(redis.connect())
        listeners = [stack.enter_context(redis.connect()) for _ in range(subscribers)]
        for listener in listeners:
            listener.sendall(b"SUBSCRIBE %b\r\n" % _CHANNEL)
            listener.recv(1 << 16)
        start, used, done = cpu_seconds([redis.pid]), 0.0, 0
        while used < seconds:
            publisher.sendall(command)
            publisher.recv(1 << 16)
            for listener in listeners:
                _read(listener)
            done += 1
            used = cpu_seconds([redis.pid]) - start
        return used / done * 1e6


def _read(listener: socket.socket) -> None:
    """Take one message."""
    missing = len(_MESSAGE)
    while missing > 0:
        missing -= len(listener.recv(1 << 16))
