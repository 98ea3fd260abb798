"""What is on the list."""

from django.db import models

LENGTH = 60
MOST_ITEMS = 100


class Item(models.Model):
    """Something to buy."""

    text = models.CharField(max_length=LENGTH)
    is_bought = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.text
