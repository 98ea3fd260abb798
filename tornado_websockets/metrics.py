"""The counters of this process, for operators."""

from django.http import HttpRequest, HttpResponse

from .core.counters import counters

_GAUGES = {"connections", "handlers_running"}


def snapshot() -> dict[str, float]:
    """What has happened in this process since it started, by name.

    ``connections`` are those open now, ``connections_opened`` and ``connections_refused`` all there were;
    ``messages_in`` came from clients; ``messages_refused`` were answered with a refusal, failed handlers and refusals
    of ``open`` included; ``messages_out`` were for clients, of which ``messages_dropped`` still waited for one that was
    given up or left. ``messages_unsent`` could not be given to the channel layer, ``messages_lost`` of other processes
    did not get here, what is unsent there once more: do not add the two up. ``messages_invalid`` of the layer were
    dropped for what is in them. ``slow_clients_closed`` took too little.
    ``handlers_running`` are those at work, or waiting for a thread, now; ``handler_errors`` were logged; handlers ran
    for ``handler_seconds`` in all, waiting included.
    """
    return counters.as_dict()


def prometheus(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 any request gets the same
    """A view: :func:`snapshot` in Prometheus' text format. Who may see it is for the URLconf to decide."""
    lines = []
    for name, value in snapshot().items():
        kind, suffix = ("gauge", "") if name in _GAUGES else ("counter", "_total")
        metric = f"tornado_websockets_{name}{suffix}"
        lines += [f"# TYPE {metric} {kind}", f"{metric} {value:.15g}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")
