"""Pages that speak to some of the clients of a place, throw them out, and ban them."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from .websockets.people import people, present


def tell_user(request: HttpRequest, key: str, name: str) -> HttpResponse:
    people.to(user=User.objects.get(username=name)).publish("told", {"who": name}, key=key)
    people.publish("all", key=key)
    return HttpResponse()


def tell_others(request: HttpRequest, key: str) -> HttpResponse:
    people.to(exclude=request).publish("told", {"who": "others"}, key=key)
    people.publish("all", key=key)
    return HttpResponse()


def throw_out(request: HttpRequest, key: str, name: str) -> HttpResponse:
    user = User.objects.get(username=name)
    people.to(user=user).publish("bye", key=key)
    people.to(user=user).disconnect(4100, "Out.", key=key)
    return HttpResponse()


def ban(request: HttpRequest, name: str) -> HttpResponse:
    User.objects.filter(username=name).update(last_name="banned")
    people.recheck(user=User.objects.get(username=name))
    return HttpResponse()


def here(request: HttpRequest, key: str) -> JsonResponse:
    return JsonResponse({"people": present.people(key=key), "is_present": present.is_present(request.user, key=key)})


def nudge(request: HttpRequest, key: str, name: str) -> HttpResponse:
    present.to(user=User.objects.get(username=name)).publish("nudged", key=key)
    return HttpResponse()


def kick(request: HttpRequest, key: str, name: str) -> HttpResponse:
    present.to(user=User.objects.get(username=name)).disconnect(4403, "Be nice.", key=key)
    return HttpResponse()


urlpatterns = [
    path("here/<slug:key>", here),
    path("tell-user/<slug:key>/<slug:name>", tell_user),
    path("tell-others/<slug:key>", tell_others),
    path("throw-out/<slug:key>/<slug:name>", throw_out),
    path("nudge/<slug:key>/<slug:name>", nudge),
    path("kick/<slug:key>/<slug:name>", kick),
    path("ban/<slug:name>", ban),
]
