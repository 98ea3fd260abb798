"""The runs of all processes, in the store that they share: claimed, renewed, asked to end, released.

Each is one retained value, by its id. Values of one topic are numbered, so that of two who begin at once both know who
was first, and whoever has told the store of a run finds out whether the store was emptied since.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from math import inf
from time import sleep, time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..core.complaints import Complaints
from ..core.protocol.frames import CONTROL
from ..core.protocol.parsing import UNREADABLE, parse_foreign
from ..core.recovery.soundness import kept_values, numbered, sound_position
from ..exceptions import AlreadyRunning, StoreError
from ..people.sharing import entry_of, shared_store
from .run import Address, Told

if TYPE_CHECKING:
    from ..core.recovery.record import Event
    from .run import Run

#: Under which runs are kept; no path is called so.
JOBS: Final = "jobs"

#: The one value of a job that says which run of it is asked to end.
CANCEL: Final = "cancel"

#: The value among runs that says since when there are any, and no run's id.
FOUNDED: Final = "founded"

#: Seconds for which a store that has known of runs for no longer may not know of all.
NEW: Final = 30.0

#: Seconds after which nobody needs to know of a run any more that was not renewed.
FORGOTTEN: Final = 300.0

#: Of what makes no sense: the store may have it for long, and is looked at every few seconds.
_complaints = Complaints(3600.0, level=logging.WARNING)


class Row(NamedTuple):
    """A run, as the store has it.

    :ivar until: when it counts as dead, in seconds since the epoch.
    :ivar is_settled: whether its claim was good.
    :ivar told: the change that has made it so.
    """

    address: Address
    until: float
    is_settled: bool
    told: Told


def rows_of(values: Mapping[str, Event]) -> dict[str, Row]:
    """The runs in values of the store; what makes no sense is logged, and left out."""
    found = {}
    for id_, event in values.items():
        if id_ == FOUNDED:
            continue
        try:
            said, told = parse_foreign(event.text), Told(event.sender, event.number)
            found[id_] = Row(_address_in(said), float(said["until"]), bool(said["settled"]), told)
        except UNREADABLE as error:
            _complaints.add("row", "What the store has of a run is ignored: %.200r (%.64r)", error, id_)
    return found


def _address_in(said: Mapping[str, Any]) -> Address:
    """Which job a run is of.

    :raises ValueError: no bar is called so: neither clients nor the store could be told of it.
    """
    address = Address(str(said["path"]), str(said["name"]))
    address.topic.encode()  # there may be half of a surrogate pair
    if not address.path.startswith("/") or address.name.startswith(CONTROL) or "\0" in address.topic:
        raise ValueError(f"no bar is called {address.name!r:.64} at {address.path!r:.64}")
    return address


def claim(run: Run, lifetime: float, noticing: float) -> None:
    """Say that ``run`` begins.

    :param lifetime: seconds that it counts as alive without being renewed.
    :param noticing: seconds within which processes tell a store of their runs that was emptied; one that has known of
        any run for less than that is asked again.
    :raises AlreadyRunning: another run of its job is alive.
    :raises StoreError: the store does not answer.
    """
    store = shared_store()
    until = time() + lifetime
    entries = [_entry(run, until, False)]
    sender, number = numbered(store.ask_and_wait(store.store.publish, JOBS, uuid.uuid4().hex, entries, 0))
    try:
        values = kept_values(store.ask_and_wait(store.store.retained, JOBS))
        _refuse_second(run, number, values)
        rest = _founded(values, sender) + noticing - time() if store.store.waits else 0.0  # else it has no others
        if rest > 0:
            sleep(min(rest, noticing))
            _refuse_second(run, number, kept_values(store.ask_and_wait(store.store.retained, JOBS)))
    except BaseException:
        _forget(run)
        raise
    if run.is_abandoned:
        _forget(run)
    else:
        renew(run, lifetime)


def _forget(run: Run) -> None:
    """Take back that ``run`` begins; a store that does not answer takes it for dead after a while."""
    store = shared_store()
    with suppress(StoreError):
        store.ask_and_wait(store.store.forget, JOBS, run.id)


def _refuse_second(run: Run, number: int, values: Mapping[str, Event]) -> None:
    for id_, row in rows_of(values).items():
        is_other = id_ != run.id and row.address == run.address and row.until > time()
        if is_other and (row.is_settled or row.told.number < number):
            raise AlreadyRunning(run.address.name, run.address.path)


def _founded(values: Mapping[str, Event], sender: str) -> float:
    """Since when the store has known of runs, in seconds since the epoch; it is told where it does not know.

    :param sender: under whose name it takes what it is told now.
    """
    event = values.get(FOUNDED)
    if event is not None and event.sender == sender and (founded := _read_founded(values)) < inf:
        return founded
    store, now = shared_store(), time()
    store.ask_and_wait(store.store.publish, JOBS, uuid.uuid4().hex, [entry_of(json.dumps(now), FOUNDED)], 0)
    return now


def _read_founded(values: Mapping[str, Event]) -> float:
    """What the store says of that; infinity where it says nothing."""
    with suppress(*UNREADABLE):
        return float(parse_foreign(values[FOUNDED].text))
    return inf


def renew(run: Run, lifetime: float) -> None:
    """Say that ``run`` is alive; raises ``StoreError``."""
    store = shared_store()
    until = time() + lifetime
    told = store.ask_and_wait(store.store.publish, JOBS, uuid.uuid4().hex, [_entry(run, until, True)], 0)
    run.told = Told(*numbered(told))


def find_lost(runs: Iterable[Run]) -> list[Run]:
    """Those of ``runs`` that the store was told of, and has lost: it was emptied, or is back with what it had before.

    That is one question for all of them.

    :raises StoreError: the store does not answer.
    """
    store = shared_store()
    position = sound_position(store.ask_and_wait(store.store.lasts, [JOBS]), JOBS)
    return [run for run in runs if run.told is not None and not run.told.is_in(position)]


def release(run: Run) -> None:
    """Say that ``run`` has ended; raises ``StoreError``."""
    store = shared_store()
    if run.is_cancelled:  # before another run may begin, which may be asked to end as well
        store.ask_and_wait(store.store.forget, _orders(run.address), CANCEL)
    store.ask_and_wait(store.store.forget, JOBS, run.id)


def is_asked_to_end(run: Run) -> bool:
    """Whether somebody wants ``run`` to end; raises ``StoreError``."""
    store = shared_store()
    order = kept_values(store.ask_and_wait(store.store.retained, _orders(run.address))).get(CANCEL)
    return order is not None and order.text == _order(run.id)


async def ask_to_end(id_: str, address: Address) -> None:
    """Have the run of this id end, if it is one of that job; raises ``StoreError``.

    That the store does not know the run says little where it may have been emptied a moment ago. Then the order is
    given unless the store knows that another run of the job is alive: one for each job, so that nobody fills the store.
    """
    store = shared_store()
    values, now = kept_values(await store.ask(store.store.retained, JOBS)), time()
    rows = rows_of(values)
    alive = {name for name, row in rows.items() if row.address == address and row.is_settled and row.until > now}
    if id_ in alive or (not alive and now - _read_founded(values) < NEW):
        entry = entry_of(_order(id_), CANCEL)
        await store.ask(store.store.publish, _orders(address), uuid.uuid4().hex, [entry], 0)


def _entry(run: Run, until: float, is_settled: bool) -> object:
    said = {"path": run.address.path, "name": run.address.name, "until": until, "settled": is_settled}
    return entry_of(json.dumps(said), run.id)


def _orders(address: Address) -> str:
    """Under which it is kept that a run of a job is to end; no path is called so."""
    return f"end {address.topic}"


def _order(id_: str) -> str:
    return json.dumps({"run": id_})
