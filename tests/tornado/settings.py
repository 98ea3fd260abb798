"""The tests' project as Tornado serves it, with pages of its own; the environment says what differs."""

import json
import os
from typing import Any

from tests.project.settings import *  # noqa: F403
from tests.project.settings import INSTALLED_APPS as _APPS

DEBUG = "TEST_DEBUG" in os.environ
INSTALLED_APPS = [*_APPS, "django.contrib.staticfiles", "tests.tornado"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ROOT_URLCONF = "tests.tornado.urls"
STATIC_URL = "/static/"
DATA_UPLOAD_MAX_MEMORY_SIZE = None

#: What is served where, as JSON.
TORNADO: Any = json.loads(os.environ.get("TEST_TORNADO", '{"port": 0, "address": "127.0.0.1"}'))
