"""What pages and the chat tell each other. `websockets.d.mts` has the same for the pages' scripts, made of these."""

from dataclasses import dataclass

from typing_extensions import TypedDict

from chat.history import Page
from chat.people import Person


@dataclass
class Joining:
    """Somebody's name, and by what they are known on their next connection."""

    name: str
    secret: str | None = None


@dataclass
class Saying:
    """What somebody has to say."""

    text: str


@dataclass
class Paging:
    """The id of the oldest message that a page has."""

    before: int


class Said(TypedDict):
    """The id of what was said."""

    id: int


class Welcome(Page):
    """What a newcomer needs to know."""

    people: list[Person]
