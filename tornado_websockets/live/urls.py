"""The routes of the live page, below wherever it is included; its WebSocket is there from when they are."""

from django.urls import path

from . import looking, views

__all__ = ["looking", "urlpatterns"]

urlpatterns = [
    path("", views.page, name="page"),
    path("described.json", views.described, name="described"),
    path("assets/<str:name>", views.asset, name="asset"),
]
