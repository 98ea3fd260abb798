"""What all pages of the example have in common: the way between them, and that nobody is shut out."""

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.axe import fetch_axe, find_barriers
from tests.browser.chromium import collect_errors
from tests.example.chat_server import ChatServer, manage
from tests.example.conftest import Arrive, ComeIn
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

PAGES = {"Chat": "/", "Import": "/import/", "Counter": "/counter/", "Assistant": "/assistant/"}
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    return await asyncio.to_thread(fetch_axe, tmp_path_factory.mktemp("axe"))


async def use(visitor: Visitor, name: str) -> None:
    """Let a page show what it shows to somebody who uses it."""
    if name == "Chat":
        await visitor.join("Ana")
        await visitor.say("Hello")
        await expect(visitor.texts).to_have_text(["Hello"])
    elif name == "Import":
        table = b"at,temperature,humidity,wind\n2030-01-01T00:00Z,1.5,50,2\nsoon,1.5,50,2\n"
        file = {"name": "mine.csv", "mimeType": "text/csv", "buffer": table}
        await visitor.page.get_by_label("Your file").set_input_files(file)
        await visitor.page.get_by_role("button", name="Import the file").click()
        await expect(visitor.page.locator("#errors li")).to_have_count(1)
    elif name == "Assistant":
        await visitor.page.get_by_label("Your question").fill("Why?")
        await visitor.page.get_by_role("button", name="Ask").click()
        await expect(visitor.page.locator(".answer")).to_contain_text("question 1 of our talk")
    else:
        await visitor.page.get_by_role("button", name="Press").click()
        await expect(visitor.page.locator("#plot .bars rect")).not_to_have_count(0)


async def test_each_page_leads_to_the_others(arrive: Arrive) -> None:
    visitor = await arrive()
    for name in ("Import", "Counter", "Assistant", "Chat"):
        await visitor.page.get_by_role("navigation").get_by_role("link", name=name).click()
        await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(name)
        await expect(visitor.page.locator("nav [aria-current=page]")).to_have_text(name)
        await expect(visitor.status).to_have_text("Connected")
        await expect(visitor.bell).to_have_count(0)  # for who has a name


async def test_keys_lead_to_the_content_first(arrive: Arrive) -> None:
    visitor = await arrive("counter/")
    for key in ("Tab", "Enter", "Tab"):
        await visitor.page.keyboard.press(key)
    await expect(visitor.page.get_by_role("button", name="Press")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
async def test_nobody_is_shut_out(arrive: Arrive, axe: str, name: str, scheme: str) -> None:
    visitor = await arrive(PAGES[name].removeprefix("/"))
    page = visitor.page
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert await find_barriers(page, axe) == []

    await use(visitor, name)

    for size in (DESKTOP, PHONE):
        await page.set_viewport_size(size)
        await page.locator("#how").evaluate("(panel) => (panel.open = true)")
        assert await find_barriers(page, axe) == []
        # Nothing is wider than the window.
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]


async def log_in_staff(page: Page, server: ChatServer) -> None:
    options = ("--noinput", "--username", "grace", "--email", "grace@example.org")
    await manage(server.database, "createsuperuser", *options, DJANGO_SUPERUSER_PASSWORD="the compiler")
    await page.goto(f"{server.url}admin/login/?next=/websockets/")
    await page.get_by_label("Username").fill("grace")
    await page.get_by_label("Password").fill("the compiler")
    await page.get_by_role("button", name="Log in").click()


async def look_everywhere(page: Page, axe: str) -> None:
    """Nobody is shut out, and nothing is wider than the window, on windows of both kinds, and in both colours."""
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert await find_barriers(page, axe) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"]


async def test_notes_shut_nobody_out(come_in: ComeIn, axe: str) -> None:
    ana, ben = await come_in("Ana"), await come_in("Ben")
    for page in (ana.page, ben.page):
        await page.locator("#how").evaluate("(panel) => (panel.open = true)")
    await look_everywhere(ben.page, axe)
    await ben.page.get_by_label("To", exact=True).select_option(label="Ana · here")
    await ben.page.get_by_label("Note", exact=True).fill("Lunch?")
    await ben.page.keyboard.press("Enter")
    await expect(ana.page.locator("#rung")).to_have_text("Ben: Lunch?")
    await ana.page.locator("#kicked").evaluate("(notice) => (notice.hidden = false)")
    await look_everywhere(ana.page, axe)


