"""The example project, and beside it a page as they were written for django-tornado-websockets."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.browser.old_site"]
ROOT_URLCONF = "tests.browser.old_site.urls"
