"""What the chat remembers."""

from datetime import datetime

from django.db import models
from typing_extensions import TypedDict

from chat.rules import NAME_LENGTH, PERSON_LENGTH, TEXT_LENGTH


class MessageData(TypedDict):
    """A message as clients get it."""

    id: int
    person: str
    name: str
    text: str
    at: datetime


class Message(models.Model):
    """What someone said, for everyone who comes later."""

    person = models.CharField(max_length=PERSON_LENGTH, blank=True, default="", editable=False)
    name = models.CharField(max_length=NAME_LENGTH)
    text = models.TextField(max_length=TEXT_LENGTH)
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name}: {self.text[:60]}"

    def to_data(self) -> MessageData:
        return {"id": self.pk, "person": self.person, "name": self.name, "text": self.text, "at": self.at}
