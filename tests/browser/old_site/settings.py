"""The example project, and beside it a page as they were written for django-tornado-websockets."""

import os

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.browser.old_site", "tornado_websockets.database_store"]
TORNADO_WEBSOCKETS = {name: os.environ[name] for name in ("NAMESPACE", "STORE") if name in os.environ}
ROOT_URLCONF = "tests.browser.old_site.urls"
