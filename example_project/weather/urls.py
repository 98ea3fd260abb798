"""The import's page, and what it asks for."""

from django.urls import path

from weather.views import download_sample, index, start

urlpatterns = [
    path("", index, name="import"),
    path("start/", start, name="import-start"),
    path("sample/", download_sample, name="import-sample"),
]
