"""The record of each topic, its senders, events and retained values."""

from django.db import models

#: Characters of a sender's name, ours have fewer than 80; of the name of an event; of a call's token.
_SENDER, _EVENT, _TOKEN = 128, 128, 32


class Topic(models.Model):
    """The record of a topic.

    :ivar key: of namespace and topic, which may be longer than what MySQL can index.
    :ivar place: of its newest event.
    :ivar size: bytes of all events that it ever had.
    :ivar touched_at: when somebody last sent or asked.
    """

    key = models.CharField(max_length=64, primary_key=True)
    name = models.TextField()
    epoch = models.CharField(max_length=32)
    forgotten = models.PositiveBigIntegerField(default=0)
    floor = models.PositiveBigIntegerField(default=0)
    place = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    touched_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name


class Sender(models.Model):
    """How far a sender has come on a topic."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="senders")
    name = models.CharField(max_length=_SENDER)
    last = models.PositiveBigIntegerField()
    is_listed = models.BooleanField(default=True)
    folded = models.PositiveBigIntegerField(default=0)
    folded_with = models.PositiveBigIntegerField(default=0)
    sent_at = models.DateTimeField()

    class Meta:  # noqa: D106 as every model's
        constraints = (models.UniqueConstraint(fields=("topic", "name"), name="websocket_store_sender_once"),)

    def __str__(self) -> str:
        return f"{self.name} at {self.last}"


class Event(models.Model):
    """One event.

    :ivar place: its place on the topic, whoever sent it.
    :ivar start: bytes of all events of the topic before it.
    """

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="events", db_index=False)
    place = models.PositiveBigIntegerField()
    sender = models.CharField(max_length=_SENDER)
    number = models.PositiveBigIntegerField()
    text = models.TextField()
    audience = models.TextField()
    start = models.PositiveBigIntegerField()
    sent_at = models.DateTimeField(db_index=True)

    class Meta:  # noqa: D106 as every model's
        constraints = (models.UniqueConstraint(fields=("topic", "place"), name="websocket_store_event_once"),)

    def __str__(self) -> str:
        return f"{self.sender}.{self.number}"


class Value(models.Model):
    """The newest retained value of an event."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="values_retained", db_index=False)
    event = models.CharField(max_length=_EVENT)
    sender = models.CharField(max_length=_SENDER)
    number = models.PositiveBigIntegerField()
    text = models.TextField()
    audience = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:  # noqa: D106 as every model's
        constraints = (models.UniqueConstraint(fields=("topic", "event"), name="websocket_store_value_once"),)

    def __str__(self) -> str:
        return self.event


class Token(models.Model):
    """The answer to a call that may come a second time."""

    topic = models.ForeignKey(Topic, models.CASCADE, related_name="tokens")
    token = models.CharField(max_length=_TOKEN)
    number = models.PositiveBigIntegerField()
    sent_at = models.DateTimeField(db_index=True)

    class Meta:  # noqa: D106 as every model's
        constraints = (models.UniqueConstraint(fields=("topic", "token"), name="websocket_store_token_once"),)

    def __str__(self) -> str:
        return self.token
