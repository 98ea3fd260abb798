"""The pages of the example project."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("chat.urls")),
    path("import/", include("weather.urls")),
    path("counter/", include("counter.urls")),
    path("admin/", admin.site.urls),
]
