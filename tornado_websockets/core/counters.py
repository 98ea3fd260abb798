"""What has happened in this process, in numbers."""

from dataclasses import asdict, dataclass, fields

from .forking import after_fork


@dataclass(slots=True, weakref_slot=True)
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
    #: Texts of this process that the channel layer refused, or did not confirm in time: other processes missed them,
    #: but for the few of the second kind that the layer delivers all the same.
    messages_unsent: int = 0
    #: Texts of other processes that clients here missed, each counted once however many clients there are. They show
    #: as gaps in the numbers when the next text of the same sender for the same path arrives, so this includes what
    #: the sender has counted as unsent: the two are not to be added up. What follows the last text that arrives here,
    #: or comes before the first one, shows nowhere but at the sender.
    messages_lost: int = 0
    #: Messages of the channel layer that were dropped because they cannot be read, or something in them is wrong. If
    #: another process of ours has sent one, what was in it shows in ``messages_lost`` as well.
    messages_invalid: int = 0
    slow_clients_closed: int = 0
    #: Clients that were cut off for frames that carry nothing.
    flooding_clients_closed: int = 0
    #: Clients that were told all that they had missed, and those that were told that it is not all there any more.
    recoveries: int = 0
    recoveries_failed: int = 0
    handlers_running: int = 0
    handler_errors: int = 0
    handler_seconds: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """The numbers by name."""
        return asdict(self)

    def forget(self) -> None:
        """Start from nothing, as a forked process must: what happened before, happened to its parent."""
        for field in fields(self):
            setattr(self, field.name, field.default)


#: The counters of this process. Threads may lose an increment to each other; nothing else depends on them.
counters = Counters()

after_fork(counters.forget)
