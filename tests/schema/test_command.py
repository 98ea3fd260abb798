"""``manage.py websockets``: what it lists, and whether others take its documents for what they are."""

import json
import os
import re
import shutil
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.support.missing import do_without
from tests.support.npm import CLIENT, ROOT, STRICT, compiler, run

HERE = Path(__file__).parent

SCRIPT = Path("docs", "contributing", "example.py")

PARSER = "@asyncapi/parser@3.6.6"

VALIDATE = """
import { Parser } from "@asyncapi/parser";
import { readFileSync, writeFileSync } from "node:fs";
const problems = {};
for (const name of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(name, "utf8"));
  const errors = diagnostics.filter(({ severity }) => severity === 0);
  problems[name] = errors.map(({ message, path }) => `${path.join(".")}: ${message}`);
  if (!document && !errors.length) problems[name].push("There is no document.");
}
writeFileSync("problems.json", JSON.stringify(problems));
"""


def websockets(*arguments: str) -> str:
    """What the command prints."""
    output = StringIO()
    call_command("websockets", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture(scope="module")
def asyncapi() -> dict:
    return json.loads(websockets("--asyncapi"))


class TestTheListing:
    def test_has_paths_handlers_arguments_and_options(self):
        text = websockets()
        assert "\n/ws/guarded/<str:word> authorize=_is_welcome\n  takes echo(socket, data)" in text


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Path:
    """A folder with what the example's WebSockets say of themselves now."""
    directory = tmp_path_factory.mktemp("example")
    run(sys.executable, SCRIPT, directory)
    return directory


@pytest.fixture(scope="module")
def problems(asyncapi, example, tmp_path_factory) -> dict[str, list[str]]:
    """What AsyncAPI's own parser has against some documents, in one program, which takes long to start."""
    if shutil.which("npm") is None:
        do_without("Expected 'npm' on the PATH; it fetches the parser that AsyncAPI documents are validated with.")
    directory = tmp_path_factory.mktemp("asyncapi")
    (directory / "validate.mjs").write_text(VALIDATE)
    (directory / "package.json").write_text('{"private": true}')
    run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PARSER, directory=directory, seconds=110)
    (directory / "tests.json").write_text(json.dumps(asyncapi))
    shutil.copy(example / "asyncapi.json", directory / "example.json")
    operations = {"x": {"action": "receive", "channel": {"$ref": "#/channels/Nowhere"}}}
    (directory / "broken.json").write_text(json.dumps({**asyncapi, "operations": operations}))
    names = ("tests.json", "example.json", "broken.json")
    run("node", "validate.mjs", *names, directory=directory, seconds=100)
    return json.loads((directory / "problems.json").read_text())


@pytest.mark.timeout(240)
class TestAsyncAPI:
    @pytest.mark.parametrize("name", ["tests.json", "example.json"])
    def test_is_valid(self, problems, name):
        assert problems[name] == []

    def test_is_found_invalid_where_it_is(self, problems):
        assert problems["broken.json"]

    def test_has_a_channel_for_each_path(self, asyncapi):
        assert asyncapi["asyncapi"] == "3.0.0"
        assert asyncapi["channels"]["Types"]["address"] == "/ws/types"
        assert asyncapi["channels"]["GuardedEventsRoom"]["address"] == "/ws/guarded-events/{room}"
        assert set(asyncapi["channels"]["GuardedEventsRoom"]["parameters"]) == {"room"}

    def test_has_keys_of_ascii_alone(self, asyncapi):
        channel = asyncapi["channels"]["Gro_eStra_eStrasse"]
        assert channel["address"] == "/ws/größe/{stra_e}/{strasse}"
        assert list(channel["parameters"]) == ["stra_e", "strasse"]
        assert {"Gro_e", "Gro_e2"} <= set(asyncapi["components"]["schemas"])

    def test_has_the_schema_of_what_is_received(self, asyncapi):
        message = asyncapi["channels"]["Types"]["messages"]["receive.order_dataclass"]
        assert message["payload"]["properties"]["data"] == {"$ref": "#/components/schemas/Order"}
        assert set(asyncapi["components"]["schemas"]["Order"]["properties"]) == {"items", "at", "colour"}

    def test_has_the_schema_of_replies_and_of_what_is_sent(self, asyncapi):
        messages = asyncapi["channels"]["Types"]["messages"]
        reply = messages["receive.give_dataclass.reply"]["payload"]["properties"]["data"]
        assert reply == {"$ref": "#/components/schemas/Order"}
        said = asyncapi["channels"]["Sends"]["messages"]["send.said"]["payload"]["properties"]["data"]
        assert said == {"$ref": "#/components/schemas/Said"}

    def test_has_no_empty_schema_where_a_type_was_given(self, asyncapi):
        typed = ("Types", "Sends")
        assert [path for name in typed for path in empty(asyncapi["channels"][name]["messages"])] == []
        assert list(empty(asyncapi["components"]["schemas"])) == []


def empty(value: object, path: str = "") -> list[str]:
    """Where in some schemas there is one that says nothing."""
    if isinstance(value, list):
        return [found for index, each in enumerate(value) for found in empty(each, f"{path}.{index}")]
    if not isinstance(value, dict):
        return []
    is_schema = path.rpartition(".")[2] not in ("properties", "default")
    return [path] * (is_schema and not value) + [
        found for name, each in value.items() for found in empty(each, f"{path}.{name}")
    ]


class TestTypeScript:
    def test_is_what_pages_can_be_written_against(self, tmp_path):
        tsc = compiler()
        shutil.copytree(ROOT / CLIENT, tmp_path / CLIENT)
        shutil.copy(HERE / "page.mts", tmp_path)
        (tmp_path / "websockets.mts").write_text(websockets("--typescript"))
        run(*tsc, *STRICT, "page.mts", "websockets.mts", directory=tmp_path)

    def test_has_an_interface_for_each_websocket(self):
        text = websockets("--typescript")
        for name in ("Types", "Sends", "GuardedEventsRoom", "GrößeStraßeStrasse"):
            assert f"\nexport interface {name} {{\n" in text

    def test_has_the_letters_of_the_types_names(self):
        assert "\nexport interface Größe { wert: number }\n" in websockets("--typescript")

    def test_has_any_nowhere(self):
        assert re.findall(r"\bany\b", re.sub(r"(?m)^ *(//|/\*\*).*$", "", websockets("--typescript"))) == []


class TestTheExample:
    def test_the_types_of_its_pages_are_as_they_are_now(self, example):
        types = ROOT / "example_project" / "websockets.d.mts"
        assert types.read_text() == (example / types.name).read_text(), "run make example"

    def test_its_page_in_the_documentation_is_as_it_is_now(self, example):
        schemas = json.loads((example / "asyncapi.json").read_text())["components"]["schemas"]
        if "description" not in schemas["Joining"] and not os.environ.get("CI"):
            pytest.skip("This pydantic is too old to hand on what a dataclass says of itself.")
        page = ROOT / "docs" / "example-api.md"
        assert page.read_text() == (example / page.name).read_text(), "run make example"

    def test_its_pages_fit_what_its_server_takes_and_sends(self):
        run(*compiler(), "--project", "tests/schema/example")

    def test_it_leaves_nothing_open_that_its_types_could_say(self):
        types = (ROOT / "example_project" / "websockets.d.mts").read_text()
        untyped = set(re.findall(r"(?m)^ *(\w+): .*\b(?:any|unknown)\b", types))
        # The one is the protocol's, the other a module's.
        assert untyped == {"warning", "module_progressbar_rows_cancel"}
