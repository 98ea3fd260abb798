"""A process with all attackers, or with all of an audience, in one thread.

It is told by its standard input what to do, then with a byte each to begin, to withdraw, and to tell how it was.
"""

import json
import os
import pickle
import selectors
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict

from .attacker import Attacker
from .parties import Party, Report, tell


class Army:
    """All of them."""

    def __init__(self, parties: list[Party], port: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        self._members: list[tuple[Party, Attacker]] = []
        self.reports = [Report() for _ in parties]
        for party, report in zip(parties, self.reports, strict=True):
            self._members += [(party, Attacker(party, report, port, self._selector)) for _ in range(party.count)]

    def gather(self) -> None:
        """Return when those who are to be early are there."""
        early = [attacker for party, attacker in self._members if party.is_early]
        for attacker in early:
            attacker.start()
        while not all(attacker.is_in for attacker in early):
            if self._turn():
                sys.exit("Nobody waits for an audience any more.")

    def fight(self) -> None:
        """Wait until it is told to begin, and go on until it is told to withdraw."""
        while not self._turn():
            pass
        for party, attacker in self._members:
            attacker.listen()
            if not party.is_early:
                attacker.start()
        while not self._turn():
            now = time.monotonic()
            for party, attacker in self._members:
                if attacker.due <= now:
                    attacker.go_on()
                if attacker.is_gone and party.returns:
                    attacker.start()

    def withdraw(self) -> None:
        """Let the attackers leave, and the audience listen until all is over."""
        for party, attacker in self._members:
            attacker.end()
            if not party.is_early:
                attacker.vanish()
        while not self._turn():
            pass

    def _turn(self) -> bool:
        """Whether it was told something."""
        is_told = False
        for key, events in self._selector.select(0.02):
            if key.data is None:
                os.read(sys.stdin.fileno(), 1)
                is_told = True
            else:
                key.data.handle(events)
        return is_told


def _orders() -> Iterator[bytes]:
    """The first bytes of standard input, as many as it says."""
    size = int.from_bytes(os.read(sys.stdin.fileno(), 8), "big")
    while size:
        some = os.read(sys.stdin.fileno(), size)
        size -= len(some)
        yield some


def main() -> None:
    port, parties, niceness = pickle.loads(b"".join(_orders()))
    os.nice(niceness)
    army = Army(parties, port)
    army.gather()
    tell("ready")
    army.fight()
    army.withdraw()
    tell(json.dumps([asdict(report) for report in army.reports]))


if __name__ == "__main__":
    main()
