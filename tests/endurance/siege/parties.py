"""What attackers are told to do, as it is handed to the process that does it, and what that tells of it."""

import sys
from dataclasses import dataclass, field
from typing import Literal

#: A close frame with the code 1000.
CLOSE_FRAME = b"\x88\x82\0\0\0\0\x03\xe8"

#: With a close frame, with a reset, or with the end of the stream alone.
Manner = Literal["close", "reset", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Clients that do the same, each on a connection of its own.

    :ivar path: with the query, without ``/ws``.
    :ivar head: of a request, which they send instead of a handshake.
    :ivar load: frames that each of them sends, ``times`` times, or without end.
    :ivar asks: whether they send it again only when they have heard something.
    :ivar is_early: they are there before it begins, as an audience is; they send nothing.
    :ivar haste: seconds after their handshake when they begin to send; ``None``: once it is answered. With none, both
        come in one piece.
    :ivar reads: whether they take what the server sends.
    :ivar counts: whether they look for numbers, as :func:`loads.numbered` makes them, and see to their order.
    :ivar buffer: bytes that the kernel takes for one that does not read.
    :ivar stays: seconds until each leaves that has sent all; ``None``: until all are called back.
    :ivar returns: whether those who have left come again.
    """

    count: int
    path: str = ""
    head: bytes = b""
    load: bytes = field(default=b"", repr=False)
    times: int | None = None
    asks: bool = False
    is_early: bool = False
    haste: float | None = None
    reads: bool = True
    counts: bool = False
    buffer: int | None = None
    stays: float | None = None
    returns: bool = False
    leaves: Manner = "reset"
    address: str = "127.0.0.1"


@dataclass(slots=True)
class Report:
    """What one party tells when it is back.

    :ivar closed: by the server, by close code; 1006 where there was none.
    :ivar silence: seconds for which one that reads heard nothing while it went on, the longest time.
    :ivar left: when the last one left, by the clock that all processes share.
    :ivar numbers: heard, and how often one did not follow the one before.
    """

    connected: int = 0
    refused: int = 0
    sent: int = 0
    received: int = 0
    closed: dict[str, int] = field(default_factory=dict)
    silence: float = 0.0
    left: float = 0.0
    numbers: int = 0
    breaks: int = 0


def tell(line: str) -> None:
    """Say this to the test that started the process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
