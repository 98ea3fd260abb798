"""What has happened in this process, in numbers."""

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Counters:
    """Totals since the process started, except ``connections`` and ``handlers_running``, as of now."""

    connections: int = 0
    connections_opened: int = 0
    connections_refused: int = 0
    messages_in: int = 0
    messages_out: int = 0
    messages_refused: int = 0
    #: Texts that waited for a client when it was given up or left.
    messages_dropped: int = 0
    #: Texts that other processes did not get, and texts of theirs that did not get here.
    messages_unsent: int = 0
    messages_lost: int = 0
    slow_clients_closed: int = 0
    handlers_running: int = 0
    handler_errors: int = 0
    handler_seconds: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """The numbers by name."""
        return asdict(self)


#: The counters of this process. Threads may lose an increment to each other; nothing else depends on them.
counters = Counters()
