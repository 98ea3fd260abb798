"""Who takes part: how its server is started, and how one talks to it."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import redis
from .client.dialects import Dialect
from .processes import ROOT, Command, Server


@dataclass(frozen=True)
class Contestant:
    """A kind of server.

    ``name`` is for the table; ``modules`` must be installed; ``absence`` tells why it can not take part otherwise.
    """

    name: str
    command: Command
    dialect: Dialect
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    directory: Path = ROOT
    modules: tuple[str, ...] = ()
    absence: Callable[[], str | None] = lambda: None

    def serve(self) -> Server:
        """Start a server of this kind."""
        return Server(self.command, self.environment, self.directory)

    def why_absent(self) -> str | None:
        """Why it can not take part here, if so."""
        missing = [module for module in self.modules if importlib.util.find_spec(module) is None]
        if missing:
            return f"{', '.join(missing)} is not installed"
        if self.environment.get("BENCHMARK_LAYER") in {"core", "pubsub"} and redis.VARIABLE not in os.environ:
            return "there is no Redis"
        return self.absence()
