"""To whom? Users and connections that are named, sent to, thrown out and asked again."""

from typing import Any, Final

#: Stands for an argument that was not given; ``None`` is none that may be.
NOT_GIVEN: Final[Any] = object()
