"""What clients may ask for later: kept in memory, in Redis, in the database, or in a store of your own."""

from ..core.recovery.record import Entry, Event, Record, Retention, Standing, shared_sender
from ..core.recovery.store import Store

__all__ = ["Entry", "Event", "Record", "Retention", "Standing", "Store", "shared_sender"]
