"""What a process is known by to the others, and to people."""

import os
import platform
import time
import uuid
from typing import Final

from ..core.forking import ForkGuard


class Identity:
    """The name of a process, for as long as it lives.

    :ivar started: when it was first asked for, in seconds since 1970: with the process, where it serves.
    """

    def __init__(self) -> None:
        self._forget()
        self._fork = ForkGuard(self._forget)

    def _forget(self) -> None:
        """Be another one, as a forked process must."""
        self._id = uuid.uuid4().hex
        self.started = time.time()

    @property
    def id(self) -> str:
        """Unique, hexadecimal."""
        self._fork.check()
        return self._id

    @property
    def name(self) -> str:
        """``host:pid``, for people."""
        return f"{platform.node() or 'localhost'}:{os.getpid()}"


#: That of this process.
identity: Final = Identity()
