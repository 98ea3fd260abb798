"""Four pages: to log in, to log out, to publish, and to publish what is undone."""

from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.module_loading import import_string


def login(request: HttpRequest) -> HttpResponse:
    """As one named ``alice``, whom the database has."""
    user = auth.get_user_model().objects.get(username="alice")
    auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse(status=204)


def logout(request: HttpRequest) -> HttpResponse:
    """The same one."""
    auth.logout(request)
    return HttpResponse(status=204)


def publish(request: HttpRequest) -> HttpResponse:
    """Send a text to every client."""
    import_string(settings.PUBLISH)(request.GET["text"])
    return HttpResponse(status=204)


def roll_back(request: HttpRequest) -> HttpResponse:
    """The same, in a transaction that is undone."""
    with transaction.atomic():
        import_string(settings.PUBLISH)(request.GET["text"])
        transaction.set_rollback(True)
    return HttpResponse(status=204)


urlpatterns = [
    path("login", login),
    path("logout", logout),
    path("publish", publish),
    path("rollback", roll_back),
]
