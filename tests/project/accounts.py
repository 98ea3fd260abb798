"""Pages that log people in and out, and change what they may do."""

from django.contrib.auth import login, logout
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest, HttpResponse
from django.urls import path

BACKEND = "django.contrib.auth.backends.ModelBackend"


def log_in(request: HttpRequest, name: str) -> HttpResponse:
    user, _ = User.objects.get_or_create(username=name)
    login(request, user, BACKEND)
    request.session["word"] = "remembered"
    if "seconds" in request.GET:
        request.session.set_expiry(int(request.GET["seconds"]))
    return HttpResponse()


def log_in_staff(request: HttpRequest, name: str) -> HttpResponse:
    """Somebody who may use the live page."""
    user, _ = User.objects.get_or_create(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="websocket_live"))
    login(request, user, BACKEND)
    return HttpResponse()


def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse()


def change_password(request: HttpRequest, name: str) -> HttpResponse:
    user = User.objects.get(username=name)
    user.set_password("another")
    user.save()
    return HttpResponse()


def change_name(request: HttpRequest, name: str) -> HttpResponse:
    user = User.objects.get(username=name)
    user.first_name = "Another"
    user.save()
    return HttpResponse()


def deactivate(request: HttpRequest, name: str) -> HttpResponse:
    user = User.objects.get(username=name)
    user.is_active = False
    user.save()
    return HttpResponse()


def delete(request: HttpRequest, name: str) -> HttpResponse:
    User.objects.get(username=name).delete()
    return HttpResponse()


urlpatterns = [
    path("log-in/<slug:name>", log_in),
    path("log-in-staff/<slug:name>", log_in_staff),
    path("log-out/<slug:name>", lambda request, name: log_out(request)),
    path("change-password/<slug:name>", change_password),
    path("change-name/<slug:name>", change_name),
    path("deactivate/<slug:name>", deactivate),
    path("delete/<slug:name>", delete),
]
