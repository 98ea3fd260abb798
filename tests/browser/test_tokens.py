"""How a page says by a token who it is, and which subprotocols a browser takes."""

import pytest
from playwright.async_api import Page

from tests.browser.pages import Pages

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),  # one browser for all tests
    pytest.mark.parametrize("server", ["daphne", "runtornado"], indirect=True),
]

#: What becomes of the browser's own WebSocket with these protocols: the one that is selected, or the close code.
PLAIN = """
(protocols) => new Promise((resolve) => {
  const socket = new WebSocket(`ws://${location.host}/ws/tokens`, protocols);
  socket.onopen = () => resolve(socket.protocol);
  socket.onclose = ({code}) => resolve(code);
})
"""

ASK = """
async ({token, protocols}) => {
  const tws = new TornadoWebSocket("/tokens", {token, protocols, reconnect: false});
  const answer = await tws.request("who");
  tws.close();
  return {...answer, selected: tws.websocket?.protocol};
}
"""

#: Tokens that end after half a second, the last of them after an hour; when the last has opened, what has happened.
RENEW = """
() => new Promise((resolve) => {
  const lifetimes = [0.5, 3600, 3600];
  const happened = [];
  const token = async () => `ann:${lifetimes[happened.filter((each) => each === "asked").length - 1]}`;
  const tws = new TornadoWebSocket("/tokens", {
    token: () => (happened.push("asked"), token()),
    reconnect_delay: 100,
  });
  tws.on("open", () => happened.push("open"));
  tws.on("close", ({code}) => happened.push(code));
  tws.on("reconnected", () => setTimeout(() => (resolve([...happened]), tws.close()), 1000));
})
"""


async def page_of(pages: Pages) -> Page:
    page: Page = (await pages.probe(auto_connect=False)).page
    return page


@pytest.mark.parametrize(
    ("protocols", "expected"),
    [
        (["bearer.b64", "YW5uOjYw"], "bearer.b64"),
        (["v2.chat"], "v2.chat"),
        (["v1.chat", "v2.chat", "bearer.b64", "YW5uOjYw"], "v2.chat"),
        (["v1.chat"], 1006),
        (["bearer", "wrong"], 1006),
        ([], ""),
    ],
)
async def test_the_browser_takes_what_is_selected(pages: Pages, protocols: list[str], expected: str | int) -> None:
    assert await (await page_of(pages)).evaluate(PLAIN, protocols) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"token": "ann:60"}, {"user": "ann", "subprotocol": None}),
        ({"token": "ann:60", "protocols": ["v2.chat"]}, {"user": "ann", "subprotocol": "v2.chat"}),
        ({"protocols": ["v2.chat"]}, {"user": None, "subprotocol": "v2.chat"}),
    ],
)
async def test_the_client_says_who_it_is(pages: Pages, options: dict[str, object], expected: dict[str, object]) -> None:
    answer = await (await page_of(pages)).evaluate(ASK, options)
    assert {name: answer[name] for name in expected} == expected


async def test_after_its_end_the_client_comes_back_once_with_a_fresh_token(pages: Pages) -> None:
    happened = await (await page_of(pages)).evaluate(RENEW)
    assert happened == ["asked", "open", 4401, "asked", "open"]
