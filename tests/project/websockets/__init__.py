"""The WebSockets that the tests talk to, by topic."""

from . import bounds, exchanges, forms, lifecycle, logins, orm, pace, places, sending, trouble

__all__ = ["bounds", "exchanges", "forms", "lifecycle", "logins", "orm", "pace", "places", "sending", "trouble"]
