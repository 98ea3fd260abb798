"""A page wants a run to end: where it goes on here, or in another process that shares the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ..core.protocol.frames import Code
from ..exceptions import Refused, StoreError
from ..people.sharing import is_shared
from .register import ask_to_end
from .run import Address, runs

if TYPE_CHECKING:
    from ..core.delivery.hub import Hub

#: The code of a refusal where nobody can tell the run.
UNAVAILABLE: Final = "unavailable"

#: Characters of a run's id, which the store may have to keep.
LONGEST_ID: Final = 32


async def cancel(hub: Hub, address: Address, data: Mapping[str, Any]) -> None:
    """End the run that ``data`` name, if it is one of that job; no other.

    For one that has ended, or never was, that is no error: whoever has clicked late has what they wanted.

    :raises Refused: they name none (``invalid_data``), or it may go on in a process that cannot be told
        (``unavailable``).
    """
    id_ = data.get("run")
    if not isinstance(id_, str) or len(id_) > LONGEST_ID:
        raise Refused(Code.INVALID_DATA, "Expected the id of a run, as init tells it, as 'run'.")
    if runs.cancel(id_, address):
        return
    if not is_shared():
        if hub.publisher is None:  # there are no other processes
            return
        raise Refused(UNAVAILABLE, "The job is not one of this process, and the processes share no store.")
    try:
        await ask_to_end(id_, address)
    except StoreError as error:
        raise Refused(UNAVAILABLE, "The store does not answer, so the job cannot be told.") from error
