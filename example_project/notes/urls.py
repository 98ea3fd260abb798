"""The notes' page, and the way in and out."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from notes.views import enter, index

urlpatterns = [
    path("", index, name="notes"),
    path("enter/", enter, name="enter"),
    path("leave/", LogoutView.as_view(next_page="notes"), name="leave"),
]
