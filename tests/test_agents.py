"""What language models read is what people read: the documentation, and nothing older."""

import ast
import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from io import StringIO
from types import ModuleType

import pytest
from django.core.management import call_command, get_commands

from tests.support.process import ROOT

AGAIN = "run python docs/contributing/agents.py"


def script() -> ModuleType:
    """The script that makes both, which is in no package."""
    loader = SourceFileLoader("agents", str(ROOT / "docs" / "contributing" / "agents.py"))
    module = module_from_spec(spec_from_loader("agents", loader))
    loader.exec_module(module)
    return module


agents = script()


def printed() -> str:
    """What ``manage.py websockets --agents`` prints."""
    output = StringIO()
    call_command("websockets", "--agents", stdout=output)
    return output.getvalue()


def test_the_section_is_made_of_the_pages_as_they_are() -> None:
    assert printed() == agents.section(), AGAIN


def test_the_index_is_made_of_the_pages_as_they_are() -> None:
    assert agents.INDEX.read_text() == agents.index(), AGAIN


def test_the_index_has_every_guide() -> None:
    linked = set(re.findall(r"\]\(([^)]+)\)", agents.INDEX.read_text()))
    assert {f"guides/{page.name}" for page in (agents.ROOT / "docs" / "guides").glob("*.md")} <= linked
    for target in linked:
        assert (agents.INDEX.parent / target).exists(), target


def test_the_section_says_how_to_do_everything() -> None:
    text = printed()
    for word in ("@chat.on", "chat.emit", ".publish(", "SyncClient", "EmitHandlerError", "manage.py check"):
        assert word in text, word
    assert "](" not in text  # a project's notes have no such pages beside them


def test_the_section_is_of_programs_and_commands_that_are_there() -> None:
    text = printed()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    for block in blocks:
        ast.parse(block)
    assert set(re.findall(r"manage\.py (\w+)", text)) <= get_commands().keys()


def test_a_page_that_has_lost_its_part_is_told() -> None:
    gone = agents.Excerpt("README.md", "## Sending", lambda part: part == "no such part")
    with pytest.raises(ValueError, match=r"## Sending.*README\.md"):
        gone.text()
