import pytest
from django.test import override_settings

from tornado_websockets.origin import refusal

HOST = ["testserver"]
ALLOWED = override_settings(
    ALLOWED_HOSTS=["testserver", "localhost", ".example.com", "[::1]"], TORNADO_WEBSOCKETS={}, DEBUG=False
)
OTHER_PAGES = override_settings(
    ALLOWED_HOSTS=["testserver"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": ["pages.org", ".cdn.net"]}
)
LOOK_ALIKES = [
    "http://localhost.evil.com",
    "http://evil-localhost",
    "http://evil.com/localhost",
    "http://evil.com#localhost",
    "http://evil.com?localhost",
    "http://evil.com\\localhost",
    "http://evil.com:localhost",
    "http://localhost@evil.com",
    "http://localhost:80@evil.com",
    "http://localhost#evil.com",
    "http://localhost/",
    "http://localhost/evil",
    "http://localhost\\@evil.com",
    "http://evil.com http://localhost",
    "http://localhost evil.com",
    "http://localhost, http://evil.com",
    "http://localhost\n",
    " http://localhost",
    "http://[::1",
    "http://::1]",
    "http://[::1]evil.com",
    "http://[localhost]",
    "http://localhost:99999",
    "http://localhost:65536",
    "http://localhost:-1",
    "http://localhost:8o",
    "http://localhost:" + "9" * 5000,
    "http://",
    "http:localhost",
    "//localhost",
    "localhost",
    "://localhost",
    "http://.",
    "http://exаmple.com",  # noqa: RUF001 with a Cyrillic letter
    "file://",
    "",
]


@ALLOWED
def test_a_client_without_origin_is_no_browser_and_is_let_in():
    assert refusal(HOST, []) is None


@ALLOWED
def test_a_client_without_host_is_let_in():
    assert refusal([], []) is None


@ALLOWED
@pytest.mark.parametrize(
    "origin",
    [
        "http://testserver",
        "https://testserver",
        "http://localhost",
        "HTTP://LOCALHOST",
        "http://LocalHost:8000",
        "http://localhost:65535",
        "https://example.com",
        "https://a.b.example.com",
        "http://[::1]",
        "http://[::1]:8000",
        "http://localhost.",
        "capacitor://localhost",
        "chrome-extension://localhost",
    ],
)
def test_an_allowed_origin_is_let_in(origin):
    assert refusal(HOST, [origin]) is None


@ALLOWED
@pytest.mark.parametrize("origin", ["http://evil.com", "https://127.0.0.1", "http://[::2]", "null", "NULL"])
def test_another_origin_is_refused(origin):
    assert refusal(HOST, [origin]) == f"the origin {origin!r} is not allowed"


@ALLOWED
@pytest.mark.parametrize("origin", LOOK_ALIKES, ids=lambda origin: repr(origin[:30]))
def test_an_origin_that_only_looks_allowed_is_refused(origin):
    assert refusal(HOST, [origin]) is not None


@ALLOWED
@pytest.mark.parametrize(
    "origins", [["http://testserver", "http://testserver"], ["http://testserver", "http://evil.com"]], ids=repr
)
def test_two_origins_are_refused(origins):
    assert refusal(HOST, origins) == "more than one Host or Origin header"


@ALLOWED
def test_two_hosts_are_refused():
    assert refusal(["testserver", "testserver"], []) == "more than one Host or Origin header"


@ALLOWED
@pytest.mark.parametrize("host", ["testserver", "TESTSERVER", "testserver:8000", "a.example.com", "[::1]:8000"])
def test_an_allowed_host_is_let_in(host):
    assert refusal([host], []) is None


@ALLOWED
@pytest.mark.parametrize(
    "host", ["evil.com", "testserver.evil.com", "testserver@evil.com", "[::1", "testserver:" + "9" * 5000, ""]
)
def test_another_host_is_refused(host):
    assert "ALLOWED_HOSTS" in refusal([host], [])


@ALLOWED
def test_a_rebound_host_is_refused_though_the_origin_is_the_same():
    assert "ALLOWED_HOSTS" in refusal(["evil.com"], ["http://evil.com"])


@ALLOWED
def test_quotes_no_more_than_a_little_of_what_came():
    assert len(refusal(["x" * 5000], [])) < 150
    assert len(refusal(HOST, ["http://" + "x" * 5000])) < 150


class TestAllowedOrigins:
    @OTHER_PAGES
    @pytest.mark.parametrize("origin", ["https://pages.org", "https://a.cdn.net"])
    def test_let_others_in(self, origin):
        assert refusal(HOST, [origin]) is None

    @OTHER_PAGES
    @pytest.mark.parametrize("origin", ["http://testserver", "https://evil.com", "null"])
    def test_take_the_place_of_allowed_hosts(self, origin):
        assert refusal(HOST, [origin]) is not None

    @OTHER_PAGES
    def test_do_not_concern_the_host(self):
        assert refusal(["pages.org"], []) is not None

    @override_settings(ALLOWED_HOSTS=["testserver"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": []})
    def test_that_are_empty_let_no_browser_in(self):
        assert refusal(HOST, ["http://testserver"]) is not None
        assert refusal(HOST, []) is None


class TestAsterisk:
    @override_settings(ALLOWED_HOSTS=["*"], TORNADO_WEBSOCKETS={})
    @pytest.mark.parametrize("origin", ["http://anywhere.org", "https://[::2]:8000", "null"])
    def test_in_allowed_hosts_lets_everyone_in(self, origin):
        assert refusal(["anything"], [origin]) is None

    @override_settings(ALLOWED_HOSTS=["testserver"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": ["*"]})
    @pytest.mark.parametrize("origin", ["http://anywhere.org", "null"])
    def test_in_allowed_origins_lets_all_pages_in(self, origin):
        assert refusal(HOST, [origin]) is None

    @override_settings(ALLOWED_HOSTS=["*"], TORNADO_WEBSOCKETS={})
    @pytest.mark.parametrize("origin", ["http://[::1", "http://a:99999", "http://a@b", "", "nothing"], ids=repr)
    def test_lets_in_no_nonsense(self, origin):
        assert refusal(["anything"], [origin]) is not None


class TestEmptyAllowedHosts:
    @override_settings(ALLOWED_HOSTS=[], DEBUG=True, TORNADO_WEBSOCKETS={})
    @pytest.mark.parametrize("host", ["localhost", "a.localhost:8000", "127.0.0.1:8000", "[::1]"])
    def test_mean_this_machine_while_debugging(self, host):
        assert refusal([host], [f"http://{host}"]) is None

    @override_settings(ALLOWED_HOSTS=[], DEBUG=True, TORNADO_WEBSOCKETS={})
    def test_mean_no_other_machine_while_debugging(self):
        assert refusal(["evil.com"], []) is not None
        assert refusal(["localhost"], ["http://evil.com"]) is not None

    @override_settings(ALLOWED_HOSTS=[], DEBUG=False, TORNADO_WEBSOCKETS={})
    def test_mean_nobody_otherwise(self):
        assert refusal(["localhost"], []) is not None
