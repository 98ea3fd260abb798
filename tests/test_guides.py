"""The Python of the documentation runs, and does what the pages say.

All blocks of a page run in one module, one after the other, and then the tests in it: `tests/support/page_runner.py`.
The pages that are not run here are named in `tests/support/documents.py`, with the tests that do it.
"""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.documents import ELSEWHERE, GUIDES, ROOT, blocks, outcome
from tests.support.npm import CLIENT, STRICT, compiler, run

TYPES = "docs/guides/types.md"


# The first one to ask has all pages run.
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", GUIDES)
def test_every_test_of_a_guide_passes(name: str) -> None:
    text = re.sub(r"^# then: .*?^# now: ", "", (ROOT / name).read_text(), flags=re.MULTILINE | re.DOTALL)
    written = re.findall(r"^(?:async def|    def|    async def) test_", text, re.MULTILINE)
    assert outcome(name)["tests"] == len(written)


@pytest.mark.parametrize("name", [name for name in GUIDES if name.startswith("docs/guides/")])
def test_a_guide_that_says_so_has_tests(name: str) -> None:
    text = (ROOT / name).read_text()
    assert ("is run by the tests" not in text) or outcome(name)["tests"]


@pytest.mark.parametrize(("name", "test"), ELSEWHERE.items())
def test_what_is_not_run_here_is_run_elsewhere(name: str, test: str) -> None:
    assert (ROOT / name).exists()
    assert name.rpartition("/")[2].removesuffix(".md") in (ROOT / test).read_text()


@pytest.mark.timeout(120)
def test_the_listing_of_the_guide_is_what_is_printed() -> None:
    [expected] = blocks((ROOT / TYPES).read_text(), "text")
    assert outcome(TYPES)["listing"].startswith(expected)


@pytest.mark.timeout(120)
def test_the_pages_of_the_guide_compile(tmp_path: Path) -> None:
    tsc = compiler()
    shutil.copytree(ROOT / CLIENT, tmp_path / CLIENT)
    for language, name in (("typescript", "page.mts"), ("javascript", "script.mjs")):
        [script] = blocks((ROOT / TYPES).read_text(), language)
        (tmp_path / name).write_text(f'import TornadoWebSocket from "./{CLIENT}/tornadowebsocket.mjs";\n{script}')
    (tmp_path / "websockets.mts").write_text(outcome(TYPES)["typescript"])
    run(
        *tsc, *STRICT, "--target", "es2022", "--checkJs", "page.mts", "script.mjs", "websockets.mts", directory=tmp_path
    )
