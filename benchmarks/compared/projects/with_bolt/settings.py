"""django-bolt, with Django's pages beside it."""

from benchmarks.compared.projects.site.settings import *  # noqa: F403
from benchmarks.compared.projects.site.settings import INSTALLED_APPS, PORT

INSTALLED_APPS = [*INSTALLED_APPS, "django_bolt"]
BOLT_API = ["benchmarks.compared.projects.with_bolt.api:api"]
CORS_ALLOWED_ORIGINS = [f"http://127.0.0.1:{PORT}"]
