"""The pages say of settings, checks, codes, counters and options what the code says, and their links lead somewhere."""

import argparse
import ast
import re
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.test import override_settings

from tests.support.documents import PAGES, ROOT, blocks
from tornado_websockets import checks, conf
from tornado_websockets.core.counters import Counters
from tornado_websockets.core.protocol import closing
from tornado_websockets.core.protocol.frames import Code

DOCS = ROOT / "docs"
COMMANDS = sorted(path.stem for path in (ROOT / "tornado_websockets/management/commands").glob("[a-z]*.py"))
CHECK = re.compile(r'id="((?:tornado_websockets|channels_bridge)\.[EWI]\d+)"')
SETTING = re.compile(r"^### `(?P<key>\w+)`\n(?P<text>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
SETTINGS = {found["key"]: found["text"] for found in SETTING.finditer((DOCS / "settings.md").read_text())}


def first_column(page: str, before: str = "") -> set[str]:
    """What stands in backquotes in the first column of the page's tables.

    :param before: a heading; only those above it.
    """
    text = (DOCS / page).read_text().partition(before or "\0")[0]
    rows = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`([^`]+)`", row)}


def test_every_setting_has_a_heading() -> None:
    assert set(SETTINGS) == set(conf.DEFAULTS)


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_says_default_unit_effect_danger_and_has_an_example(key: str) -> None:
    told = dict(re.findall(r"^- \*\*(\w+)\*\*: (.+)", SETTINGS[key], re.MULTILINE))
    assert list(told) == ["Default", "Unit", "Effect", "Danger"]
    assert ast.literal_eval(told["Default"].strip("`")) == conf.DEFAULTS[key]
    [example] = blocks(SETTINGS[key], "python")
    values: dict[str, dict[str, object]] = {}
    exec(example, values)
    assert list(values["TORNADO_WEBSOCKETS"]) == [key]
    with override_settings(TORNADO_WEBSOCKETS=values["TORNADO_WEBSOCKETS"]):
        assert [*checks.check_settings(None), *checks.check_store(None)] == []


def test_every_check_has_a_row() -> None:
    modules = [path for package in ("tornado_websockets", "channels_bridge") for path in (ROOT / package).rglob("*.py")]
    assert first_column("checks.md") == {each for module in modules for each in CHECK.findall(module.read_text())}


def test_every_code_has_a_row() -> None:
    assert first_column("codes.md") == set(Code)


def test_every_close_code_has_a_row() -> None:
    rows = re.findall(r"^\| (\d{4})", (DOCS / "codes.md").read_text(), re.MULTILINE)
    ours = {value for name, value in vars(closing).items() if name.isupper() and isinstance(value, int)}
    assert ours <= set(map(int, rows))


def test_every_counter_has_a_row() -> None:
    assert first_column("metrics.md", before="## All processes") == set(Counters().as_dict())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_a_heading_and_its_options_rows(command: str) -> None:
    sections = re.split(r"^## ", (DOCS / "commands.md").read_text(), flags=re.MULTILINE)
    [section] = [each for each in sections if each.startswith(f"`manage.py {command}`")]
    parser = argparse.ArgumentParser()
    load_command_class("tornado_websockets", command).add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings[-1:]} - {"--help"}
    assert options <= set(re.findall(r"^\| `(--[\w-]+)` \|", section, re.MULTILINE))


def test_the_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    assert all(command in text for command in ("make run", "make test", "make docs"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if target.startswith(("http", "mailto")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}, target
