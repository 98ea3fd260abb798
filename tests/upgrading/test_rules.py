"""The table of rules and the page of documentation say the same."""

import re

from tests.support.scripts import ROOT
from tornado_websockets.upgrading.rules import RULES, Severity

PAGE = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)


def test_rules_stand_in_the_order_of_the_page():
    sections = [*dict.fromkeys(rule.section for rule in RULES.values())]
    assert sections == [heading for heading in HEADINGS if heading in sections]


def test_the_page_has_the_differences_in_the_order_in_which_they_matter():
    assert HEADINGS[-12:-1] == [
        "Old and new, side by side", "Script names and reconnecting", "`EMIT_ANYWHERE`", "Timers", "Size",
        "`close`, `open`", "What `socket.emit` takes", "The client's port", "Registration", "Paths", "The rest",
    ]  # fmt: skip


def test_links_within_the_page_lead_somewhere():
    anchors = {re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-") for heading in HEADINGS}
    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE))
    assert links
    assert links <= anchors


def test_what_matters_on_tornado_matters_everywhere():
    assert all(rule.on_tornado in {rule.severity, None} for rule in RULES.values())
    assert {rule.severity for rule in RULES.values()} == {Severity.MUST, Severity.LOOK}


def test_each_rule_says_why_and_how_in_sentences():
    for rule in RULES.values():
        assert rule.why.endswith(".")
        assert rule.how.endswith("."), rule.name
