"""The readings, to look at what was imported, and to delete it."""

from typing import TYPE_CHECKING

from django.contrib import admin

from weather.models import Reading

if TYPE_CHECKING:
    ReadingModelAdmin = admin.ModelAdmin[Reading]
else:  # generic in the stubs only
    ReadingModelAdmin = admin.ModelAdmin


@admin.register(Reading)
class ReadingAdmin(ReadingModelAdmin):
    list_display = ["at", "temperature", "humidity", "wind"]
    date_hierarchy = "at"
