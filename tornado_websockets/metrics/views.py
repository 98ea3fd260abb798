"""The views that Prometheus asks. Who may see them is for the URLconf to decide."""

import asyncio

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from ..core.delivery.hub import hub
from .exposition import CONTENT_TYPE, write, write_all
from .meanings import snapshot
from .scraping import scraper


@never_cache
def prometheus(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 any request gets the same
    """A view: :func:`snapshot` in Prometheus' text format, of the process that answers alone."""
    return HttpResponse(write(snapshot()), content_type=CONTENT_TYPE)


@never_cache
async def prometheus_all(request: HttpRequest) -> HttpResponse:
    """A view: the numbers of this process, and of all others that have clients, each with a label ``process``.

    They are asked over the channel layer, which takes a quarter of a second, a second and a half at most. From the
    first time on each also measures how long its handlers take, by ``path``, and what is refused, by ``path`` and
    ``code``.
    """
    scraping, loop = scraper.scrape(hub), _lasting_loop(request)
    if loop is None:
        scraped = await scraping
    else:
        scraped = await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(scraping, loop))
    return HttpResponse(write_all(scraped), content_type=CONTENT_TYPE)


def _lasting_loop(request: HttpRequest) -> asyncio.AbstractEventLoop | None:
    """Where to ask, if not here: under WSGI this loop ends with the view, and whoever connects meanwhile needs it."""
    if isinstance(request, ASGIRequest):
        return None
    return hub.loop() or (None if hub.publisher is None else hub.publisher.loop())
