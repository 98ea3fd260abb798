"""Who was told what, and whether they have read it."""

from datetime import datetime

from django.conf import settings
from django.db import models
from typing_extensions import TypedDict

NOTE_LENGTH = 200


class NoteData(TypedDict):
    """A note as its recipient's pages get it, with the number of those that are not read."""

    id: int
    sender: str
    text: str
    at: datetime
    unread: int


class Unread(TypedDict):
    """How many notes wait for somebody."""

    count: int


class Note(models.Model):
    """What one person has written to another, who may be away."""

    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notes_sent")
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notes")
    text = models.CharField(max_length=NOTE_LENGTH)
    at = models.DateTimeField(auto_now_add=True)
    is_read = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["recipient", "is_read"], name="notes_of_one")]

    def __str__(self) -> str:
        return f"{self.sender} to {self.recipient}: {self.text}"

    def to_data(self) -> NoteData:
        unread = count_unread(self.recipient_id)
        return {"id": self.pk, "sender": self.sender.get_username(), "text": self.text, "at": self.at, "unread": unread}


def count_unread(recipient: int) -> int:
    """How many notes wait for somebody."""
    return Note.objects.filter(recipient=recipient, is_read=False).count()
