"""The views that answer them."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from ..core.stopping import stopping


@login_not_required  # who asks has no login, and a redirect to its page counts as a yes
@never_cache
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 any request gets the same
    """A view: 200, or 503 from the moment on that this process was asked to stop.

    That is known on daphne, uvicorn and ``runtornado``; on other servers it is 200 until the port is closed. It asks
    neither a database nor Redis: what all processes lack is no reason to send their clients elsewhere. The 503 is no
    error, so Django logs none, and ``LoginRequiredMiddleware`` lets everybody ask.
    """
    if not stopping.has_begun:
        return HttpResponse("ready\n", content_type="text/plain")
    response = HttpResponse("stopping\n", status=503, content_type="text/plain")
    # Else `django.request` has an error for each question, which is mailed to ADMINS. No documented way says so of one
    # response; tests/health/test_views.py holds this one to Django.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response
