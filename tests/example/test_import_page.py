"""The import's page in a real browser, against real servers."""

import contextlib
import datetime as dt
import re
import sqlite3
from itertools import pairwise

import pytest
from playwright.async_api import expect

from tests.example.chat_server import SERVERS, ChatServer
from tests.example.conftest import Arrive
from tests.example.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests
on_every_server = pytest.mark.parametrize("chat_server", sorted(SERVERS), indirect=True)

ROWS = 2400
LONG = 40_000  # milliseconds, for all rows on a busy machine

COLUMNS = "at,temperature,humidity,wind"
ONE_ROW = f"{COLUMNS}\n2030-01-01T00:00Z,1.5,50,2\n"
UNDER_WAY = re.compile(r"Row [1-9][\d,]* of")
MARKUP = "<img src=x onerror=alert(1)>"

# Note when the bar is seen to move.
WATCH = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const value = document.querySelector("[role=progressbar]")?.ariaValueNow;
    if (value && seen.at(-1)?.value !== Number(value)) seen.push({ value: Number(value), at: performance.now() });
  }).observe(document.getElementById("bar"), { subtree: true, attributes: true, childList: true });
}"""


def count_readings(server: ChatServer) -> int:
    with contextlib.closing(sqlite3.connect(server.database)) as connection:
        count: int = connection.execute("SELECT count(*) FROM weather_reading").fetchone()[0]
        return count


def hours(count: int) -> list[str]:
    """Moments, an hour from each to the next."""
    first = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
    return [(first + dt.timedelta(hours=hour)).isoformat() for hour in range(count)]


async def upload(visitor: Visitor, content: str, name: str = "mine.csv") -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    await visitor.page.get_by_label("Your file").set_input_files(file)
    await visitor.page.get_by_role("button", name="Import the file").click()


async def import_sample(visitor: Visitor) -> None:
    """Start it; what the page shows from then on is of this import, not of the server's last one."""
    await visitor.page.get_by_role("button", name="Import the sample").click()
    await expect(visitor.page.locator("#job-state")).to_have_text("Running")


