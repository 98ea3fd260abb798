"""Blocks of the documentation that are no Python are compiled, parsed or started by what would run them.

==========  ============================================================================================================
js, html    scripts are checked against the types of the browser client; HTML is rendered, and closes what it opens
tsx         is checked in the same way
sh          is parsed by bash, and the options of daphne, uvicorn and ``manage.py`` by themselves
nginx       is started
json        is parsed
yaml        is for Prometheus: ``tests/metrics/test_alerts.py``
==========  ============================================================================================================
"""

import json
import re
import shlex
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from daphne.cli import CommandLineInterface
from django.core.management import get_commands, load_command_class
from uvicorn.main import main as uvicorn

from tests.support.documents import GUIDES, PAGES, ROOT, blocks, outcome
from tests.support.nginx import Nginx
from tests.support.npm import CLIENT, compiler, run
from tests.support.page_runner import side_by_side

TEXTS = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}

#: Its commands and files are used in ``tests/test_tutorial.py``.
TUTORIAL = "docs/tutorial.md"

#: Its scripts are compiled in ``tests/test_guides.py``, against what its WebSockets say.
TYPES = "docs/guides/types.md"

#: What builds the page in ``tests/browser/react``.
CONFIGURATION = "// frontend/vite.config.js"

#: What is known here, or read by a test of its own, such as ``django`` by the guide's; ``text`` and none are no code.
LANGUAGES = {
    "",
    "css",
    "django",
    "html",
    "javascript",
    "js",
    "json",
    "nginx",
    "python",
    "sh",
    "text",
    "tsx",
    "typescript",
    "yaml",
}

#: As it is called in pages, and where it is for the compiler.
NPM_NAME = "django-tornado-websockets-channels"

#: What the scripts of pages count on: what a page has loaded, and what its own script does.
GLOBALS = f"""
import Client from "{NPM_NAME}";
import {{ ModuleProgressBar as Bar }} from "{NPM_NAME}/progress_bar";

declare global {{
  const TornadoWebSocket: typeof Client;
  const ModuleProgressBar: typeof Bar;
  const tws: Client;
  const ws: Client;
  const body: string, question: string, text: string, token: string;
  const draw: Function, fetchToken: Function, readAgain: Function;
  const reload: Function, show: Function, showDialog: Function;
  namespace JSX {{ interface IntrinsicElements {{ [name: string]: any }} }}
}}
"""

REACT = """
declare module "react" {
  export function useState<T>(first: T): [T, (next: T | ((now: T) => T)) => void];
  export function useEffect(effect: () => void | (() => void), depends?: unknown[]): void;
}
"""

CHAT = """
export interface Chat {
  on: { said: { id: number; text: string }; topic: { text: string } };
  emit: { say: { data: { text: string }; reply: object } };
}
"""

#: What a block of tsx takes from those before it.
COMPONENT = """
import {{ useEffect as effect }} from "react";
import {{ useTornadoWebSocket as useSocket }} from "django-tornado-websockets-channels/react";
const {{ on }} = useSocket("/chat");
const useEffect = effect;
{block}
"""


def found(*languages: str) -> list[tuple[str, str]]:
    """The blocks of all pages in one of these languages, with the page."""
    return [(name, block) for name, text in TEXTS.items() for each in languages for block in blocks(text, each)]


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_has_no_block_that_nobody_reads(name: str) -> None:
    fences = re.findall(r"^```(\S*)", TEXTS[name], re.MULTILINE)
    opening = {fence for fence in fences[::2] if not fence.startswith("{")}
    assert opening <= LANGUAGES


def scripts() -> list[str]:
    """The blocks of JavaScript, and the scripts in those of HTML."""
    rendered = "\n".join(html for name in GUIDES for html in outcome(name)["html"])
    inline = re.findall(r"<script(?: type=\"module\")?>\n(.*?)</script>", rendered, re.DOTALL)
    written = [block for name, block in found("js", "javascript") if name not in (TUTORIAL, TYPES)]
    of_pages = (script for script in (*written, *inline) if not script.startswith(CONFIGURATION))
    return [script.replace("/static/tornado_websockets/", f"{NPM_NAME}/") for script in of_pages]


@pytest.mark.timeout(120)
def test_scripts_fit_the_client(tmp_path: Path) -> None:
    tsc = compiler()
    shutil.copytree(ROOT / CLIENT, tmp_path / "node_modules" / NPM_NAME)
    (tmp_path / "globals.d.mts").write_text(GLOBALS)
    (tmp_path / "react.d.ts").write_text(REACT)
    (tmp_path / "websockets.d.ts").write_text(CHAT)
    for number, script in enumerate(scripts()):
        (tmp_path / f"script{number}.mjs").write_text(f"{script}\nexport {{}};\n")
    for number, (_, block) in enumerate(found("tsx")):
        text = block if "import " in block else COMPONENT.format(block=block)
        (tmp_path / f"component{number}.tsx").write_text(text)
    files = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert len(files) > 12
    options = ["--noEmit", "--allowJs", "--checkJs", "--strict", "false", "--skipLibCheck", "--jsx", "preserve"]
    target = ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    run(*tsc, *options, *target, *files, directory=tmp_path)


class Tags(HTMLParser):
    """Which elements are open."""

    VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", [name for name in GUIDES if "\n```html\n" in TEXTS[name]])
def test_html_is_rendered_and_closes_what_it_opens(name: str) -> None:
    for html in outcome(name)["html"]:
        tags = Tags()
        tags.feed(html)
        assert "<" in html
        assert tags.open == []


COMMANDS = [
    (name, line.partition(" #")[0].strip())
    for name, block in found("sh")
    if name != TUTORIAL
    for text in ("\n".join(side_by_side(block)) or block,)
    for line in text.splitlines()
]


@pytest.mark.parametrize(("name", "block"), found("sh"))
def test_commands_are_those_of_a_shell(name: str, block: str) -> None:
    subprocess.run(["bash", "-n", "-c", block], check=True)


@pytest.mark.parametrize(
    ("name", "command"), [each for each in COMMANDS if each[1].startswith(("daphne", "uvicorn", "python manage.py"))]
)
def test_a_command_takes_its_options(name: str, command: str) -> None:
    program, *arguments = shlex.split(command.partition(" > ")[0])
    if program == "daphne":
        CommandLineInterface().parser.parse_args(arguments)
    elif program == "uvicorn":
        uvicorn.make_context("uvicorn", arguments)
    else:
        _, subcommand, *arguments = arguments
        django = load_command_class(get_commands()[subcommand], subcommand)
        django.create_parser("manage.py", subcommand).parse_args(arguments)


@pytest.mark.parametrize(("name", "block"), [each for each in found("nginx") if each[0] != TUTORIAL])
def test_nginx_takes_it(name: str, block: str, nginx_program: str, tmp_path: Path) -> None:
    site = block if "server {" in block else f"server {{\nlisten PORT;\n{block}}}"
    nginx = Nginx(nginx_program, tmp_path, site)
    assert nginx.stop() == 0


@pytest.mark.parametrize(("name", "block"), found("json"))
def test_json_is_json(name: str, block: str) -> None:
    for line in block.splitlines():
        assert json.loads(line)["event"]
