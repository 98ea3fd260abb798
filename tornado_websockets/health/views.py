"""The views that answer them."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from ..core.stopping import stopping


@never_cache
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 any request gets the same
    """A view: 200, or 503 from the moment on that this process was asked to stop.

    That is known on daphne, uvicorn and ``runtornado``; on other servers it is 200 until the port is closed. It asks
    neither a database nor Redis: what all processes lack is no reason to send their clients elsewhere.
    """
    if stopping.has_begun:
        return HttpResponse("stopping\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")
