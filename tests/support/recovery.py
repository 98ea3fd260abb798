"""Two processes, their clients and a layer that loses and repeats, as far as recovery goes, on a real store.

The store and the decisions are the real ones. What will carry events between processes is here a list of each
process, from which a test delivers, loses and repeats what it likes.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import count

from tornado_websockets.core.recovery.gap import Known, missed_since, position_of
from tornado_websockets.core.recovery.position import furthest
from tornado_websockets.core.recovery.record import Entry, Event
from tornado_websockets.core.recovery.store import Store

TOPIC = "/room/a"

_names = count(1)


@dataclass(eq=False)
class Client:
    """A page: where it stands, and what it must have heard by now to be told that nothing is missing.

    :ivar since: ``None`` until it has been told where it stands.
    :ivar base: of each sender, the last number that it need not have heard.
    """

    since: dict[str, int] | None = None
    base: dict[str, int] = field(default_factory=dict)
    heard: set[tuple[str, int]] = field(default_factory=set)
    process: "Process | None" = None

    def hear(self, event: Event) -> None:
        """Take an event that comes live, unless it has come with a recovery."""
        assert self.since is not None
        if event.number > self.since.get(event.sender, 0):
            assert (event.sender, event.number) not in self.heard, f"{event} came twice"
            self.heard.add((event.sender, event.number))
            self.since[event.sender] = event.number


class Process:
    """Sends under a name of its own, and hears the others."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.name = f"P{next(_names)}"
        self.clients: list[Client] = []
        self.inbound: list[Event] = []
        self.unstored: list[Event] = []
        self.number = 0
        # What this process has not sent, it counts from where the topic stood when it came in.
        self.lasts = dict(world.store.read(TOPIC).position)
        self.events: list[Event] = []

    @property
    def known(self) -> Known:
        return Known({name: last for name, last in self.lasts.items() if name in self.world.senders}, self.events)

    def send(self) -> None:
        """Number an event, and give it to the clients here; the store and the layer come later."""
        self.number += 1
        event = Event(self.name, self.number, f"{self.name}.{self.number}")
        self.world.senders.add(self.name)
        self.unstored.append(event)
        self.show(event)
        self.world.send_to_others(event, self)

    def show(self, event: Event) -> None:
        """Deliver to the clients here what follows the last number of its sender."""
        self.lasts[event.sender] = event.number
        self.events = [*self.events, event][-self.world.remembered :]
        for client in self.clients:
            client.hear(event)

    def take(self, event: Event) -> None:
        """Hear an event of another process; what is missing before it is read from the store, or told as a gap."""
        last = self.lasts.get(event.sender, 0)
        if event.number <= last:
            return
        record = self.world.store.read(TOPIC)
        stored = {each.number: each for each in record.events if each.sender == event.sender}
        between = range(last + 1, event.number)
        if all(number in stored for number in between):
            for number in between:
                self.show(stored[number])
        else:
            for client in self.clients:  # which read their data again
                client.base[event.sender] = max(event.number - 1, client.base.get(event.sender, 0))
        self.show(event)

    def append(self) -> None:
        """Have the store keep what it was not told yet."""
        if self.unstored:
            entries = [Entry(event.text) for event in self.unstored]
            self.world.store.append(TOPIC, self.name, self.unstored[0].number, entries, self.world.keep)
            self.world.note_stored(self.name, self.unstored[-1].number)

    def welcome(self, client: Client) -> bool:
        """Connect a client, and tell it what it has missed; whether that was all."""
        record = self.world.store.read(TOPIC)
        known = self.known
        missed = None if client.since is None else missed_since(client.since, record, known)
        position = position_of(record, known)
        self.clients.append(client)
        client.process = self
        if missed is None or client.since is None:
            client.since, client.heard = position, set()  # it reads its data anew
            client.base = {**self.world.stored}
            for sender, number in position.items():
                client.base[sender] = max(number, client.base.get(sender, 0))
            return False
        for event in missed:
            assert (event.sender, event.number) not in client.heard, f"{event} was recovered, and had come before"
            client.heard.add((event.sender, event.number))
        # Also by what it was told, since the position does not name senders that the store has forgotten.
        told = {event.sender: event.number for event in missed}
        client.since = furthest(furthest(client.since, position), told)
        return True


class World:
    """Everything of one topic.

    :param keep: events that the store keeps, and ``remembered`` those that a process does.
    """

    def __init__(self, store: Store, keep: int = 8, remembered: int = 4) -> None:
        self.store = store
        self.keep = keep
        self.remembered = remembered
        self.stored: defaultdict[str, int] = defaultdict(int)
        self.senders: set[str] = set()
        self.processes = [Process(self), Process(self)]
        self.clients = [Client(), Client(), Client()]

    def send_to_others(self, event: Event, sender: Process | None) -> None:
        for process in self.processes:
            if process is not sender:
                process.inbound.append(event)

    def note_stored(self, sender: str, last: int) -> None:
        self.stored[sender] = max(self.stored[sender], last)

    def publish(self, token: str, count: int) -> None:
        """Send from a process without clients, which has its numbers of the store."""
        entries = [Entry(f"{token}.{number}") for number in range(count)]
        sender, first = self.store.publish(TOPIC, token, entries, self.keep)
        self.senders.add(sender)
        self.note_stored(sender, first + count - 1)
        for number, entry in enumerate(entries, first):
            self.send_to_others(Event(sender, number, entry.text), None)

    def visit(self) -> None:
        """Send once from a process that is never seen again."""
        name = f"V{next(_names)}"
        self.senders.add(name)
        self.store.append(TOPIC, name, 1, [Entry(name)], self.keep)
        self.note_stored(name, 1)
        self.send_to_others(Event(name, 1, name), None)

    def kill(self, index: int) -> None:
        """End a process, with what it had not stored, and start another in its place."""
        for client in self.processes[index].clients:
            client.process = None
        self.processes[index] = Process(self)

    def cut(self, client: Client) -> None:
        if client.process is not None:
            client.process.clients.remove(client)
            client.process = None

    def missing(self, client: Client, process: Process) -> set[tuple[str, int]]:
        """What a client has not heard, of all that the store was told, and its process knows."""
        lasts = furthest(self.stored, process.known.lasts)
        owed = {
            (sender, number)
            for sender, last in lasts.items()
            for number in range(client.base.get(sender, 0) + 1, last + 1)
        }
        return owed - client.heard
