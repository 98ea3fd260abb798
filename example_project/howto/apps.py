"""The panel of each page that shows how it is done."""

from django.apps import AppConfig


class HowtoConfig(AppConfig):
    name = "howto"
