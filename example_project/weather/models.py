"""What is imported."""

from django.db import models


class Reading(models.Model):
    """What a weather station measured at a moment; there is one reading of each."""

    at = models.DateTimeField(unique=True)
    temperature = models.DecimalField(max_digits=4, decimal_places=1, help_text="in °C")
    humidity = models.PositiveSmallIntegerField(help_text="in %")
    wind = models.DecimalField(max_digits=4, decimal_places=1, help_text="in m/s")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.temperature} °C"
