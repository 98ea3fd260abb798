"""How much the tests of endurance do, and what they hold times to: ``make soak`` asks for the long form.

The short form tries each case on one of its servers, the long form on all: see ``conftest.py``.
"""

import os

IS_LONG = bool(os.environ.get("SOAK"))

#: The factor for times in the short form: machines that run it are shared and noisy.
_TOLERANCE = 5


#: The environment of servers: the long form measures them as they are in production.
VARIABLES = {"PYTHONDEVMODE": ""} if IS_LONG else {}


def amount(short: int, long: int) -> int:
    """How many, or how long."""
    return long if IS_LONG else short


def within(seconds: float) -> float:
    """What a time is held to.

    :param seconds: the goal.
    """
    return seconds if IS_LONG else _TOLERANCE * seconds
