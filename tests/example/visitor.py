"""A person with a browser page on the example."""

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.chromium import collect_errors


class Visitor:
    """One page, in a browser context of its own; `errors` collects what its console says is wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors = collect_errors(page)
        self.status = page.locator("#status")
        self.people = page.locator("#people li .name")
        self.notes = page.locator(".note")
        self.label = page.locator("#bar .progressbar-label")
        self.texts = page.locator(".message .text")
        self.bell = page.locator("#bell")

    @classmethod
    async def arrive(cls, browser: Browser, url: str) -> "Visitor":
        """Open a page in a new context, and wait until it is connected."""
        context = await browser.new_context()
        visitor = cls(await context.new_page())
        await visitor.page.goto(url)
        await expect(visitor.status).to_have_text("Connected")
        return visitor

    @classmethod
    async def come_in(cls, browser: Browser, url: str, name: str) -> "Visitor":
        """Open the notes in a new context, with an account of that name, and wait until the page is connected."""
        context = await browser.new_context()
        visitor = cls(await context.new_page())
        await visitor.page.goto(f"{url}notes/")
        await visitor.page.get_by_label("Your name").fill(name)
        await visitor.page.keyboard.press("Enter")
        await expect(visitor.status).to_have_text("Connected")
        return visitor

    async def join(self, name: str) -> None:
        """Enter with a name, and wait for the door to open."""
        await self.page.get_by_label("Your name").fill(name)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_label("Your message")).to_be_focused()

    async def reload(self) -> None:
        """Load the page anew, and wait until it is connected."""
        await self.page.reload()
        await expect(self.status).to_have_text("Connected")

    async def say(self, text: str) -> None:
        await self.page.get_by_label("Your message").fill(text)
        await self.page.keyboard.press("Enter")

    async def leave(self) -> None:
        await self.page.context.close()

    def message(self, text: str) -> Locator:
        return self.page.locator(".message", has_text=text)
