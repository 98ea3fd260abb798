"""The newest values of retained events: told to whoever connects, and the same for everybody in the end."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from ....exceptions import StoreError
from ...delivery.hub import Hub, Placed
from ...delivery.message import Message
from ...tasks import keep
from ..reads import Reads
from ..record import Event
from ..soundness import is_event
from ..store import Asked
from .journal import Journal
from .placing import audience_of


@dataclass(frozen=True, slots=True)
class ValueTiming:
    """When the store is asked for values, in seconds.

    :ivar patience: that whoever connects waits for it.
    :ivar settling: after which values of several senders are compared with what the store has kept.
    :ivar tries: how often that is tried, ``settling`` seconds apart.
    """

    patience: float = 0.25
    settling: float = 2.0
    tries: int = 4


class Values:
    """Keeps the retained values that journals know in line with the store.

    :param hub: whose clients are told of them.
    :param reads: asks the store.
    """

    def __init__(self, hub: Hub, reads: Reads, timing: ValueTiming = ValueTiming()) -> None:
        self._hub = hub
        self._reads = reads
        self.timing = timing
        self._comparing: dict[Journal, asyncio.AbstractEventLoop] = {}
        self._contested: set[Journal] = set()  # since the store was asked last

    async def refresh(self, journal: Journal, asked: Asked) -> None:
        """Ask the store for the values of now; where it does not answer in time, those that are known stay."""
        try:
            async with asyncio.timeout(self.timing.patience):
                await self._ask(journal, asked)
        except (TimeoutError, StoreError):
            pass

    async def _ask(self, journal: Journal, asked: Asked) -> None:
        with journal.lock:
            changes, under_way = journal.changes, journal.under_way()
        values = await self._reads.retained(asked, journal.topic)
        with journal.lock:
            journal.take_values(sound_values(values, journal), changes, under_way)

    def compare_later(self, journal: Journal, asked: Asked) -> None:
        """See to it that the clients here were told last what the store has kept. On an event loop.

        Several senders have set a value, or something was lost on the way. Where no other process sees the store, it
        knows nothing better than what was told.
        """
        if not journal.policy.retain or asked.retain is not None:
            return
        with journal.lock:
            self._contested.add(journal)
            loop = self._comparing.get(journal)
            if loop is not None and not loop.is_closed():
                return
            loop = self._comparing[journal] = asyncio.get_running_loop()
        keep(loop.create_task(self._compare(journal, asked)))

    async def _compare(self, journal: Journal, asked: Asked) -> None:
        tries, is_settled = self.timing.tries, False
        try:
            while tries and not is_settled:
                await asyncio.sleep(self.timing.settling)
                self._contested.discard(journal)
                try:
                    await self._ask(journal, asked)
                except StoreError:  # which is logged
                    tries -= 1
                    continue
                with journal.lock:
                    in_line = self._tell(journal)
                    is_settled = not journal.queue and journal not in self._contested
                    if is_settled:
                        del self._comparing[journal]
                self._hub.push_on(in_line)
                tries -= bool(journal.queue)
        finally:
            if not is_settled:
                self._comparing.pop(journal, None)
                self._contested.discard(journal)

    def _tell(self, journal: Journal) -> Placed:
        return [
            each
            for name, event in journal.untold_values()
            for each in self._hub.place(Message(journal.topic, name, event.text, None, audience_of(event.audience)))
        ]


def sound_values(values: object, journal: Journal) -> Mapping[str, Event]:
    """Of what a store has given, what can be told to clients."""
    if not isinstance(values, Mapping):
        return {}
    return {
        name: event
        for name, event in values.items()
        if name in journal.policy.retain and is_event(event) and _is_plain(event)
    }


def _is_plain(event: Event) -> bool:
    try:
        audience = audience_of(event.audience)
    except ValueError:
        return False
    return audience is None or not audience.is_narrow
