"""What comes as HTML is put in its place, and nothing of it runs."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.fragments.conftest import Visit
from tests.browser.wire import WireSite

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests

LIST = '<div data-websocket="/room"><ul id="list"><li id="a">a</li><li id="b">b</li></ul></div>'

#: What a swap of `<i>new</i>` at #list makes of the element in LIST.
SWAPPED = {
    "innerHTML": '<ul id="list"><i>new</i></ul>',
    "outerHTML": "<i>new</i>",
    "beforebegin": '<i>new</i><ul id="list">AB</ul>',
    "afterbegin": '<ul id="list"><i>new</i>AB</ul>',
    "beforeend": '<ul id="list">AB<i>new</i></ul>',
    "afterend": '<ul id="list">AB</ul><i>new</i>',
    "delete": "",
}
RESTORE = "html => { document.querySelector('[data-websocket]').innerHTML = html }"
INNER = "document.querySelector('[data-websocket]').innerHTML"


async def wait_for_html(page: Page, html: str) -> None:
    await page.wait_for_function(f"html => {INNER} === html", arg=html)


async def test_a_swap_is_what_its_name_is_in_htmx(visit: Visit, site: WireSite) -> None:
    page = await visit(LIST)
    before = await page.evaluate(INNER)
    for swap, after in SWAPPED.items():
        await page.evaluate(RESTORE, before)
        await site.show("#list", "<i>new</i>", swap)
        await wait_for_html(page, after.replace("AB", '<li id="a">a</li><li id="b">b</li>'))


async def test_what_is_there_already_is_replaced_whatever_the_swap(visit: Visit, site: WireSite) -> None:
    page = await visit(LIST)
    for swap in SWAPPED.keys() - {"delete"}:
        await site.show("#list", f' <li id="b">{swap}</li>\n', swap)
        await wait_for_html(page, f'<ul id="list"><li id="a">a</li><li id="b">{swap}</li></ul>')


async def test_what_is_new_is_swapped_and_what_is_known_replaced(visit: Visit, site: WireSite) -> None:
    page = await visit(LIST)
    await site.show("#list", '<li id="a">A</li><li id="c">c</li>')
    await wait_for_html(page, '<ul id="list"><li id="a">A</li><li id="b">b</li><li id="c">c</li></ul>')
    await site.show("#list", '<li id="b">b</li><li id="d">d</li>', "innerHTML")
    await wait_for_html(page, '<ul id="list"><li id="b">b</li><li id="d">d</li></ul>')


FORM = """<form id="item-3" data-emit="change"><input type="hidden" name="id" value="3">
<input name="children" value="2"><input name="attributes"><input name="contains"><input name="matches">
<button name="remove">x</button><input name="before"><input name="after"></form>"""


async def test_fields_of_a_form_may_be_named_as_what_elements_have(visit: Visit, site: WireSite) -> None:
    page = await visit(f'<main data-websocket="/room">{FORM}</main>')
    await page.locator("[name=children]").fill("4")
    await site.show("#item-3", FORM.replace('value="3"', 'value="4"'))
    await expect(page.locator("form")).to_have_count(1)
    await expect(page.locator("[name=id]")).to_have_value("4")
    await expect(page.locator("[name=children]")).to_be_focused()
    await expect(page.locator("[name=children]")).to_have_value("4")
    for swap in ("beforebegin", "afterend"):
        await site.show("#item-3", "<i>line</i>", swap)
    await expect(page.locator("i")).to_have_count(2)
    await site.show("#item-3", "", "delete")
    await expect(page.locator("form")).to_have_count(0)


async def test_rows_need_no_table_around_them(visit: Visit, site: WireSite) -> None:
    page = await visit('<table data-websocket="/room"><tbody id="rows"></tbody></table>')
    await site.show("#rows", "<tr><td>1</td></tr>")
    await wait_for_html(page, '<tbody id="rows"><tr><td>1</td></tr></tbody>')


async def test_a_target_is_sought_within_the_element(visit: Visit, site: WireSite) -> None:
    page = await visit('<p class="x">out</p><div class="y" data-websocket="/room"><p class="x">in</p></div>')
    await site.show(".x", "!")
    await site.show("#none", "?")
    await site.show(".y", "<b>self</b>")
    await expect(page.locator("b")).to_have_text("self")
    assert await page.locator("body > .x").inner_html() == "out"
    await wait_for_html(page, '<p class="x">in!</p><b>self</b>')


async def test_one_fragment_that_is_wrong_is_no_others_trouble(site: WireSite, browser: Browser) -> None:
    site.pages["/"] = '<script src="/static/tornado_websockets/fragments.min.js" defer></script>' + LIST
    page = await browser.new_page()
    logged = []
    page.on("console", lambda message: logged.append(message.text))
    await page.goto(site.url)
    await site.wait_for_connections()
    await site.show("##", "x")
    await site.show("#list", "x", "sideways")
    await site.show("#list", "<i>new</i>")
    await expect(page.locator("i")).to_have_text("new")
    assert ["SyntaxError" in logged[0], "Expected swap to be one of" in logged[1]] == [True, True]
    await page.close()


#: Each would run without a Content Security Policy.
SCRIPTS = """
<script>window.ran = "script"</script>
<script src="/ran.js"></script>
<script type="module">window.ran = "module"</script>
<img src="/none.png" onerror="window.ran = 'onerror'">
<svg><script>window.ran = "svg"</script><a xlink:href="javascript:window.ran = 'xlink'"><text>x</text></a></svg>
<a id="link" href=" java\tscript:window.ran = 'href'">link</a>
<iframe srcdoc="<script>parent.ran = 'srcdoc'</script>"></iframe>
<details open ontoggle="window.ran = 'ontoggle'"></details>
<form onpointerover="window.ran = 'hidden by its fields'"><input name="attributes"><input name="attributes">
<input name="removeAttribute">form</form>
<svg><a><animate attributeName="href" values="javascript:window.ran = 'animate'"/><text id="moved" y="9">x</text></a>
</svg>
<svg><a id="aim"><text id="listed" y="9">x</text></a>
<animate href="#aim" attributeName="href" dur="1ms" fill="freeze" values="#;javascript:window.ran = 'list'"/></svg>
<iframe src="data:text/html,<script>parent.postMessage('iframe', '*')</script>"></iframe>
<embed src="data:text/html,<script>parent.postMessage('embed', '*')</script>">
<object data=" data:text/html,<script>parent.postMessage('object', '*')</script>"></object>
<base href="https://elsewhere.example/">
<b hx-on:click="window.ran = 'hx-on'" data-hx-on="click: window.ran = 'hx-on'">htmx</b>
<p id="end">end</p>
"""


async def test_no_script_runs_also_where_no_policy_forbids_it(visit: Visit, site: WireSite) -> None:
    site.csp = ""
    site.pages |= {"/ran.js": 'window.ran = "src"', "/none.png": ""}
    page = await visit(LIST)
    await page.evaluate("window.addEventListener('message', ({ data }) => (window.ran = data))")
    await site.show("#list", SCRIPTS)
    assert await page.locator("b").evaluate("(element) => element.attributes.length") == 0
    for each in ("#link", "form", "#moved", "#listed"):
        await page.locator(each).click()
    # Whatever would run has had its time when another document is there.
    await page.evaluate("new Promise(resolve => setTimeout(resolve, 100))")
    assert await page.evaluate("typeof window.ran") == "undefined"
    assert await page.locator("#end").inner_text() == "end"
    assert "/ran.js" not in site.requested
    assert await page.evaluate("document.baseURI.startsWith(location.origin)")


async def test_htmx_is_given_what_came(visit: Visit, site: WireSite) -> None:
    site.pages["/htmx.js"] = "window.htmx = {given: [], process(element) { this.given.push(element.outerHTML) }}"
    page = await visit(LIST + '<script src="/htmx.js"></script>')
    await site.show("#list", '<li hx-get="/x">1</li>text<li id="a" hx-get="/y">2</li>')
    await site.show("#list", "<b>3</b>")
    await expect(page.locator("b")).to_have_text("3")
    assert await page.evaluate("htmx.given") == [
        '<li hx-get="/x">1</li>',
        '<li id="a" hx-get="/y">2</li>',
        "<b>3</b>",
    ]


async def test_a_page_may_insist_on_trusted_types(visit: Visit, site: WireSite) -> None:
    site.csp = "default-src 'self'; require-trusted-types-for 'script'; trusted-types tornado_websockets"
    page = await visit(LIST)
    await site.show("#list", "<i>new</i>")
    await expect(page.locator("i")).to_have_text("new")


STYLE = '<link rel="stylesheet" href="/style.css">'
CARD = '<div id="card" class="%s"><ul id="inner">%s</ul><input name="text" value="old"></div>'


async def test_who_types_and_reads_stays_there(visit: Visit, site: WireSite) -> None:
    lines = "<li>line</li>" * 100
    site.pages["/style.css"] = "#inner { height: 100px; overflow: auto; scroll-behavior: smooth }"
    page = await visit(f'{STYLE}<div data-websocket="/room">{CARD % ("first", lines)}</div>')
    await page.locator("#inner").evaluate("element => element.scrollTo({top: 300, behavior: 'instant'})")
    await page.locator("input").fill("what I type")
    await page.locator("input").evaluate("element => element.setSelectionRange(2, 5)")

    for target, swap in (("#card", "beforeend"), ("#card", "outerHTML"), ("[data-websocket]", "innerHTML")):
        await site.show(target, CARD % (swap, lines), swap)
        await expect(page.locator("#card")).to_have_class(swap)
        assert await page.locator("#inner").evaluate("element => element.scrollTop") == 300
        assert await page.locator("input").evaluate(
            "it => [it === document.activeElement, it.value, it.selectionStart, it.selectionEnd]"
        ) == [True, "what I type", 2, 5]


async def test_a_button_without_a_name_keeps_the_focus_and_one_that_goes_leaves_it_nearby(
    visit: Visit, site: WireSite
) -> None:
    page = await visit('<div data-websocket="/room"><p id="a"><span>1</span><button>x</button></p></div>')
    await page.locator("button").focus()
    await site.show("#a", '<p id="a"><span>2</span><button>y</button></p>')
    await expect(page.locator("button")).to_have_text("y")
    await expect(page.locator("button")).to_be_focused()

    await site.show("#a", "", "delete")
    await expect(page.locator("#a")).to_have_count(0)
    await expect(page.locator("[data-websocket]")).to_be_focused()
