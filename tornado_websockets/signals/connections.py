"""The signals of clients that come and go."""

from typing import Final

from .loop_signal import LoopSignal

connected: Final = LoopSignal()
disconnected: Final = LoopSignal()
