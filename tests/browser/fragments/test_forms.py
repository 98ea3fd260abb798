"""Forms of pages without a script of their own: what they send, and how they are answered."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.fragments.conftest import Visit, make_page
from tests.browser.wire import RefusedBySite, WireSite

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

FORM = """
<div data-websocket="/room">
  <form method="post" data-emit="say" novalidate>
    <input type="hidden" name="csrfmiddlewaretoken" value="secret">
    <input name="text" aria-describedby="hint"><span id="hint">Hint</span>
    <label><input type="radio" name="to" value="all" checked>All</label>
    <label><input type="radio" name="to" value="one">One</label>
    <button>Send</button>
  </form>
</div>
"""

FIELDS = """
<div data-websocket="/room">
  <form method="post" data-emit="save">
    <input type="hidden" name="id" value="7">
    <input name="number" type="number" value="3">
    <input type="checkbox" name="tag" value="x" checked><input type="checkbox" name="tag" value="y" checked>
    <input type="checkbox" name="one" checked><input type="checkbox" name="off">
    <input name="__proto__" value="p"><input name="disabled" value="1" disabled>
    <textarea name="area">two
lines</textarea>
    <select name="many" multiple><option selected>1</option><option selected>2</option><option>3</option></select>
    <input type="file" name="file">
    <button name="reset" value="yes">Save</button><button name="other" value="no">Other</button>
  </form>
