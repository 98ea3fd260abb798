"""Stacks of a server, as py-spy has sampled them -> how many were in which layer."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

KERNEL: Final = "kernel"
LOOP: Final = "event loop"
SERVER: Final = "server"
APPLICATION: Final = "handler, or bare function"
OTHERS: Final = "Python, Django, Channels"

#: Ours are called as they are.
LAYERS: Final = (KERNEL, LOOP, SERVER, "channels_bridge", "tornado_websockets", APPLICATION, OTHERS)

#: Where a server waits for something to do, which is no work.
_WAITING: Final = frozenset({"epoll_pwait", "epoll_wait", "select"})

#: By the first directory of a Python file.
_PACKAGES: Final = {
    "asyncio": LOOP,
    "uvloop": LOOP,
    "uvicorn": SERVER,
    "websockets": SERVER,
    "httptools": SERVER,
    "autobahn": SERVER,
    "daphne": SERVER,
    "twisted": SERVER,
    "channels_bridge": "channels_bridge",
    "tornado_websockets": "tornado_websockets",
    "benchmarks": APPLICATION,
}

_FRAME: Final = re.compile(r"(?P<name>.*) \((?P<file>.*?)(?::\d+)?\)")


@dataclass(frozen=True, slots=True)
class Frame:
    """A function that was running.

    :ivar file: of Python code relative to where it is imported from; else that of C, or the library.
    """

    name: str
    file: str

    @property
    def is_python(self) -> bool:
        """Whether it is written in Python."""
        return self.file.endswith(".py")

    @property
    def is_system_call(self) -> bool:
        """Whether the kernel works, and not the C library."""
        return self.file.startswith("libc") and self.name.strip("_") in _CALLS

    @property
    def is_of_loop(self) -> bool:
        """Whether it is C of uvloop, or of the library below it."""
        return self.name.startswith(("uv_", "uv__", "UV")) or "uvloop" in self.file or "uvloop" in self.name


#: The system calls of a server.
_CALLS: Final = frozenset(
    {
        "accept4",
        "clock_gettime",
        "close",
        "epoll_ctl",
        "getpeername",
        "getsockname",
        "getsockopt",
        "ioctl",
        "read",
        "recv",
        "recvfrom",
        "send",
        "sendmsg",
        "sendto",
        "setsockopt",
        "shutdown",
        "write",
        "writev",
    }
)


def by_layer(raw: Iterable[str]) -> Counter[str]:
    """Samples of each layer.

    A sample belongs to the kernel during a system call, else to the function of Python that was running, with the C
    that it has called; but for that of the event loop.

    :param raw: lines of ``py-spy record --format raw --native``.
    """
    found: Counter[str] = Counter()
    for line in raw:
        stack, _, count = line.rpartition(" ")
        frames = list(_frames(stack))
        if frames and frames[0].name.strip("_") not in _WAITING:
            found[_layer_of(frames)] += int(count)
    return found


def _frames(stack: str) -> Iterator[Frame]:
    """From the innermost on."""
    for text in reversed(stack.split(";")):
        match = _FRAME.fullmatch(text)
        yield Frame(match["name"], match["file"]) if match else Frame(text, "")


def _layer_of(frames: Iterable[Frame]) -> str:
    for frame in frames:
        if frame.is_system_call:
            return KERNEL
        if frame.is_python:
            return _PACKAGES.get(frame.file.split("/")[0], OTHERS)
        if frame.is_of_loop:
            return LOOP
    return OTHERS
