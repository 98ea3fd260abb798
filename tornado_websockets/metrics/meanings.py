"""The counters of a process, and what each of them means."""

from typing import Final

from ..core.counters import counters

#: Those that go up and down.
GAUGES: Final = frozenset({"connections", "handlers_running"})

#: What each counter counts, since its process started.
MEANINGS: Final = {
    "connections": "Connections that are open now.",
    "connections_opened": "Connections that there were.",
    "connections_refused": "Handshakes that were refused.",
    "messages_in": "Messages that came from clients.",
    "messages_out": "Messages that were for clients.",
    "messages_refused": "Messages that were answered with a refusal, and handlers of open that refused or failed.",
    "messages_dropped": "Messages that still waited for a client that was given up or left.",
    "messages_unsent": "Messages that the channel layer did not take: other processes missed them.",
    "messages_lost": "Messages of other processes that did not get here; some are counted as unsent there.",
    "messages_invalid": "Messages of the channel layer that were dropped for what is in them.",
    "slow_clients_closed": "Clients that were closed because they read too little.",
    "flooding_clients_closed": "Clients that were cut off for frames that carry nothing.",
    "recoveries": "Clients that came back, and were told all that they had missed.",
    "recoveries_failed": "Clients that came back, and were told that what they had missed is not all there any more.",
    "handlers_running": "Handlers that are at work, or wait for a thread, now.",
    "handler_errors": "Handlers that failed; the log has each.",
    "handler_seconds": "Seconds that handlers ran for in all, waiting included.",
}


def snapshot() -> dict[str, float]:
    """What has happened in this process since it started, by name.

    ``connections`` are those open now, ``connections_opened`` and ``connections_refused`` all there were;
    ``messages_in`` came from clients; ``messages_refused`` were answered with a refusal, failed handlers and refusals
    of ``open`` included; ``messages_out`` were for clients, of which ``messages_dropped`` still waited for one that was
    given up or left. ``messages_unsent`` could not be given to the channel layer, ``messages_lost`` of other processes
    did not get here, what is unsent there once more: do not add the two up. ``messages_invalid`` of the layer were
    dropped for what is in them. ``slow_clients_closed`` took too little. ``recoveries`` were told all that they had
    missed, ``recoveries_failed`` that it is not all there any more.
    ``handlers_running`` are those at work, or waiting for a thread, now; ``handler_errors`` were logged; handlers ran
    for ``handler_seconds`` in all, waiting included.
    """
    return counters.as_dict()