# A form of all kinds of fields is filled in: what it reads, before and after, and what it complains of.
FILL_IN = """async () => {
  const { SchemaForm } = await import("./assets/form.mjs");
  const { byId } = await import("./assets/elements.mjs");
  const at = { type: "object", title: "Place", required: ["x"], properties: { x: { type: "number" } } };
  const form = new SchemaForm({
    type: "object",
    required: ["name", "kind", "at"],
    properties: {
      name: { type: "string", description: "<i>yours</i>" },
      kind: { enum: ["a", "b"] },
      at: { $ref: "#/$defs/At" },
      note: { anyOf: [{ type: "string" }, { type: "null" }] },
      urgent: { type: "boolean" },
      tags: { type: "array", items: { type: "string" } },
      more: { $ref: "#/$defs/At", description: "or not" },
      rest: {},
    },
  }, { At: at });
  byId("try-fields").replaceChildren(form.element);
  byId("try-fields").hidden = false;
  const [place] = form.element.querySelectorAll("input[type=number]");
  let complaint = null;
  try { form.read() } catch (error) { complaint = error.path }
  place.value = "1.5";
  const before = form.read();
  form.element.querySelectorAll("select")[1].value = "2";
  form.element.querySelector("input[type=checkbox]").click();
  form.element.querySelectorAll("input[type=number]")[1].value = "2";
  [...form.element.querySelectorAll("button")].find((each) => each.textContent === "Add one").click();
  form.element.querySelector(".item input").value = "new";
  form.element.querySelector("textarea").value = "[1]";
  const after = form.read();
  form.show([{ path: "at.x", message: "Too far." }]);
  return { complaint, before, after, error: place.parentElement.querySelector(".error").textContent };
}"""


async def test_the_staff_looks_disconnects_and_tries_things_out(
    browser: Browser, chat_server: ChatServer, arrive: Arrive, axe: str
) -> None:
    page = await (await browser.new_context()).new_page()
    await log_in_staff(page, chat_server)
    errors = collect_errors(page)
    ana = await arrive("counter/")

    row = page.get_by_role("table", name="Connections").get_by_role("row", name="/counter")
    await expect(row).to_have_count(1)
    await expect(page.locator("#status")).to_have_text("Live")
    await expect(page.get_by_role("table", name="Users")).to_contain_text("grace")
    await look_everywhere(page, axe)

    await row.get_by_role("button", name="Disconnect").click()
    assert await find_barriers(page, axe) == []
    await page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    await expect(ana.status).to_have_text("Disconnected")
    await expect(row).to_have_count(0)
    assert any("grace" in line and "disconnects" in line and "/counter" in line for line in chat_server.log)

    await page.get_by_role("tab", name="Live").focus()
    await page.keyboard.press("ArrowRight")
    await page.get_by_label("Path", exact=True).select_option("/shopping")
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.locator("#try-status")).to_have_text("Connected")
    await page.get_by_label("Event", exact=True).select_option("add")
    text, reply = page.locator("#try-fields input"), page.locator("#reply")
    await text.fill("<b>Tea</b>")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#reply-time")).to_have_text(re.compile(r"^after \d+\.\d ms$"))
    await page.get_by_role("button", name="Send").click()
    await expect(reply).to_contain_text("invalid_data")
    await expect(page.locator("#try-fields .error")).to_have_text("It is on the list already.")
    await expect(page.locator("#frames code").first).to_contain_text('"id":2,"error"')

    assert await page.evaluate(FILL_IN) == {
        "complaint": "at.x",
        "before": {"name": "", "kind": "a", "at": {"x": 1.5}},
        "after": {
            "name": "",
            "kind": "a",
            "at": {"x": 1.5},
            "urgent": False,
            "tags": ["new"],
            "more": {"x": 2},
            "rest": [1],
        },
        "error": "Too far.",
    }
    await look_everywhere(page, axe)

    await page.context.clear_cookies()  # with DEBUG, from this machine
    await page.goto(f"{chat_server.url}websockets/")
    await expect(page.get_by_label("Path", exact=True)).to_contain_text("/chat")
    await expect(page.get_by_role("tab")).to_have_count(0)
    assert errors == []
    await page.context.close()
