"""Celery, whose workers serve nobody: what they publish goes over the channel layer."""

import os

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.project.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 it needs Django

from tests.project.websockets.sending import news  # noqa: E402

app = Celery("tests", broker=os.environ["TEST_REDIS"])
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@app.task  # type: ignore[untyped-decorator]
def publish(number: int) -> None:
    """Publish twice, with a query in between."""
    news.publish("published", {"n": number})
    news.publish("counted", {"n": number, "people": User.objects.count()})
