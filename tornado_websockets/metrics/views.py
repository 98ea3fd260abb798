"""The views that Prometheus asks. Who may see them is for the URLconf to decide."""

from django.http import HttpRequest, HttpResponse

from ..core.delivery.hub import hub
from .exposition import CONTENT_TYPE, write, write_all
from .meanings import snapshot
from .scraping import scraper


def prometheus(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 any request gets the same
    """A view: :func:`snapshot` in Prometheus' text format, of the process that answers alone."""
    return HttpResponse(write(snapshot()), content_type=CONTENT_TYPE)


async def prometheus_all(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 any request gets the same
    """A view: the numbers of this process, and of all others that have clients, each with a label ``process``.

    They are asked over the channel layer, which takes a quarter of a second, a second and a half at most. From the
    first time on each also measures how long its handlers take, by ``path``, and what is refused, by ``path`` and
    ``code``.
    """
    return HttpResponse(write_all(await scraper.scrape(hub)), content_type=CONTENT_TYPE)
