"""``Fragment``: a template that is rendered once for all who hear of it, and where a page puts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation

#: The event by which pages get one.
HTML: Final = "tws.html"

#: Takes the target away; what is rendered does not matter.
DELETE: Final = "delete"

#: Where a fragment goes, by the names that htmx has for it.
SWAPS: Final = ("innerHTML", "outerHTML", "beforebegin", "afterbegin", "beforeend", "afterend", DELETE)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a page.

    :param target: a CSS selector.
    :param template: its name, or several of which the first that exists is taken; ``None`` where ``swap`` is
        ``"delete"``.
    :param context: of the template.
    :param swap: one of :data:`SWAPS`.
    :param language: its code; ``None`` for ``LANGUAGE_CODE``.
    :raises TypeError: one of them is of another type.
    :raises ValueError: ``target`` is empty, or ``swap`` none of these.
    """

    target: str
    template: str | Sequence[str] | None
    context: Mapping[str, Any] | None
    swap: str
    language: str | None

    def __post_init__(self) -> None:
        if not isinstance(self.target, str):
            raise TypeError(f"Expected the target of a fragment as a str, such as '#messages', got {self.target!r}.")
        if not self.target.strip():
            raise ValueError("Expected a CSS selector, such as '#messages', as the target of a fragment, got none.")
        if not isinstance(self.swap, str):
            raise TypeError(f"Expected the swap of a fragment as a str, got {self.swap!r}.")
        if self.swap not in SWAPS:
            raise ValueError(f"Expected one of {', '.join(map(repr, SWAPS))} as swap, got {self.swap!r}.")
        if not isinstance(self.template, (str, list, tuple)) and (self.template is not None or self.swap != DELETE):
            raise TypeError(f"Expected the name of a template as a str, got {self.template!r}.")
        if self.context is not None and not isinstance(self.context, Mapping):
            raise TypeError(f"Expected the context of a template as a dict, got {self.context!r}.")
        if self.language is not None and not isinstance(self.language, str):
            raise TypeError(f"Expected the code of a language as a str, got {self.language!r}.")

    def render(self) -> dict[str, str]:
        """What a page gets.

        :raises django.core.exceptions.SynchronousOnlyOperation: the template queries the database, on an event loop.
        """
        return {"target": self.target, "swap": self.swap, "html": self._html()}

    def _html(self) -> str:
        if self.template is None:
            return ""
        from django.template.loader import render_to_string  # which takes longer to import than all of this package
        from django.utils import timezone, translation

        with translation.override(self.language or settings.LANGUAGE_CODE), timezone.override(None):
            try:
                return str(render_to_string(self.template, None if self.context is None else dict(self.context)))
            except SynchronousOnlyOperation as error:
                raise SynchronousOnlyOperation(
                    f"The template {self.template!r} queries the database, which an event loop must not wait for. "
                    "Use `await ws.apublish_html(...)`, or `await sync_to_async(socket.emit_html)(...)`, or fetch in "
                    "the handler what the template shows."
                ) from error
