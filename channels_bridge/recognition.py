"""Recognising what belongs to a server, which may never have been imported, or look different in its next version."""

import functools
import logging
import sys

logger = logging.getLogger("tornado_websockets")


def is_a(thing: object, module: str, name: str) -> bool:
    """Whether ``thing`` is of the class ``name`` in ``module``."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(thing, kind)


@functools.cache
def warn_once(text: str) -> None:
    """Log a warning, the first time that it is given."""
    logger.warning("%s", text)
