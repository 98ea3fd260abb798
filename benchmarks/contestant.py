"""Who takes part: how its server is started, and how one talks to it."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import redis
from .client.dialects import Dialect
from .processes import PATIENCE, ROOT, Command, Server


@dataclass(frozen=True)
class Contestant:
    """A kind of server.

    ``name`` is for the table; ``modules`` must be installed; ``absence`` tells why it can not take part otherwise;
    ``patience`` is for the seconds that it takes to start; ``is_apart`` says that ``absence`` makes an environment.
    """

    name: str
    command: Command
    dialect: Dialect
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    directory: Path = ROOT
    modules: tuple[str, ...] = ()
    absence: Callable[[], str | None] = lambda: None
    patience: float = PATIENCE
    is_apart: bool = False

    def serve(self) -> Server:
        """Start a server of this kind."""
        return Server(self.command, self.environment, self.directory, self.patience)

    def why_absent(self) -> str | None:
        """Why it can not take part here, if so."""
        is_with_redis = self.environment.get("BENCHMARK_LAYER") in {"core", "pubsub"}
        needed = (*self.modules, "channels_redis") if is_with_redis else self.modules
        missing = [module for module in needed if importlib.util.find_spec(module) is None]
        if missing:
            return f"{', '.join(missing)} is not installed"
        if is_with_redis and redis.VARIABLE not in os.environ:
            return "there is no Redis"
        return self.absence()
