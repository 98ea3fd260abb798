"""An endpoint whose events are numbered and kept."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, cast

from ..core.recovery.keeping.keeper import TopicKeeper
from ..core.recovery.keeping.kept_hub import KeptHub
from ..core.recovery.keeping.policy import Policy
from ..store.current import store_in_use
from .endpoint import Endpoint

if TYPE_CHECKING:
    from ..core.delivery.hub import Hub
    from ..paths import PathPattern


class KeptEndpoint(Endpoint):
    """A WebSocket with a history, or with values that are retained.

    :param policy: what is kept; the rest as of :class:`Endpoint`.
    """

    def __init__(self, policy: Policy, pattern: PathPattern, *arguments: Any, **options: Any) -> None:
        self._policy = policy
        super().__init__(pattern, *arguments, **options)
        self.refuse_taken("retain", policy.retain)
        self.options.update(history=policy.history or None, retain=tuple(sorted(policy.retain)) or None)

    @property
    def kept_hub(self) -> KeptHub:
        """The hub, which numbers and keeps."""
        return self._hub

    @property
    def waits_for_store(self) -> bool:
        """Whether what is kept must be waited for, as it is not in memory."""
        return store_in_use().store.waits

    @property
    def hub(self) -> Hub:
        """The same, as those see it who have no history."""
        return cast("Hub", self._hub)

    @hub.setter
    def hub(self, hub: Hub) -> None:
        if not isinstance(hub.keeper, TopicKeeper):
            hub.keeper = TopicKeeper(hub, store_in_use)
        self._hub = KeptHub(hub, hub.keeper, self._policy, is_transaction_open)


def read_policy(history: object, retain: object) -> Policy:
    """The policy that the options of a WebSocket mean.

    :raises TypeError: ``history`` is no whole number, or ``retain`` no list of names.
    :raises ValueError: ``history`` is below 0, or a name is empty.
    """
    if not isinstance(history, int) or isinstance(history, bool):
        raise TypeError(f"Expected history as a number of events, got {history!r}.")
    if history < 0:
        raise ValueError(f"Expected history as 0 or a number of events to keep, got {history!r}.")
    if isinstance(retain, str) or not isinstance(retain, Collection):
        raise TypeError(f"Expected retain as a list of names of events, got {retain!r}: write retain=('track',).")
    for name in retain:
        if not isinstance(name, str):
            raise TypeError(f"Expected retain as a list of names of events, got {name!r} in it.")
        if not name or name.startswith("tws."):
            raise ValueError(f"Expected names of the application's events in retain, got {name!r}.")
    return Policy(history, frozenset(retain))


def is_transaction_open() -> bool:
    """Whether the calling thread holds a transaction of any database."""
    if "django.db" not in sys.modules:
        return False
    from django.db import connections

    return any(connection.in_atomic_block for connection in connections.all(initialized_only=True))
