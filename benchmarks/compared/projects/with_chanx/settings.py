"""chanx, whose layer is Channels'."""

from benchmarks.compared.projects.by_hand.settings import *  # noqa: F403
from benchmarks.compared.projects.by_hand.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework", "chanx.channels"]
CHANX = {"SEND_AUTHENTICATION_MESSAGE": False}
PUBLISH = "benchmarks.compared.projects.with_chanx.consumers.publish"
