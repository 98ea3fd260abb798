"""Python's garbage collector: a full collection walks through all of Django, and everybody waits meanwhile."""

import functools
import gc


@functools.cache
def spare_what_is_there() -> None:
    """Freeze what is there when a server begins to serve, so that the collector passes over it: it stays anyway.

    Once in a process, whatever servers it starts later: of what is frozen nothing is ever freed.
    """
    gc.collect()
    gc.freeze()
