"""django-bolt."""

from benchmarks.contestants.settings import *  # noqa: F403

INSTALLED_APPS = ["django_bolt"]
BOLT_API = ["benchmarks.contestants.apart.with_bolt.api:api"]
