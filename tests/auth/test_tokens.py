"""Who clients are that have a token, on every transport: it never falls back to a cookie."""

import pytest

from tests.support.asgi import Server
from tests.support.client import Refused
from tests.support.transports import SERVERS, Servers, transport

KINDS = (*SERVERS, "hypercorn", "granian")


@pytest.fixture(params=KINDS)
async def anywhere(request: pytest.FixtureRequest, servers: Servers):
    """Each of the servers."""
    async with transport(request.param, servers).visit() as server:
        yield server


async def log_in(server: Server, name: str) -> dict[str, str]:
    """The cookie of somebody who has logged in."""
    response = await server.request(f"/accounts/log-in/{name}")
    return {"Cookie": f"sessionid={response.cookies['sessionid']}"}


async def who(server: Server, path: str, *offered: str, **headers: str) -> dict[str, object]:
    client = await server.connect(f"/tokens{path}", headers, subprotocols=offered or None)
    return {**await client.request("who"), "selected": client.selected}


async def status(server: Server, path: str, *offered: str, **headers: str) -> int:
    try:
        await server.connect(f"/tokens{path}", headers, subprotocols=offered or None)
    except Refused as refusal:
        return refusal.status
    return 101


async def test_a_token_behind_bearer_says_who_it_is(anywhere):
    found = await who(anywhere, "/bots", "bearer.b64", "Ym90PWpv")
    assert found == {"user": "jo", "token": True, "subprotocol": None, "query": {}, "selected": "bearer.b64"}


async def test_a_header_says_who_it_is(anywhere):
    found = await who(anywhere, "/bots?a=1", Authorization="Bearer bot=jo")
    assert found == {"user": "jo", "token": True, "subprotocol": None, "query": {"a": "1"}, "selected": None}


async def test_the_first_of_the_clients_protocols_is_selected(anywhere):
    found = await who(anywhere, "/bots", "v1.chat", "v2.chat", "v3.chat", "bearer.b64", "Ym90PWpv")
    assert (found["selected"], found["subprotocol"], found["user"]) == ("v2.chat", "v2.chat", "jo")


async def test_an_unknown_protocol_is_not_selected(anywhere):
    found = await who(anywhere, "/bots", "v1.chat")
    assert (found["selected"], found["user"]) == (None, "AnonymousUser")
    await anywhere.log.wait_for(
        r"Selected no subprotocol at '/ws/tokens/bots': .* is not listed \(v3\.chat, v2\.chat\)$"
    )
    assert "v1.chat" not in anywhere.log.text  # it might have been a token without its marker


@pytest.mark.parametrize("path", ["/bots", "/bots-soon", "/cookies", "/bots-or-cookies"])
async def test_a_token_that_nobody_accepts_refuses(anywhere, path):
    assert await status(anywhere, path, "bearer", "wrong") == 403
    await anywhere.log.wait_for(rf"/tokens{path}'.*accepts its token")


async def test_permission_denied_refuses_without_a_traceback(anywhere):
    assert await status(anywhere, "/bots", Authorization="Bearer bot=forbidden") == 403
    await anywhere.log.wait_for(r"authenticate refused it \(PermissionDenied\('<token> is on no list'\)\)")


async def test_a_stateless_jwt_says_who_it_is(anywhere):
    from rest_framework_simplejwt.tokens import AccessToken

    token = AccessToken()
    token["user_id"] = 7
    found = await who(anywhere, "/jwt-stateless", "bearer", str(token))
    assert "7" in str(found["user"])
    assert await status(anywhere, "/jwt-stateless", "bearer", "a.b.c") == 403


async def test_a_token_that_ends_closes_with_4401(anywhere):
    client = await anywhere.connect("/tokens/ending", subprotocols=["bearer", "0.3"])
    assert (await client.request("who"))["user"] == "0.3"
    assert await client.closed() == (4401, "Expired.")


async def test_a_token_that_has_ended_refuses(anywhere):
    assert await status(anywhere, "/ending", "bearer", "-1") == 403


async def test_a_cookie_beats_no_token(anywhere):
    cookie = await log_in(anywhere, "ann")
    assert (await who(anywhere, "/bots-or-cookies", **cookie))["user"] == "ann"
    assert (await who(anywhere, "/bots-or-cookies", Authorization="Bearer bot=jo", **cookie))["user"] == "jo"
    assert await status(anywhere, "/bots-or-cookies", "bearer", "wrong", **cookie) == 403
    assert await status(anywhere, "/cookies", "bearer", "wrong", **cookie) == 403


async def test_other_schemes_leave_a_cookie_its_user(anywhere):
    cookie = await log_in(anywhere, "ann")
    assert (await who(anywhere, "/bots-or-cookies", Authorization="Basic YTpi", **cookie))["user"] == "ann"


async def test_a_path_with_its_own_lets_no_cookie_in(anywhere):
    cookie = await log_in(anywhere, "ann")
    assert (await who(anywhere, "/bots", **cookie))["user"] == "AnonymousUser"


async def test_what_else_fails_is_logged_without_the_token_too(anywhere):
    client = await anywhere.connect("/tokens/quoting", {"Authorization": "Bearer bot=jo-secret"})
    await client.emit("quote")
    error = await anywhere.log.wait_for_error("The handler of 'quote' failed")
    assert "LookupError: no <token>" in error
    assert "RuntimeError: of all" in error
    assert await status(anywhere, "/quoting", "bearer.b64", "Ym90PWJhZC1zZWNyZXQ") == 403
    error = await anywhere.log.wait_for_error("authorize failed")
    assert "LookupError: no <token>" in error
    for form in ("bot=jo-secret", "bot=bad-secret", "Ym90PWJhZC1zZWNyZXQ"):
        assert form not in anywhere.log.text


async def test_what_fails_is_logged_without_the_token(anywhere):
    assert await status(anywhere, "/bots", Authorization="Bearer bot=broken-secret") == 403
    error = await anywhere.log.wait_for_error("authenticate failed")
    assert "cannot read <token>" in error
    assert "broken-secret" not in anywhere.log.text
