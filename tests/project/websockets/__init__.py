"""The WebSockets that the tests talk to, by topic."""

from . import bounds, endurance, exchanges, forms, lifecycle, logins, orm, pace, places, sending, trouble

__all__ = [
    "bounds",
    "endurance",
    "exchanges",
    "forms",
    "lifecycle",
    "logins",
    "orm",
    "pace",
    "places",
    "sending",
    "trouble",
]
