"""Pages in every form that a server has to get right."""

import hashlib
import time
from collections.abc import Iterator

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import etag
from tornado.ioloop import IOLoop

from tests.project.websockets.notes import note


def hello(request: HttpRequest, name: str = "you") -> HttpResponse:
    return HttpResponse(f"Hello {name}")


def people(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"count": User.objects.count()})


async def apeople(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"count": await User.objects.acount()})


def slow(request: HttpRequest) -> HttpResponse:
    key = request.GET.get("key", "slow")
    note(key, "began")
    time.sleep(float(request.GET["seconds"]))
    note(key, "ended")
    return HttpResponse("at last")


def large(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"x" * int(request.GET["size"]), content_type="application/octet-stream")


@csrf_exempt
def body(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"size": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest()})


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    return JsonResponse({str(file.name): file.size for file in files})


def cookies(request: HttpRequest) -> HttpResponse:
    response = JsonResponse(request.COOKIES)
    response.set_cookie("first", "1")
    response.set_cookie("second", "2", httponly=True)
    return response


def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("taken" if request.method == "POST" else get_token(request))


def redirect(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/hello")


@etag(lambda request: '"tag"')
def unchanged(request: HttpRequest) -> HttpResponse:
    return HttpResponse("unchanged")


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)


def _chunks() -> Iterator[str]:
    for number in range(1_000):
        yield f"chunk {number}\n"


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_chunks(), content_type="text/plain")


def _break() -> Iterator[str]:
    yield "a chunk"
    raise ValueError("in the stream")


def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_break())


@csrf_exempt
def fail(request: HttpRequest) -> HttpResponse:
    raise ValueError("in the view")


def meta(request: HttpRequest) -> HttpResponse:
    """What the server says of the request: the strings, under their WSGI names."""
    return JsonResponse({name: value for name, value in request.META.items() if isinstance(value, str)})


def timer(request: HttpRequest) -> HttpResponse:
    IOLoop.current().call_later(0.02, note, request.GET["key"], "ran")
    return HttpResponse("set")
