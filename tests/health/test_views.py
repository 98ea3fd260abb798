import pytest
from django.test import RequestFactory

from tornado_websockets import health
from tornado_websockets.core.stopping import stopping


@pytest.fixture
def answer():
    """What a load balancer is told."""
    yield lambda: health.ready(RequestFactory().get("/ready"))
    stopping.forget()


def test_a_process_is_ready(answer):
    assert (answer().status_code, answer().content) == (200, b"ready\n")


def test_one_that_was_asked_to_stop_is_not(answer):
    stopping.begin()
    assert (answer().status_code, answer().content) == (503, b"stopping\n")


def test_the_answer_is_kept_by_no_cache(answer):
    assert "no-store" in answer()["Cache-Control"]
