"""An element's connection lives as long as the element, and nothing is missed or shown twice."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.fragments.conftest import HEAD, Visit, make_page
from tests.browser.wire import WireSite
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

ADD = """
path => {
  const element = document.createElement("section");
  element.innerHTML = `<div data-websocket="${path}"><ul></ul></div>`;
  document.body.append(element);
}
"""
MODULE = '<script type="module" src="/static/tornado_websockets/fragments.min.mjs"></script>'


async def test_it_comes_and_goes_with_its_element(visit: Visit, site: WireSite) -> None:
    page = await visit('<main></main><p data-websocket=""></p>', connections=0)
    await page.evaluate(ADD, "/room")
    await site.wait_for_connections(1)
    await expect(page.locator("section [data-websocket]")).to_have_attribute("data-websocket-state", "open")

    # Moved, and given another attribute: the same connection.
    await page.evaluate("document.querySelector('main').append(document.querySelector('section'))")
    await page.evaluate("document.querySelector('section div').dataset.websocket = '/room'")
    await site.show("ul", "<li>moved</li>")
    await expect(page.locator("li")).to_have_text("moved")
    assert site.opened == ["/ws/room"]

    await page.evaluate("document.querySelector('section div').dataset.websocket = '/other'")
    await until(lambda: list(site.connections.values()) == ["/ws/other"] and len(site.since) == 2)
    assert site.since[1] is None  # where the one path stood means nothing to the other
    await site.show("ul", "<li>other</li>", path="/ws/other")
    await expect(page.locator("li")).to_have_text(["moved", "other"])

    await page.evaluate("document.querySelector('section').remove()")
    await site.wait_for_connections(0)


async def test_an_element_that_is_put_back_has_missed_nothing(visit: Visit, site: WireSite) -> None:
    page = await visit('<div data-websocket="/room"><ul></ul></div>')
    await site.show("ul", "<li>1</li>")
    await expect(page.locator("li")).to_have_count(1)
    await page.evaluate("window.kept = document.querySelector('div'); kept.remove()")
    await site.wait_for_connections(0)
    await site.show("ul", "<li>2</li>")
    await page.evaluate("document.body.append(kept)")
    await expect(page.locator("li")).to_have_text(["1", "2"])


async def test_a_page_gets_what_came_since_it_was_made_and_misses_nothing_by_restarts(
    visit: Visit, site: WireSite
) -> None:
    since = site.position
    await site.show("ul", "<li>0</li>")
    page = await visit(f'<div data-websocket="/room" data-since="{since}"><ul></ul></div>', script=MODULE)
    expected = ["0"]
    for number in (1, 2):
        await site.show("ul", f"<li>{number} before</li>")
        await site.stop()
        await site.show("ul", f"<li>{number} meanwhile</li>")
        await site.start()
        await site.wait_for_connections()
        await site.show("ul", f"<li>{number} after</li>")
        expected += [f"{number} before", f"{number} meanwhile", f"{number} after"]
        await expect(page.locator("li")).to_have_text(expected)


async def test_a_page_may_have_the_script_twice_and_the_client_too(visit: Visit, site: WireSite) -> None:
    client = '<script src="/static/tornado_websockets/tornadowebsocket.js"></script>'
    script = '<script src="/static/tornado_websockets/fragments.js"></script>'
    page = await visit('<div data-websocket="/room"><ul></ul></div>', script=client + script + MODULE)
    await site.show("ul", "<li>1</li>")
    await expect(page.locator("li")).to_have_count(1)
    assert site.opened == ["/ws/room"]


# What was missed for good.


def lists(site: WireSite, *texts: str) -> str:
    """A page that shows what it is told, and where the path stands."""
    items = "".join(f'<li id="{text}">{text}</li>' for text in texts)
    room = f'<div data-websocket="/room" data-since="{site.position}">'
    return f"{room}<ul id='list' data-refresh>{items}</ul></div><p data-refresh>{len(texts)}</p>"


async def test_when_a_recovery_fails_the_page_is_read_again_and_goes_on_from_there(
    visit: Visit, site: WireSite
) -> None:
    page = await visit(lists(site, "a"))
    await page.evaluate("window.isSame = true")
    await site.stop()
    site.forget()
    site.pages["/"] = make_page(lists(site, "a", "b"))
    # After the page was made, which knows nothing of it.
    await site.show("#list", '<li id="c">c</li><li id="b">B</li>')
    await site.start()

    await expect(page.locator("li")).to_have_text(["a", "B", "c"])
    await expect(page.locator("p")).to_have_text("2")
    await site.show("#list", "<li>d</li>")
    await expect(page.locator("li")).to_have_text(["a", "B", "c", "d"])
    assert await page.evaluate("window.isSame")
    assert len(site.connections) == 1


async def test_a_gap_has_the_page_read_again_as_often_as_it_takes(visit: Visit, site: WireSite) -> None:
    page = await visit(lists(site, "a"))
    site.status = site.status.SERVICE_UNAVAILABLE
    site.pages["/"] = make_page(lists(site, "a", "b"))
    before = site.requested.count("/")
    for connection in site.connections:
        await connection.send('{"event": "tws.gap", "data": {}}')
    await site.wait_for_requests("/", before + 1)
    site.status = site.status.OK
    await expect(page.locator("li")).to_have_text(["a", "b"])


async def test_what_comes_while_the_page_is_fetched_is_shown_when_it_is_there(visit: Visit, site: WireSite) -> None:
    page = await visit('<ul data-websocket="/room" data-refresh><li>old</li></ul>')
    site.pages["/"] = make_page('<ul data-websocket="/room" data-refresh><li>new</li></ul>')
    site.serving.clear()
    await site.publish("tws.gap", {})
    await site.wait_for_requests("/", 2)
    await site.show("ul", "<li>meanwhile</li>")
    await site.publish("said", {"text": "behind it"})
    site.serving.set()
    await expect(page.locator("li")).to_have_text(["new", "meanwhile"])


async def test_an_element_that_is_put_back_while_its_page_is_fetched_has_one_connection(
    visit: Visit, site: WireSite
) -> None:
    page = await visit(lists(site, "a"))
    site.forget()  # so that what was missed is not to be had any more
    site.pages["/"] = make_page(lists(site, "a", "b"))
    site.serving.clear()
    for connection in site.connections:
        connection.transport.abort()
    await site.wait_for_requests("/", 2)
    await page.evaluate("window.kept = document.querySelector('[data-websocket]'); kept.remove()")
    await site.wait_for_connections(0)
    await page.evaluate("document.body.append(kept)")
    await site.wait_for_connections(1)
    site.serving.set()
    await expect(page.locator("li")).to_have_text(["a", "b"])
    await site.wait_for_connections(1)
    await site.show("#list", "<li>c</li>")
    await expect(page.locator("li")).to_have_text(["a", "b", "c"])
    assert len(site.opened) == 4  # at first, after the loss, when it was put back, and when that had read the page


async def test_an_element_that_is_given_another_path_hears_no_more_of_the_one_before(
    visit: Visit, site: WireSite
) -> None:
    page = await visit(lists(site, "a"))
    site.pages["/"] = make_page(lists(site, "a", "b"))
    site.serving.clear()
    for connection in site.connections:
        await connection.send('{"event": "tws.gap", "data": {}}')
    await site.wait_for_requests("/", 2)
    await page.evaluate("document.querySelector('[data-websocket]').dataset.websocket = '/other'")
    await until(lambda: list(site.connections.values()) == ["/ws/other"])
    site.serving.set()
    await page.evaluate("fetch('/favicon.ico').then(({ status }) => status)")  # what was fetched before it has come
    await site.wait_for_connections(1)
    await site.show("#list", "<li>room</li>")
    await site.show("#list", "<li>other</li>", path="/ws/other")
    await expect(page.locator("li")).to_have_text(["a", "other"])
    assert site.opened == ["/ws/room", "/ws/other"]


async def test_what_another_connection_shows_is_left_alone(visit: Visit, site: WireSite) -> None:
    other = '<div data-websocket="/other"><b data-refresh>%s</b></div>'
    page = await visit(lists(site, "a") + other % "newer", connections=2)
    site.pages["/"] = make_page(lists(site, "a", "b") + other % "older")
    for connection, path in site.connections.items():
        if path == "/ws/room":
            await connection.send('{"event": "tws.gap", "data": {}}')
    await expect(page.locator("li")).to_have_text(["a", "b"])
    await expect(page.locator("b")).to_have_text("newer")
    assert sorted(site.opened) == ["/ws/other", "/ws/room", "/ws/room"]


@pytest.mark.parametrize("body", ["<p>%s</p>", "<p data-refresh>%s</p>"], ids=["nothing to refresh", "another page"])
async def test_a_page_reloads_where_nothing_else_helps(visit: Visit, site: WireSite, body: str) -> None:
    room = f'<div data-websocket="/room" data-since="{site.position}">'
    page = await visit(f"{room}{body % 'old'}</div>")
    site.forget()
    site.pages["/"] = f"{HEAD}<main>new</main>"
    for connection in site.connections:
        await connection.send('{"event": "tws.gap", "data": {}}')
    await expect(page.locator("main")).to_have_text("new")


async def test_a_page_does_not_reload_while_its_server_is_away(browser: Browser, site: WireSite) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    await page.clock.install()
    site.pages["/"] = make_page('<div data-websocket="/room"></div>')
    await page.goto(f"{site.url}/")
    await site.wait_for_connections()
    await page.clock.pause_at(await page.evaluate("Date.now() + 1_000"))
    await site.publish("tws.gap", {})
    await page.wait_for_function("sessionStorage.length")  # it will reload in a moment
    await site.stop()
    room = page.locator("[data-websocket]")
    await expect(room).to_have_attribute("data-websocket-state", "reconnecting")
    await page.clock.run_for(5_000)
    await expect(room).to_have_attribute("data-websocket-state", "reconnecting")

    site.pages["/"] = f"{HEAD}<main>new</main>"
    await site.start()
    await page.clock.resume()
    await expect(page.locator("main")).to_have_text("new")
    assert visited == [f"{site.url}/"] * 2
    await context.close()


async def test_a_page_that_cannot_recover_reloads_ever_more_slowly(visit: Visit, site: WireSite) -> None:
    unknown = site.position
    site.forget()
    page = await visit(f'<div data-websocket="/room" data-since="{unknown}"></div>')
    await site.wait_for_requests("/", 2)
    site.pages["/"] = f"{HEAD}<main>the third</main>"
    await expect(page.locator("main")).to_have_text("the third")
    _, second, third = [at for path, at in zip(site.requested, site.requested_at, strict=True) if path == "/"]
    assert third - second > 1  # the pause is between half and all of two seconds


async def test_without_history_a_return_refreshes_and_reloads_nothing(visit: Visit, site: WireSite) -> None:
    site.has_history = False
    page = await visit('<div data-websocket="/room"><ul></ul></div><input>')
    await page.locator("input").fill("typed")
    await site.stop()
    await site.start()
    await site.wait_for_connections()
    await site.show("ul", "<li>1</li>")
    await expect(page.locator("li")).to_have_text("1")
    await expect(page.locator("input")).to_have_value("typed")


async def test_without_history_the_return_of_one_connection_reads_nothing_of_another_again(
    browser: Browser, site: WireSite
) -> None:
    site.has_history = False
    context = await browser.new_context()
    page = await context.new_page()
    await page.clock.install()
    other = '<div data-websocket="/other"><b data-refresh>old</b></div>'
    site.pages["/"] = make_page(f'<div data-websocket="/room"><ul></ul></div>{other}<input>')
    await page.goto(f"{site.url}/")
    await site.wait_for_connections(2)
    [room] = [connection for connection, path in site.connections.items() if path == "/ws/room"]
    room.transport.abort()
    await until(lambda: site.opened.count("/ws/room") == 2)
    await site.wait_for_connections(2)
    await site.show("ul", "<li>1</li>")
    await expect(page.locator("li")).to_have_text("1")
    await page.clock.run_for(5_000)
    await page.evaluate("fetch('/favicon.ico').then(({ status }) => status)")  # what was fetched before it has come
    assert site.requested.count("/") == 1
    await context.close()