</div>
"""


async def send(page: Page, text: str) -> None:
    await page.locator("[name=text]").fill(text)
    await page.locator("[name=text]").press("Enter")


async def test_fields_are_sent_as_texts_and_lists_of_texts(visit: Visit, site: WireSite) -> None:
    page = await visit(FIELDS)
    await page.get_by_role("button", name="Save").click()
    await site.wait_for_frames()
    [frame] = site.frames
    assert frame["event"] == "save"
    assert frame["data"] == {
        "id": "7",
        "number": "3",
        "tag": ["x", "y"],
        "one": "on",
        "__proto__": "p",
        "area": "two\nlines",
        "many": ["1", "2"],
        "reset": "yes",
    }


async def test_a_form_is_emptied_when_it_was_taken(visit: Visit, site: WireSite) -> None:
    page = await visit(FORM)
    await page.get_by_label("One").check()
    await send(page, "hi")
    await expect(page.locator("[name=text]")).to_have_value("")
    await expect(page.get_by_label("All")).to_be_checked()
    await expect(page.locator("[name=text]")).to_be_focused()
    assert site.frames[0]["data"] == {"text": "hi", "to": "one"}


def refuse(**error: object):
    def handler(data: dict[str, object]) -> dict[str, object]:
        raise RefusedBySite(**error)

    return handler


async def test_a_refusal_is_beside_its_field_until_the_next_attempt(visit: Visit, site: WireSite) -> None:
    fields = [
        {"path": "text", "message": "Too short."},
        {"path": "text", "message": "Too <b>dull</b>."},
        {"path": "to", "message": "Nobody is there."},
        {"path": "csrfmiddlewaretoken", "message": "unseen"},
        {"path": "", "message": "All is wrong."},
    ]
    site.handlers["say"] = refuse(code="invalid_data", message="no", fields=fields)
    page = await visit(FORM)
    text = page.locator("[name=text]")
    await page.get_by_role("button").focus()
    await send(page, "hi")

    error = page.locator('[data-error="text"]')
    await expect(error).to_have_text("Too short. Too <b>dull</b>.")
    await expect(page.locator("[name=text] + [data-error=text]")).to_have_count(1)
    await expect(page.locator("label:has([value=one]) + [data-error=to]")).to_have_text("Nobody is there.")
    await expect(page.get_by_role("alert")).to_have_text("csrfmiddlewaretoken: unseen All is wrong.")
    await expect(text).to_have_attribute("aria-invalid", "true")
    await expect(text).to_have_accessible_description("Hint Too short. Too <b>dull</b>.")
    await expect(text).to_be_focused()
    await expect(text).to_have_value("hi")

    site.handlers["say"] = dict
    await send(page, "hi, again")
    await expect(text).to_have_value("")
    await expect(page.locator("[data-error]")).to_have_count(0)
    await expect(text).to_have_accessible_description("Hint")
    assert await text.get_attribute("aria-invalid") is None


async def test_a_page_has_places_and_words_of_its_own(visit: Visit, site: WireSite) -> None:
    page = await visit(
        """
        <div data-websocket="/room" data-text-full="Voll!">
          <p id="out"></p>
          <form method="post" data-emit="say">
            <p data-error="text" id="place"></p><p data-error="" role="status" id="all"></p><input name="text">
          </form>
        </div>
        """
    )
    site.handlers["say"] = refuse(code="invalid_data", message="", fields=[{"path": "text", "message": "Short."}])
    await send(page, "hi")
    await expect(page.locator("#place")).to_have_text("Short.")
    site.handlers["say"] = refuse(code="full", message="The room is full.")
    await send(page, "hi")
    await expect(page.locator("#all")).to_have_text("Voll!")
    await expect(page.locator("#place")).to_be_empty()
    site.handlers["say"] = refuse(code="closed.today", message="Closed today.")
    await send(page, "hi")
    await expect(page.get_by_role("status")).to_have_text("Closed today.")


async def test_what_is_sent_twice_is_sent_once_and_what_is_typed_meanwhile_stays(visit: Visit, site: WireSite) -> None:
    page = await visit(FORM)
    site.answering.clear()
    await send(page, "hi")
    await expect(page.locator("form")).to_have_attribute("aria-busy", "true")
    await page.get_by_role("button").dblclick()
    await page.locator("[name=text]").fill("next")
    site.answering.set()
    await expect(page.locator("form")).not_to_have_attribute("aria-busy", "true")
    await expect(page.locator("[name=text]")).to_have_value("next")
    await page.get_by_role("button").click()
    await expect(page.locator("[name=text]")).to_have_value("")
    assert [frame["data"]["text"] for frame in site.frames] == ["hi", "next"]


@pytest.mark.parametrize(("attributes", "swap"), [("", "outerHTML"), (' id="say"', "beforeend")])
async def test_a_form_that_its_own_event_replaces_is_emptied_and_sent_once(
    visit: Visit, site: WireSite, attributes: str, swap: str
) -> None:
    form = f'<form method="post" data-emit="say"{attributes}><input name="text"><button>%s</button></form>'
    page = await visit(f'<div data-websocket="/room">{form % "Send"}</div>')
    text = page.locator("[name=text]")
    site.answering.clear()
    await send(page, "hi")
    await site.wait_for_frames()
    await site.show("form", form % "Send more", swap)
    await expect(page.get_by_role("button")).to_have_text("Send more")
    await text.press("Enter")
    site.answering.set()
    await expect(text).to_have_value("")
    await expect(text).to_be_focused()
    await send(page, "again")
    await expect(text).to_have_value("")
    assert [frame["data"]["text"] for frame in site.frames] == ["hi", "again"]


async def test_what_is_typed_after_a_form_was_replaced_stays_in_it_and_in_its_neighbours(
    visit: Visit, site: WireSite
) -> None:
    row = '<li id="row-{0}"><form data-emit="save"><input name="text" aria-label="{0}" value="{1}"></form></li>'
    page = await visit(f'<ul data-websocket="/room">{row.format(1, "one")}{row.format(2, "two")}</ul>')
    first, second = page.get_by_label("1"), page.get_by_label("2")
    site.answering.clear()
    await second.fill("sent")
    await second.press("Enter")
    await site.wait_for_frames()
    await site.show("ul", row.format(2, "saved"))
    await expect(second).to_have_attribute("value", "saved")
    await second.fill("typed since")
    await first.fill("sent")
    site.answering.set()
    await first.press("Enter")
    await expect(first).to_have_value("one")
    await expect(second).to_have_value("typed since")
    assert len(site.frames) == 2


async def test_a_refusal_is_shown_where_the_form_is_now(visit: Visit, site: WireSite) -> None:
    row = '<li id="row-{0}"><form data-emit="save"><input name="text" aria-label="{0}"></form></li>'
    page = await visit(f'<ul data-websocket="/room">{row.format(1)}{row.format(2)}</ul>')
    site.handlers["save"] = refuse(code="invalid_data", message="no", fields=[{"path": "text", "message": "Short."}])
    site.answering.clear()
    await page.get_by_label("2").press("Enter")
    await site.wait_for_frames()
    await site.show("ul", row.format(2).replace("<li", "<li class='new'"))
    await expect(page.locator(".new")).to_have_count(1)
    site.answering.set()
    await expect(page.locator("[data-error]")).to_have_text("Short.")
    await expect(page.locator("#row-2 [data-error]")).to_have_count(1)


async def test_a_file_is_refused_beside_its_field_and_nothing_is_sent(visit: Visit, site: WireSite) -> None:
    page = await visit(FIELDS)
    await page.locator("[name=file]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("[name=file] + [data-error=file]")).to_have_text("A file cannot be sent this way.")
    assert site.frames == []


async def test_without_a_connection_a_form_says_so_and_is_sent_once_there_is_one(visit: Visit, site: WireSite) -> None:
    page = await visit(FORM)
    await site.stop()
    await expect(page.locator("[data-websocket]")).to_have_attribute("data-websocket-state", "reconnecting")
    await send(page, "offline")
    await expect(page.get_by_role("status")).to_contain_text("There is no connection.")
    await page.get_by_role("button").click()

    await site.start()
    await expect(page.locator("[name=text]")).to_have_value("")
    await expect(page.get_by_role("status")).to_have_count(0)
    assert [frame["data"]["text"] for frame in site.frames] == ["offline"]


async def test_what_was_never_sent_for_want_of_a_connection_is_told_so(browser: Browser, site: WireSite) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    await page.clock.install()
    site.pages["/"] = make_page(FORM)
    await page.goto(f"{site.url}/")
    await site.wait_for_connections()
    await site.stop()
    await expect(page.locator("[data-websocket]")).to_have_attribute("data-websocket-state", "reconnecting")
    await send(page, "offline")
    await expect(page.get_by_role("status")).to_contain_text("There is no connection.")
    await page.clock.run_for(31_000)
    await expect(page.get_by_role("alert")).to_have_text("There is still no connection. This has not been sent.")
    await expect(page.get_by_role("status")).to_have_count(0)
    await expect(page.locator("[name=text]")).to_have_value("offline")

    await site.start()
    await page.clock.run_for(60_000)
    await site.wait_for_connections()
    site.answering.clear()
    await send(page, "online")
    await site.wait_for_frames()
    await page.clock.run_for(31_000)
    await expect(page.get_by_role("alert")).to_contain_text("There was no answer.")
    assert [frame["data"]["text"] for frame in site.frames] == ["online"]
    await context.close()


async def test_a_line_that_is_lost_before_the_answer_is_told(visit: Visit, site: WireSite) -> None:
    page = await visit(FORM)
    site.answering.clear()
    await send(page, "perhaps")
    await site.wait_for_frames()
    await site.stop()
    site.answering.set()
    await expect(page.get_by_role("alert")).to_contain_text("The connection was lost.")
    await expect(page.locator("[name=text]")).to_have_value("perhaps")
    await site.start()


async def test_a_form_without_a_connection_around_it_is_the_browsers(visit: Visit, site: WireSite) -> None:
    page = await visit('<i data-websocket="/room"></i><form method="get" data-emit="say"><button>Go</button></form>')
    async with page.expect_navigation():
        await page.get_by_role("button").click()
    assert site.frames == []
