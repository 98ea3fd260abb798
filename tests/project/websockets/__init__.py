"""The WebSockets that the tests talk to, by topic."""

from importlib import import_module
from pkgutil import iter_modules

from tests.project.settings import IS_LEAN

#: Those whose types and tokens are of other packages.
_HEAVY = {"tokens", "typed"}

for module in iter_modules(__path__):
    if not (IS_LEAN and module.name in _HEAVY):
        import_module(f"{__name__}.{module.name}")
