"""The counter's one page."""

from django.urls import path

from counter.views import index

urlpatterns = [path("", index, name="counter")]
