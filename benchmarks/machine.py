"""What every measurement needs of the machine."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from . import redis
from .comparison import tell
from .redis import Redis

#: Files that a process has open besides its clients' sockets.
_SPARE_FILES = 200


@contextmanager
def prepared() -> Iterator[Redis | None]:
    """See to it that there are files enough and, if there can be one, a Redis that all servers find."""
    if sys.platform != "linux":
        sys.exit("Expected Linux, which keeps account of what processes use to the nanosecond.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that servers are stopped, too
    resource.setrlimit(resource.RLIMIT_NOFILE, (_most_files(), _most_files()))
    absence = Redis.absence()
    if absence is not None:
        tell(f"What needs Redis is left out: {absence}")
        yield None
        return
    with Redis() as own:
        os.environ[redis.VARIABLE] = own.url
        yield own


def affordable(clients: int) -> int:
    """As many clients as this process, and each server, may have sockets."""
    most = _most_files() - _SPARE_FILES
    if most < clients:
        tell(f"The largest crowd is smaller than {clients:,}: a process may have {_most_files():,} files")
    return min(clients, most)


def _most_files() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]
