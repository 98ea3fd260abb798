"""What the data of an event are to be, and how that is written down for others.

A handler's annotation of ``data`` becomes a :class:`Type`, which validates what comes; :func:`register` lets a project
add kinds of its own.
"""

from .protocol import Type, invalid
from .registry import register

__all__ = ["Type", "invalid", "register"]
