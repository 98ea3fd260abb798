"""``python docs/contributing/example.py``: write what the WebSockets of the example say of themselves.

That is ``example_project/websockets.d.mts``, the types that its pages are checked against, and ``docs/example-api.md``,
its AsyncAPI document as a page to read. With a directory both go there, and the document itself with them.
"""

import json
import os
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "example_project"
TYPES = EXAMPLE / "websockets.d.mts"
PAGE = ROOT / "docs" / "example-api.md"
DOCUMENT = "asyncapi.json"

_HEAD = """\
# The API of the example

<!-- Written by `make example`. -->

What the WebSockets of `example_project/`, the pages of `make run`, take and send: an
[AsyncAPI 3.0](https://www.asyncapi.com/docs/reference/specification/v3.0.0) document, to read. Where it comes from is
in [Types](guides/types.md#what-others-can-read), and `manage.py websockets --asyncapi`, called in `example_project/`,
prints the document itself. What frames the data travel in is said in [The wire protocol](wire.md). Besides, a server
may always send a [`warning`](codes.md), a path with presence the event [`presence`](guides/people.md), and a progress
bar [its own](guides/modules.md).
"""

_SCHEMAS = "#/components/schemas/"


def printed(*arguments: str) -> str:
    """What ``manage.py websockets`` prints."""
    from django.core.management import call_command

    output = StringIO()
    call_command("websockets", *arguments, stdout=output, no_color=True)
    return output.getvalue()


def page_of(document: dict[str, Any]) -> str:
    """An AsyncAPI document as a page of Markdown."""
    parts = [_HEAD]
    for name, channel in document["channels"].items():
        parts.append(f"## {name}\n\n`{channel['address']}`\n")
        messages = {key: each["payload"]["properties"] for key, each in channel["messages"].items()}
        parts += _table("the page sends | data | the server replies", _received(messages))
        parts += _table("the server sends | data", _sent(messages))
    parts.append("## Types\n")
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts.append(f"### {name}\n")
        parts += [f"{schema['description']}\n"] if "description" in schema else []
        parts += _table("field | type", _fields(schema))
    return "\n".join(parts)


def _received(messages: dict[str, Any]) -> Iterator[str]:
    for key, frame in messages.items():
        if not key.startswith("receive.") or key.endswith((".reply", ".part")):
            continue
        part = messages.get(f"{key}.part")
        reply = f"in parts, each {_type(part['part'])}" if part else _type(messages[f"{key}.reply"]["data"])
        yield f"`{frame['event']['const']}` | {_type(frame['data'])} | {reply}"


def _sent(messages: dict[str, Any]) -> Iterator[str]:
    for key, frame in messages.items():
        if key.startswith("send.") and key != "send.warning":
            yield f"`{frame['event']['const']}` | {_type(frame['data'])}"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    for name, inner in schema["properties"].items():
        yield f"`{name}` | {_type(inner)}{'' if name in schema['required'] else '; may be left out'}"


def _table(head: str, rows: Iterator[str]) -> list[str]:
    every = list(rows)
    line = " | ".join("---" for _ in head.split("|"))
    return ["\n".join(f"| {row} |" for row in (head, line, *every)) + "\n"] if every else []


def _type(schema: dict[str, Any]) -> str:
    """What a cell says of a schema."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMAS)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if schema["type"] == "object":
        fields = ", ".join(f"`{name}`: {_type(inner)}" for name, inner in schema.get("properties", {}).items())
        return fields or ("none" if schema.get("additionalProperties") is False else "any, or none")
    if schema.get("format") == "date-time":
        return "date and time"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    length = f", {schema.get('minLength', 0)} to {schema['maxLength']} characters" if "maxLength" in schema else ""
    return " or ".join(kinds) + length


def main(directory: str = "") -> None:
    """Write both."""
    sys.path[:0] = [str(ROOT), str(EXAMPLE)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    import django

    django.setup()
    document = json.loads(printed("--asyncapi"))
    types, page = (Path(directory, path.name) if directory else path for path in (TYPES, PAGE))
    types.write_text(printed("--typescript"), encoding="utf-8")
    page.write_text(page_of(document), encoding="utf-8")
    if directory:
        Path(directory, DOCUMENT).write_text(json.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
