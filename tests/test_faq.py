"""``docs/faq.md`` has every line by which a client is refused."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faq.md"

#: Functions that say, or return, why a client is refused: by file, what is said there is for the log.
SAYING = {
    "tornado_websockets/serving/origin.py": {"refusal", "_refusal_of_origin"},
    "tornado_websockets/serving/authorization.py": {"is_granted", "_why", "too_late"},
    "tornado_websockets/serving/endpoint.py": {"is_authorized"},
    "tornado_websockets/auth/authentication.py": {"_decide", "_identify"},
    "tornado_websockets/core/registry.py": {"why_unknown"},
    "tornado_websockets/core/connections/admission.py": {"admit"},
    "channels_bridge/transports/daphne.py": {"path_refusal"},
}


def said(path: str, names: set[str]) -> set[str]:
    """The constant beginnings of what these functions say."""
    found: set[str] = set()
    for function in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name in names:
            docstring = ast.get_docstring(function, clean=False)
            for node in ast.walk(function):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != docstring:
                    found.add(node.value)
    return {text.strip(" ,:('") for text in found if len(text.split()) > 1 and "%" not in text}


@pytest.mark.parametrize("path", SAYING)
def test_every_refusal_is_explained(path: str) -> None:
    page = PAGE.read_text()
    lines = said(path, SAYING[path])
    assert lines
    for line in lines:
        assert re.split(r"\W+(?:to let it in|add it)", line)[0] in page, line
