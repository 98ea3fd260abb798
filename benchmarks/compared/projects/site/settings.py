"""Django settings of every project here; the environment says where the database, Redis and the port are."""

import os

SECRET_KEY = "only for comparisons"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["COMPARED_DATABASE"],
        "OPTIONS": {"timeout": 10},
    }
}
ROOT_URLCONF = "benchmarks.compared.projects.site.urls"
USE_TZ = True

REDIS = os.environ.get("COMPARED_REDIS", "")
PORT = int(os.environ.get("COMPARED_PORT", "0"))

#: Dotted path of the function that sends ``said`` with a text to every client, from outside of a handler.
PUBLISH = ""
