"""The page of the staff, and how it looks to others: like nothing."""

import json
import re
from itertools import product

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, modify_settings, override_settings

from tornado_websockets.live import permissions

PAGE = "/websockets/"
FILES = [PAGE, "/websockets/described.json", "/websockets/assets/page.mjs", "/websockets/assets/live.css"]


@pytest.fixture
def client_of():
    def make(user=None, **extra):
        client = Client(headers=extra)
        if user is not None:
            client.force_login(user)
        return client

    return make


@pytest.mark.parametrize("path", FILES)
def test_who_may_look_gets_all_of_it(somebody, client_of, path):
    response = client_of(somebody("look", is_staff=True)).get(path)
    assert response.status_code == 200
    policy = response["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "no-store" in response["Cache-Control"]


def test_the_page_has_nothing_inline_and_loads_nothing_from_elsewhere(somebody, client_of):
    html = client_of(somebody("look", is_staff=True)).get(PAGE).text
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", html) == [
        "assets/icon.svg",
        "assets/live.css",
        "assets/page.mjs",
    ]
    assert not re.search(r"<script[^>]*>[^<]|<style|style=|\son\w+=", html)


@pytest.mark.parametrize("name", ["__init__.py", "page.html", "..%2Fviews.py", "nothing.mjs"])
def test_no_other_file_is_served(somebody, client_of, name):
    assert client_of(somebody("look", is_staff=True)).get(f"/websockets/assets/{name}").status_code == 404


def test_all_that_a_script_imports_is_served(somebody, client_of):
    client = client_of(somebody("look", is_staff=True))
    waiting, seen = ["page.mjs"], set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        text = client.get(f"/websockets/assets/{name}").text
        assert text
        waiting += [
            each for each in re.findall(r"^import .* from \"\./(.*)\";$", text, re.MULTILINE) if each not in seen
        ]
    assert "tornadowebsocket.mjs" in seen


SLASHES, TOKENS, LOGINS = (
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
)


@pytest.mark.parametrize("options", [None, {"is_staff": True}, {}], ids=["nobody", "staff", "user"])
@modify_settings(MIDDLEWARE={"append": [SLASHES, TOKENS]})
def test_to_others_it_looks_like_a_path_that_is_not_there(somebody, client_of, options):
    client = client_of(None if options is None else somebody(**options))
    client.handler.enforce_csrf_checks = True
    for path, method in product([*FILES, "/websockets"], ["get", "post", "options"]):
        response, unknown = getattr(client, method)(path), getattr(client, method)("/nothing/here/")
        assert response.status_code == unknown.status_code == 404
        assert response.content == unknown.content
        assert dict(response.headers) == dict(unknown.headers)


@modify_settings(MIDDLEWARE={"append": LOGINS})
def test_nobody_is_sent_to_a_login(client_of):
    assert [client_of().get(path).status_code for path in FILES] == [404] * len(FILES)


@modify_settings(INSTALLED_APPS={"remove": "tornado_websockets.live"})
def test_without_the_app_only_superusers_look(somebody, client_of):
    staff = somebody("look", "disconnect", is_staff=True)
    assert client_of(staff).get(PAGE).status_code == 404
    boss = User.objects.create_superuser(f"boss-{staff.username}")
    assert client_of(boss).get(PAGE).status_code == 200
    assert permissions.may_disconnect(boss)
    assert not permissions.may_disconnect(staff)


def test_the_migration_brings_two_permissions(somebody):
    user = somebody("look", "disconnect", is_staff=True)
    assert user.get_all_permissions() == {permissions.LOOK, permissions.DISCONNECT}


@pytest.mark.parametrize(
    ("is_debug", "headers", "address", "status"),
    [
        (True, {}, "127.0.0.1", 200),
        (True, {}, "::1", 200),
        (True, {}, "::ffff:127.0.0.1", 200),
        (True, {}, "192.0.2.1", 404),
        (True, {}, "", 404),
        (True, {"X-Forwarded-For": "192.0.2.1"}, "127.0.0.1", 404),
        (False, {}, "127.0.0.1", 404),
    ],
)
def test_under_debug_this_machine_may_try_things_out_and_not_look(client_of, is_debug, headers, address, status):
    with override_settings(DEBUG=is_debug):
        response = client_of(None, **headers).get(PAGE, REMOTE_ADDR=address)
    assert response.status_code == status
    if status == 200:
        assert 'id="try"' in response.text
        assert 'id="live"' not in response.text


def test_what_can_be_tried_out_is_described_without_the_live_page_itself(somebody, client_of):
    response = client_of(somebody("look", is_staff=True)).get("/websockets/described.json")
    described = json.loads(response.content)
    paths = [each["path"] for each in described["websockets"]]
    assert "/control" in paths
    assert not [path for path in paths if "live" in path]
    assert {"path", "url", "parameters", "receives", "sends", "options"} == set(described["websockets"][0])


@pytest.mark.parametrize("form", ["", "asyncapi", "typescript"])
def test_it_is_in_no_description(form, capsys):
    call_command("websockets", **({form: True} if form else {}))
    printed = capsys.readouterr().out
    assert "control" in printed.lower()
    assert "tornado_websockets/live" not in printed
