"""What is imported, and how that goes."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

# An import that runs is heard of with each batch. A database that is busy may hold one up for a while.
SILENCE = timedelta(seconds=4)


class Reading(models.Model):
    """What a weather station measured at a moment; there is one reading of each."""

    at = models.DateTimeField(unique=True)
    temperature = models.DecimalField(max_digits=4, decimal_places=1, help_text="in °C")
    humidity = models.PositiveSmallIntegerField(help_text="in %")
    wind = models.DecimalField(max_digits=4, decimal_places=1, help_text="in m/s")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.temperature} °C"


class Import(models.Model):
    """A file on its way into the database, as every process sees it; one at a time."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"
        FAILED = "failed"
        INTERRUPTED = "interrupted"  # its process has ended

    file = models.CharField(max_length=255)
    state = models.CharField(max_length=16, choices=State.choices, default=State.RUNNING)
    rows = models.PositiveIntegerField()
    added = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    heard_of = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("state", condition=models.Q(state="running"), name="one_import_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.file}: {self.state}"

    @property
    def handled(self) -> int:
        """How many of the rows have been looked at."""
        return self.added + self.updated + self.refused

    @property
    def apparent_state(self) -> str:
        """Its state, as far as anybody can tell who has not heard of it for a while."""
        is_silent = self.state == self.State.RUNNING and self.heard_of < timezone.now() - SILENCE
        return self.State.INTERRUPTED if is_silent else self.state

    @classmethod
    def give_up_silent(cls) -> None:
        """Make room for another one, if the process of the last has ended."""
        silent = cls.objects.filter(state=cls.State.RUNNING, heard_of__lt=timezone.now() - SILENCE)
        silent.update(state=cls.State.INTERRUPTED)

    def change(self, state: State) -> bool:
        """Go on, or end, with the counts as they are now; false if somebody has ended it before."""
        values = {"state": state, "heard_of": timezone.now()}
        values |= {name: getattr(self, name) for name in ("added", "updated", "refused", "errors")}
        return bool(Import.objects.filter(pk=self.pk, state=self.State.RUNNING).update(**values))
