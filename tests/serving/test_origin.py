import pytest
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory, override_settings

from tornado_websockets.serving.origin import refusal

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
    ("host", "origin"),
    [
        ("testserver", "http://testserver"),
        ("testserver", "https://testserver"),
        ("testserver:8000", "http://testserver"),
        ("localhost", "HTTP://LOCALHOST"),
        ("LOCALHOST", "http://localhost:8000"),
        ("localhost", "http://localhost:65535"),
        ("localhost", "http://localhost."),
        ("a.b.example.com", "https://a.b.example.com"),
        ("[::1]:8000", "http://[::1]"),
        ("localhost", "capacitor://localhost"),
    ],
)
def test_a_page_of_the_host_that_was_asked_for_is_let_in(host, origin):
    assert refusal([host], [origin]) is None


@ALLOWED
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("testserver", "http://evil.com"),
        ("testserver", "http://localhost"),
        ("good.example.com", "https://evil.example.com"),
        ("good.example.com", "https://example.com"),
        ("example.com", "https://good.example.com"),
        ("[::1]", "http://[::2]"),
    ],
)
def test_a_page_of_another_is_refused_though_both_may_be_allowed_hosts(host, origin):
    assert refusal([host], [origin]) == (
        f"the origin {origin!r} is not the host that was asked for, {host!r}: to let it in, add it to "
        "CSRF_TRUSTED_ORIGINS, or to TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] with all others"
    )


@ALLOWED
@pytest.mark.parametrize("origin", ["null", "NULL", "file://", "app://."])
def test_a_page_of_no_host_is_refused(origin):
    assert refusal(HOST, [origin]) == (
        f"the origin {origin!r} is not the host that was asked for, 'testserver': to let it in, add it to "
        "TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'] with all others"
    )


@ALLOWED
def test_a_page_is_refused_where_no_host_was_asked_for():
    assert refusal([], ["http://testserver"]) is not None


@ALLOWED
@pytest.mark.parametrize("origin", LOOK_ALIKES, ids=lambda origin: repr(origin[:30]))
def test_an_origin_that_only_looks_allowed_is_refused(origin):
    assert refusal(["localhost"], [origin]) is not None


class TestTrustedOrigins:
    ORIGINS = (
        "https://a.trust.org",
        "https://a.b.trust.org",
        "https://trust.org",
        "https://one.org:8443",
        "http://a.trust.org",
        "https://a.trust.org:8443",
        "https://eviltrust.org",
        "https://one.org",
        "https://two.org",
        "https://[::1",
        "null",
    )
    TRUSTED = override_settings(
        ALLOWED_HOSTS=["testserver"],
        TORNADO_WEBSOCKETS={},
        CSRF_TRUSTED_ORIGINS=["https://*.trust.org", "https://one.org:8443", "two.org", "*"],
    )

    @TRUSTED
    @pytest.mark.parametrize("origin", ORIGINS)
    def test_are_those_of_a_form(self, origin):
        request = RequestFactory().post("/", headers={"Origin": origin})
        is_trusted = CsrfViewMiddleware(lambda _: None)._origin_verified(request)
        assert (refusal(HOST, [origin]) is None) == is_trusted == (origin in self.ORIGINS[:4])


class TestForwardedHosts:
    @override_settings(ALLOWED_HOSTS=["inside", "outside"], TORNADO_WEBSOCKETS={}, USE_X_FORWARDED_HOST=True)
    def test_count_where_a_setting_says_so(self):
        assert refusal(["inside"], ["https://outside"], ["outside"]) is None
        assert refusal(["inside"], ["https://inside"], ["outside"]) is not None
        assert "ALLOWED_HOSTS" in (refusal(["inside"], [], ["evil.com"]) or "")

    @override_settings(ALLOWED_HOSTS=["inside", "outside"], TORNADO_WEBSOCKETS={}, USE_X_FORWARDED_HOST=False)
    def test_do_not_count_otherwise(self):
        assert refusal(["inside"], ["https://outside"], ["outside"]) is not None


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
    assert len(refusal(["x" * 5000], [])) < 250
    assert len(refusal(HOST, ["http://" + "x" * 5000])) < 250


class TestAllowedOrigins:
    @pytest.mark.parametrize(
        ("allowed", "origin"),
        [
            ("pages.org", "https://pages.org"),
            ("pages.org", "http://pages.org:8000"),
            ("pages.org", "app://pages.org"),
            (".cdn.net", "https://a.cdn.net"),
            (".cdn.net", "https://cdn.net"),
            ("under_score.org", "https://under_score.org"),
            ("https://pages.org", "https://pages.org"),
            ("https://pages.org", "https://pages.org:443"),
            ("https://pages.org:443", "https://pages.org"),
            ("https://PAGES.org:8443", "HTTPS://pages.org:8443"),
            ("https://*.pages.org", "https://a.pages.org"),
            ("null", "null"),
            ("NULL", "null"),
            ("file://", "file://"),
            ("app://.", "app://."),
            ("capacitor://localhost", "capacitor://localhost"),
        ],
    )
    def test_let_in_what_they_name(self, allowed, origin):
        with override_settings(ALLOWED_HOSTS=["testserver"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": [allowed]}):
            assert refusal(HOST, [origin]) is None

    @pytest.mark.parametrize(
        ("allowed", "origin"),
        [
            ("pages.org", "http://testserver"),
            ("pages.org", "https://a.pages.org"),
            ("pages.org", "null"),
            (".cdn.net", "https://evilcdn.net"),
            ("https://pages.org", "http://pages.org"),
            ("https://pages.org", "https://pages.org:8443"),
            ("https://*.pages.org", "https://pages.org"),
            ("null", "http://null.org"),
            ("file://", "file://host"),
        ],
    )
    def test_let_in_nothing_else(self, allowed, origin):
        with override_settings(ALLOWED_HOSTS=["testserver"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": [allowed]}):
            assert refusal(HOST, [origin]) == (
                f"the origin {origin!r} fits no entry of TORNADO_WEBSOCKETS['ALLOWED_ORIGINS']: add it there to let "
                "it in"
            )

    @OTHER_PAGES
    def test_do_not_concern_the_host(self):
        assert refusal(["pages.org"], []) is not None

    @override_settings(ALLOWED_HOSTS=["testserver"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": []})
    def test_that_are_empty_let_no_browser_in(self):
        assert refusal(HOST, ["http://testserver"]) is not None
        assert refusal(HOST, []) is None


class TestAsterisk:
    @override_settings(ALLOWED_HOSTS=["*"], TORNADO_WEBSOCKETS={})
    def test_in_allowed_hosts_lets_no_page_of_another_site_in(self):
        assert refusal(["anything"], ["http://anything"]) is None
        assert refusal(["anything"], ["http://anywhere.org"]) is not None

    @override_settings(ALLOWED_HOSTS=["testserver"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": ["*"]})
    @pytest.mark.parametrize(
        "origin", ["http://anywhere.org", "null", "file://", "app://.", "capacitor://localhost", "https://a_b.org"]
    )
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
