"""Models whose rows the tests follow; their tables are made for each database that is tested."""

import uuid
from typing import Any

from django.db import models


class Room(models.Model):
    name = models.CharField(max_length=50, default="")

    class Meta:
        app_label = "project"


class Message(models.Model):
    room = models.ForeignKey(Room, models.CASCADE, null=True)
    text = models.TextField(default="")
    likes = models.IntegerField(default=0)
    at = models.DateTimeField(null=True)
    file = models.FileField(blank=True, default="")

    class Meta:
        app_label = "project"

    @property
    def shout(self) -> str:
        return self.text.upper()


class Scan(models.Model):
    """Has no table: it is refused before that matters."""

    raw = models.BinaryField()

    class Meta:
        app_label = "project"


class Loud(Message):
    class Meta:
        app_label = "project"
        proxy = True


class Picture(Message):
    width = models.IntegerField(default=0)

    class Meta:
        app_label = "project"


class Customer(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    class Meta:
        app_label = "project"


class Ticket(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    customer = models.ForeignKey(Customer, models.CASCADE)
    code = models.CharField(max_length=50, default="")
    likes = models.IntegerField(default=0)
    day = models.DateField(null=True)

    class Meta:
        app_label = "project"

    def refresh_from_db(self, **options: Any) -> None:  # type: ignore[override]
        """As some write it that only pass on what they get."""
        super().refresh_from_db(**options)


#: Those with a table, in the order in which they can be made.
TABLES = (Room, Message, Picture, Customer, Ticket)
