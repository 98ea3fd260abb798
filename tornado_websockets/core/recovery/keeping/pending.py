"""An event on its way to the store and to other processes."""

from concurrent.futures import Future
from dataclasses import dataclass

from ...delivery.keeper import Place
from ...delivery.message import Message
from ..record import Entry


@dataclass(slots=True, eq=False)
class Pending:
    """An event of this process that the store, or the layer, has not got yet.

    :ivar place: ``None`` until the store has numbered it.
    :ivar outcome: ``None`` where nobody wants to know it.
    :ivar due: when the layer gets it in any case, and ``expires`` when the store need not have it any more.
    :ivar is_told: whether the layer has been given it.
    :ivar error: why the layer did not take it.
    :ivar in_haste: whether nobody may wait for the store; ``has_failed`` whether it was asked in vain.
    :ivar is_refused: whether the outcome is that neither the store nor the layer has taken it.
    """

    message: Message
    entry: Entry
    outcome: "Future[None] | None"
    due: float
    expires: float
    in_haste: bool = False
    place: Place | None = None
    is_told: bool = False
    error: BaseException | None = None
    has_failed: bool = False
    is_refused: bool = False
