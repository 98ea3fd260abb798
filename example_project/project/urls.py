"""The pages of the example project."""

from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import include, path

urlpatterns = [
    path("", include("chat.urls")),
    path("import/", include("weather.urls")),
    path("counter/", include("counter.urls")),
    path("list/", include("shopping.urls")),
    path("assistant/", include("assistant.urls")),
    path("notes/", include("notes.urls")),
    path("admin/", admin.site.urls),
    path("websockets/", include("tornado_websockets.live")),  # for the staff; see docs/guides/live.md
    # A plain ASGI server has no static files. This view gives them in DEBUG only, and below any prefix.
    path("static/<path:path>", serve),
]
