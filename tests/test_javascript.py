"""The browser client: its own tests under Node, its two forms, its size, its types."""

import gzip
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import AppDirectoriesFinder
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.test import override_settings

from tests.support.missing import do_without
from tests.support.npm import CLIENT, ROOT, STRICT, compiler, run

NODE_TESTS = Path("tests", "js")
TYPE_TESTS = NODE_TESTS / "types"

MAX_SIZE = 17_200  # bytes of the classic script, as a server sends it; 7,600 minified

ESBUILD = ["npm", "exec", "--yes", "--package=esbuild@0.28.2", "--", "esbuild", "--log-level=warning"]


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
    """The command of the TypeScript compiler."""
    return compiler()


@pytest.mark.parametrize("path", sorted((ROOT / NODE_TESTS).glob("*.test.mjs")), ids=lambda path: path.name)
def test_node(node: list[str], path: Path) -> None:
    run(*node, "--test", "--test-timeout=20000", path)


@pytest.fixture(scope="module")
def npm() -> None:
    """Npm, which fetches what a test names once and keeps it."""
    if shutil.which("npm") is None:
        do_without("Expected 'npm' on the PATH; it fetches what minifies the browser client, and what bundles it.")


def test_scripts_are_what_their_sources_make() -> None:
    run(sys.executable, ".ci/browser_client.py", "--check")


@pytest.mark.usefixtures("npm")
def test_minified_scripts_are_what_their_scripts_make() -> None:
    run(sys.executable, ".ci/minify.py", "--check")


def test_a_script_that_was_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / CLIENT, tmp_path / CLIENT)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    script = tmp_path / CLIENT / "modules" / "progress_bar.js"
    script.write_text(script.read_text() + "\n")

    with pytest.raises(pytest.fail.Exception, match=r"modules/progress_bar\.js is not what its sources make"):
        run(sys.executable, ".ci/browser_client.py", "--check", directory=tmp_path)


@pytest.mark.parametrize(
    "name", ["tornadowebsocket-es6.js", "modules/progress_bar-es6.js", "client.js", "modules/progressbar.js"]
)
def test_scripts_of_old_names_are_found(name: str) -> None:
    with override_settings(INSTALLED_APPS=["tornado_websockets"]):
        assert AppDirectoriesFinder().find(f"tornado_websockets/{name}")


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
    programs = [TYPE_TESTS / name for name in ("page.ts", "module.mts", "react.mts", "common.cts")]
    # A page's script without imports is a script, whatever else is compiled with it.
    run(*tsc, *STRICT, "--moduleDetection", "legacy", *programs)


def test_the_client_is_what_its_types_declare(tsc: list[str], tmp_path: Path) -> None:
    for directory in (CLIENT, TYPE_TESTS):
        shutil.copytree(ROOT / directory, tmp_path / directory)
    for declaration in (tmp_path / CLIENT).rglob("*.d.mts"):
        declaration.unlink()

    run(*tsc, *STRICT, "--allowJs", "--checkJs", tmp_path / TYPE_TESTS / "agreement.mts", directory=tmp_path)


@pytest.fixture(scope="module")
def program(npm: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs that have the client from npm: a folder to install, as any other."""
    directory = tmp_path_factory.mktemp("program")
    shutil.copytree(ROOT / NODE_TESTS / "npm", directory, dirs_exist_ok=True)
    (directory / ".npmrc").write_text("install-links=true\n")
    run("npm", "install", "--no-audit", "--no-fund", ROOT / CLIENT, directory=directory)
    run("npm", "ci", "--no-audit", "--no-fund", directory=directory)  # as an image does it
    return directory


def test_node_has_one_client_from_npm(node: list[str], program: Path) -> None:
    run(*node, "run.mjs", directory=program)


@pytest.mark.parametrize("module", ["nodenext", "preserve"])
def test_typescript_finds_the_types_of_the_package(tsc: list[str], program: Path, module: str) -> None:
    programs = ["module.mts", *(["common.cts"] if module == "nodenext" else [])]
    run(*tsc, *STRICT, "--module", module, *programs, directory=program)


def test_a_bundle_has_the_client_once(program: Path) -> None:
    run(*ESBUILD, "module.mts", "--bundle", "--format=esm", "--outfile=bundle.js", directory=program)
    assert (program / "bundle.js").read_text().count("Bind the module") == 1
