"""What connects this process with the others, once, whichever app is ready first."""

from django.core import checks

from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.encoding import encoder
from tornado_websockets.processes.survey import answered_in

from .checks import check_channel_layer, check_jobs, check_shared_store, check_store
from .relay.publisher import Relay


def start() -> None:
    """Have the relay publish, and the channel layer checked. More than once is once."""
    checks.register(check_channel_layer)
    checks.register(check_store)
    checks.register(check_shared_store)
    checks.register(check_jobs)
    answered_in("connections", "tornado_websockets.processes.connections")
    answered_in("metrics", "tornado_websockets.metrics.scraping")
    if not isinstance(hub.publisher, Relay):
        hub.publisher = Relay(hub, encoder)
