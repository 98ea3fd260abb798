"""The signals of clients that come and go."""

from typing import Final

from django.dispatch import Signal

connected: Final = Signal()
disconnected: Final = Signal()
