"""The counter as a Django application."""

from django.apps import AppConfig


class CounterConfig(AppConfig):
    name = "counter"
