"""Notes to one person as a Django application."""

from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "notes"
