"""Ready-made conversations for a WebSocket."""

from .module import Module
from .progressbar import ProgressBar

__all__ = ["Module", "ProgressBar"]
