"""The garbage collector of Python, which walks through all of Django again and again, while everybody waits."""

import gc


def spare_what_is_there() -> None:
    """Have it pass over what there is by now, when a server begins to serve: that stays anyway."""
    gc.collect()
    gc.freeze()
