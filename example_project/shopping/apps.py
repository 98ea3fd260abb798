"""The shopping list as a Django application."""

from django.apps import AppConfig


class ShoppingConfig(AppConfig):
    name = "shopping"
