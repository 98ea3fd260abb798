"""What delivery needs of a connection."""

from typing import Protocol

from ..protocol.closing import Close


class Member(Protocol):
    """One who hears what is sent to a topic."""

    @property
    def id(self) -> str:
        """Unique."""

    @property
    def user_key(self) -> str | None:
        """The key of the user whose it is, as a text; ``None`` where it is nobody's."""

    @property
    def backlog(self) -> int | None:
        """Characters that wait for its line; ``None`` while that takes what is sent."""

    def deliver(self, item: str | Close, key: str | None = None) -> None:
        """Take a text, or an order to close, after all that was delivered before.

        :param key: of a text that makes an earlier one of the same key pointless, if that still waits.
        """

    def end(self, close: Close) -> None:
        """Close in order: what was sent before is delivered first."""

    def cancel_handler(self) -> None:
        """Cancel the handler that is running."""
