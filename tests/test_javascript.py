"""The browser client: its own tests under Node, its two forms, its size, its types."""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

ROOT = Path(__file__).resolve().parents[1]
CLIENT = Path("tornado_websockets", "static", "tornado_websockets")
NODE_TESTS = Path("tests", "js")
TYPE_TESTS = NODE_TESTS / "types"

MAX_SIZE = 12_000  # bytes of the classic script, as a server sends it

TYPESCRIPT = "typescript@7.0.2"
STRICT = ["--strict", "--noEmit", "--target", "es2020", "--lib", "es2020,dom,dom.iterable", "--module", "nodenext"]


def run(*command: str | Path, directory: Path = ROOT, seconds: float = 55) -> None:
    """Run a program, whose output is the reason when it fails."""
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        pytest.fail(f"{command[0]}:\n{done.stdout}{done.stderr}", pytrace=False)


def do_without(reason: str) -> None:
    """Skip the test; in CI, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def node() -> list[str]:
    """The command of Node, which has a WebSocket of its own since version 22, and behind a flag since 20.11."""
    command = ["node", "--experimental-websocket"]
    probe = [*command, "--eval", "process.exit(typeof WebSocket === 'function' ? 0 : 1)"]
    if shutil.which("node") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        do_without("Expected Node 20.11 or newer as 'node' on the PATH; it runs the tests of the browser client.")
    return command


@pytest.fixture(scope="module")
def tsc() -> list[str]:
    """The command of the TypeScript compiler, which npm fetches once and keeps."""
    command = ["npm", "exec", "--yes", f"--package={TYPESCRIPT}", "--", "tsc"]
    if shutil.which("npm") is None:
        do_without("Expected 'npm' on the PATH; it fetches the compiler that checks the types of the browser client.")
    probe = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False, cwd=ROOT)
    if probe.returncode:
        do_without(f"Expected npm to fetch {TYPESCRIPT}: {probe.stderr}")
    return command


@pytest.mark.parametrize("path", sorted((ROOT / NODE_TESTS).glob("*.test.mjs")), ids=lambda path: path.name)
def test_node(node: list[str], path: Path) -> None:
    run(*node, "--test", "--test-timeout=20000", path)


def test_classic_scripts_are_what_the_modules_make() -> None:
    run(sys.executable, ".ci/classic_scripts.py", "--check")


def test_a_classic_script_that_was_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / CLIENT, tmp_path / CLIENT)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    script = tmp_path / CLIENT / "modules" / "progress_bar.js"
    script.write_text(script.read_text() + "\n")

    with pytest.raises(pytest.fail.Exception, match=r"progress_bar\.js is not what progress_bar\.mjs makes"):
        run(sys.executable, ".ci/classic_scripts.py", "--check", directory=tmp_path)


class Manifest(ManifestStaticFilesStorage):
    """The strictest of Django's storages: it reads scripts, and rewrites what they import."""

    support_js_module_import_aggregation = True
    manifest_strict = True


def test_collectstatic_takes_the_client_as_it_is(tmp_path: Path) -> None:
    shutil.copytree(ROOT / CLIENT, tmp_path, dirs_exist_ok=True)
    storage = Manifest(location=tmp_path, base_url="/static/")
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*js")]

    processed = list(storage.post_process({name: (storage, name) for name in names}))

    assert [result for _, _, result in processed if isinstance(result, Exception)] == []
    for name in names:
        assert (tmp_path / storage.stored_name(name)).read_bytes() == (tmp_path / name).read_bytes()


def test_the_client_is_small() -> None:
    assert len(gzip.compress((ROOT / CLIENT / "tornadowebsocket.js").read_bytes())) < MAX_SIZE


def test_pages_and_programs_can_be_written_against_the_types(tsc: list[str]) -> None:
    programs = [TYPE_TESTS / name for name in ("page.ts", "module.mts", "common.cts")]
    # A page's script without imports is a script, whatever else is compiled with it.
    run(*tsc, *STRICT, "--moduleDetection", "legacy", *programs)


def test_the_client_is_what_its_types_declare(tsc: list[str], tmp_path: Path) -> None:
    for directory in (CLIENT, TYPE_TESTS):
        shutil.copytree(ROOT / directory, tmp_path / directory)
    for declaration in (tmp_path / CLIENT).rglob("*.d.mts"):
        declaration.unlink()

    run(*tsc, *STRICT, "--allowJs", "--checkJs", tmp_path / TYPE_TESTS / "agreement.mts", directory=tmp_path)