@on_every_server
async def test_everyone_sees_progress_while_it_is_made(arrive: Arrive, chat_server: ChatServer) -> None:
    ana, ben = await arrive("import/"), await arrive("import/")
    for visitor in (ana, ben):
        await visitor.page.evaluate(WATCH)

    await import_sample(ana)

    for visitor in (ana, ben):
        await expect(visitor.page.locator("#job-state")).to_have_text("Done", timeout=LONG)
        seen = await visitor.page.evaluate("seen")
        # Each stage begins anew; rows are checked, then stored.
        starts = [index for index, one in enumerate(seen) if one["value"] == 0]
        assert max(one["value"] for one in seen[: starts[-1]]) == ROWS
        seen = seen[starts[-1] :]
        values = [one["value"] for one in seen]
        assert len(values) > 10
        assert values[-1] == ROWS
        assert all(one < other for one, other in pairwise(values))
        middle = seen[len(seen) // 2]["at"]
        assert middle - seen[0]["at"] > 200
        assert seen[-1]["at"] - middle > 200
        await expect(visitor.page.locator("#stored")).to_have_text(f"{ROWS:,}")
    assert count_readings(chat_server) == ROWS


@on_every_server
async def test_an_import_can_be_cancelled_and_another_one_started(arrive: Arrive, chat_server: ChatServer) -> None:
    ana, ben = await arrive("import/"), await arrive("import/")
    await import_sample(ana)
    await expect(ana.page.locator("#job-stage")).to_have_text("2 of 2: Store")

    await ben.page.get_by_role("button", name="Cancel").click()

    for visitor in (ana, ben):
        await expect(visitor.page.locator("#job-state")).to_have_text("Cancelled")
        await expect(visitor.page.get_by_role("button", name="Cancel")).to_be_hidden()
        await expect(visitor.page.locator("#job-stage")).to_have_text("2 of 2: Store")
    assert count_readings(chat_server) < ROWS
    await upload(ana, ONE_ROW)
    await expect(ben.page.locator("#job-state")).to_have_text("Done")
    await expect(ben.page.locator("#job-file")).to_have_text("mine.csv")


async def test_rows_that_make_no_sense_are_refused_with_a_reason(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive("import/")
    await upload(ana, f"{COLUMNS}\nsoon,1.5,50,2\n2030-01-01T00:00Z,1.5,50,2\n{MARKUP},1.5,500,2\n", f"{MARKUP}.csv")

    await expect(ana.page.locator("#job-state")).to_have_text("Done in part")
    await expect(ana.page.locator("#errors li")).to_have_text(
        ["Line 2: at: Enter a valid date/time.", re.compile("Line 4: at: .* humidity: .* less than or equal to 100")]
    )
    await expect(ana.page.locator("#job-file")).to_have_text(f"{MARKUP}.csv")
    await expect(ana.page.locator("main img")).to_have_count(0)
    assert count_readings(chat_server) == 1


async def test_a_file_that_is_no_table_is_refused_with_a_reason(arrive: Arrive) -> None:
    ana = await arrive("import/")
    await ana.page.get_by_role("button", name="Import the file").click()
    await expect(ana.page.get_by_role("alert")).to_have_text("Choose a file first.")

    await upload(ana, "name\nAna\n")

    await expect(ana.page.get_by_role("alert")).to_contain_text("Expected the columns at, temperature, humidity, wind")
    assert "status of 400" in ana.errors.pop()  # which Chromium always reports


async def test_the_bar_can_be_drawn_in_two_ways(arrive: Arrive) -> None:
    ana = await arrive("import/")
    await upload(ana, ONE_ROW)
    await expect(ana.page.locator("#job-state")).to_have_text("Done")
    await expect(ana.page.locator("#bar progress")).to_be_visible()

    await ana.page.get_by_label("HTML5").press("ArrowDown")

    await expect(ana.page.get_by_label("Bootstrap")).to_be_checked()
    await expect(ana.page.locator("#bar .progress-bar")).to_have_text("100%")
    await expect(ana.page.get_by_role("progressbar")).to_have_count(1)


async def test_a_page_that_was_away_learns_how_it_went(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive("import/")
    await import_sample(ana)
    await expect(ana.label).to_have_text(UNDER_WAY)

    await ana.page.reload()

    await expect(ana.page.locator("#job-file")).to_have_text("readings.csv")
    await ana.page.get_by_role("button", name="Cancel").click()
    await expect(ana.page.locator("#job-state")).to_have_text("Cancelled")


async def test_a_restart_interrupts_an_import_and_says_so(arrive: Arrive, chat_server: ChatServer) -> None:
    ana = await arrive("import/")
    await import_sample(ana)
    await expect(ana.label).to_have_text(UNDER_WAY)

    await chat_server.stop()
    await chat_server.start()

    await expect(ana.page.locator("#job-state")).to_have_text("Interrupted", timeout=20_000)
    await expect(ana.page.locator("#job-end")).to_have_text(re.compile(r"The server was stopped at row \d+ of 2,400\."))
    await upload(ana, ONE_ROW)
    await expect(ana.page.locator("#job-state")).to_have_text("Done")


async def test_an_import_of_nothing_but_refused_rows_is_no_success(arrive: Arrive) -> None:
    ana = await arrive("import/")
    await upload(ana, f"{COLUMNS}\n" + "soon,1.5,50,2\n" * 200)

    await expect(ana.page.locator("#job-state")).to_have_text("Nothing imported")
    await expect(ana.page.locator("#job-state")).to_have_attribute("data-outcome", "bad")
    await expect(ana.page.locator("#job-end")).to_have_text("Every row was refused.")


async def test_a_page_that_is_opened_in_the_middle_shows_stage_log_and_label(arrive: Arrive) -> None:
    ana = await arrive("import/")
    await upload(ana, f"{COLUMNS}\nsoon,1.5,50,2\n" + "\n".join(f"{hour},1,50,2" for hour in hours(2_000)))
    await expect(ana.label).to_have_text(UNDER_WAY)

    ben = await arrive("import/")

    await expect(ben.page.locator("#job-stage")).to_have_text("2 of 2: Store")
    log = ben.page.get_by_role("log")
    await expect(log.get_by_role("listitem")).to_have_text(["2,000 of 2,001 rows make sense"])
    await expect(ben.label).to_have_text(UNDER_WAY)
    await ben.page.get_by_role("button", name="Cancel").click()
    for visitor in (ana, ben):
        await expect(visitor.page.locator("#job-state")).to_have_text("Cancelled")


async def test_who_comes_later_sees_what_the_bar_says(arrive: Arrive) -> None:
    ana = await arrive("import/")
    await upload(ana, ONE_ROW)
    await expect(ana.label).to_have_text("Row 1 of 1")

    ben = await arrive("import/")

    await expect(ben.label).to_have_text("Row 1 of 1")
    await expect(ben.page.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "Row 1 of 1, 100%")


async def test_the_focus_stays_when_the_button_to_cancel_goes(arrive: Arrive) -> None:
    ana = await arrive("import/")
    await import_sample(ana)
    await expect(ana.label).to_have_text(UNDER_WAY)

    await ana.page.get_by_role("button", name="Cancel").press("Enter")

    await expect(ana.page.locator("#job-state")).to_have_text("Cancelled")
    await expect(ana.page.get_by_role("heading", name="Progress")).to_be_focused()
