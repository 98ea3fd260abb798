"""What ``docs/metrics.md`` gives Prometheus: a configuration, and rules of metrics that there are."""

import re
import sys
from collections.abc import Iterator

import pytest
import yaml
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from tests.support.documents import ROOT, blocks
from tornado_websockets import metrics
from tornado_websockets.metrics.measuring import measures

CONFIGURATION, RULES = map(yaml.safe_load, blocks((ROOT / "docs/metrics.md").read_text(), "yaml"))

urlpatterns = [path("metrics", metrics.prometheus)]


@pytest.fixture(autouse=True)
def unmeasured() -> Iterator[None]:
    yield
    measures.stop()


def kinds(text: str) -> dict[str, str]:
    """Of each metric, whether it is a gauge or a counter."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


async def test_every_rule_is_of_metrics_that_both_views_have() -> None:
    request = RequestFactory().get("/metrics")
    of_one, of_all = metrics.prometheus(request), await metrics.prometheus_all(request)
    [group] = RULES["groups"]
    assert len({rule["alert"] for rule in group["rules"]}) == 3
    for rule in group["rules"]:
        named = re.findall(r"(\w*tornado_websockets_\w+)(\[\w+\])?", rule["expr"])
        assert named
        for name, span in named:
            kind = "counter" if span else "gauge"
            assert kinds(of_one.text)[name] == kinds(of_all.text)[name] == kind
        assert rule["expr"].count("increase(") == rule["expr"].count("[")
        assert rule["annotations"]["summary"]


def test_the_configuration_asks_each_process_by_its_own_port() -> None:
    [job] = CONFIGURATION["scrape_configs"]
    [static] = job["static_configs"]
    unit = (ROOT / "deploy/nginx/site.conf").read_text()
    assert static["targets"] == re.findall(r"^    server (\S+) ", unit, re.MULTILINE)


def scraped() -> HttpResponseBase:
    return Client().get("/metrics", HTTP_HOST="127.0.0.1:8001")


def test_prometheus_gets_what_the_table_says_and_what_the_table_names_helps() -> None:
    required = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    stack = ["django.middleware.security.SecurityMiddleware", *settings.MIDDLEWARE]
    strict = {"ROOT_URLCONF": sys.modules[__name__], "MIDDLEWARE": stack, "SECURE_SSL_REDIRECT": True}
    with override_settings(**strict, ALLOWED_HOSTS=["chat.example.com"]):
        assert scraped().status_code == 400
    with override_settings(**strict, ALLOWED_HOSTS=["127.0.0.1"]):
        assert scraped()["Location"] == "https://127.0.0.1:8001/metrics"
    with override_settings(**strict, ALLOWED_HOSTS=["127.0.0.1"], SECURE_REDIRECT_EXEMPT=[r"^metrics$"]):
        assert scraped().status_code == 200
        with override_settings(MIDDLEWARE=[*stack, required], LOGIN_URL="/login"):
            assert scraped().status_code == 302
