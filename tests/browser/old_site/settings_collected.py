"""The old site with its static files collected by the storage that the environment names."""

import os
from pathlib import Path

from project.settings import MIDDLEWARE
from tests.browser.old_site.settings import *  # noqa: F403

MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE]
STORAGES = {"staticfiles": {"BACKEND": os.environ["STATIC_STORAGE"]}}
STATIC_ROOT = Path(os.environ["STATIC_ROOT"])
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
