"""A person with a browser page on the chat."""

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

CONNECTION_FAILED = "WebSocket connection to"


class Visitor:
    """One page, in a browser context of its own; `errors` collects what its console says is wrong."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.status = page.locator("#status")
        self.people = page.locator("#people li .name")
        self.notes = page.locator(".note")
        self.texts = page.locator(".message .text")
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    async def arrive(cls, browser: Browser, url: str) -> "Visitor":
        """Open the chat in a new context, and wait until it is connected."""
        context = await browser.new_context()
        visitor = cls(await context.new_page())
        await visitor.page.goto(url)
        await expect(visitor.status).to_have_text("Connected")
        return visitor

    async def join(self, name: str) -> None:
        """Enter with a name, and wait for the door to open."""
        await self.page.get_by_label("Your name").fill(name)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_label("Your message")).to_be_focused()

    async def say(self, text: str) -> None:
        await self.page.get_by_label("Your message").fill(text)
        await self.page.keyboard.press("Enter")

    async def leave(self) -> None:
        await self.page.context.close()

    def message(self, text: str) -> Locator:
        return self.page.locator(".message", has_text=text)

    def _hear(self, message: ConsoleMessage) -> None:
        # While a server is down Chromium reports each attempt to connect, which no page can prevent.
        if message.type in {"error", "warning"} and not message.text.startswith(CONNECTION_FAILED):
            self.errors.append(message.text)
