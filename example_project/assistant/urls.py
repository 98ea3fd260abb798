"""The assistant's one page."""

from django.urls import path

from assistant.views import index

urlpatterns = [path("", index, name="assistant")]
