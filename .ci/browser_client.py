"""Write the scripts of the browser client that are made from others, all but the minified ones.

Classic scripts import nothing, and storages of static files that hash names rewrite no import of a module: whatever a
page loads has all that it needs within. So one source is in several files. With --check nothing is written; it fails
when a file is not what its sources make.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

STATIC = Path(__file__).resolve().parents[1] / "tornado_websockets" / "static" / "tornado_websockets"

CLIENT = "tornadowebsocket.mjs"
BAR = "src/progress_bar.mjs"
#: In the order of their imports; the last imports the client too.
FRAGMENTS = (
    "src/fragments/swapping.mjs",
    "src/fragments/forms.mjs",
    "src/fragments/refreshing.mjs",
    "src/fragments.mjs",
)

# Of a source's first comment, what it says of itself.
SOURCE_NOTE = re.compile(r"^//\n// This file is written by hand.*\n(?://.*\n)*", re.MULTILINE)
IMPORT = re.compile(r"(?:^import .*\n)+\n", re.MULTILINE)
# Types that are imported by a comment. Django, told to rewrite the imports of scripts, would take it for one.
TYPES = re.compile(r"^/\*\*\n(?: \* @typedef \{import\(.*\n)+ \*/\n\n", re.MULTILINE)
EXPORT = re.compile(r"^(?:const \{.*\} = Shared;\n\n)?export \{[^}]*\};\n\Z", re.MULTILINE)
# What copies of the client share. A script of an old name has a class of its own.
SHARING = re.compile(r"^// The end: .*\Z", re.MULTILINE | re.DOTALL)

PAGE = '(typeof self === "undefined" ? this : self'

ALONE = f"""\
(function (root, factory) {{
  if (typeof define === "function" && define.amd) define([], factory);
  else if (typeof module === "object" && module.exports) module.exports = factory();
  else root.TornadoWebSocket = factory();
}}){PAGE}, function () {{
  "use strict";

%(client)s}});
"""

ON_CLIENT = f"""\
(function (root, factory) {{
  if (typeof define === "function" && define.amd) define(["%(amd)s"], factory);
  else if (typeof module === "object" && module.exports) module.exports = factory(require("%(path)s"));
  else if (root.TornadoWebSocket) root.ModuleProgressBar = factory(root.TornadoWebSocket);
  else throw new Error("Load the script of TornadoWebSocket before that of ModuleProgressBar.");
}}){PAGE}, function (TornadoWebSocket) {{
  "use strict";

%(bar)s}});
"""

# Version 0.1 knew globals only, whatever else was on the page.
GLOBAL_CLIENT = f"""\
(function (root, factory) {{
  const TornadoWebSocket = factory();
  root.TornadoWebSocket = TornadoWebSocket;
  if (typeof root.tws !== "function") root.tws = (path, options) => new TornadoWebSocket(path, options);
}}){PAGE}, function () {{
  "use strict";

%(client)s}});
"""

GLOBAL_BAR = f"""\
(function (root, factory) {{
  root.ProgressBarModule = factory(root);
}}){PAGE}, function (root) {{
  "use strict";

  function makeModule(TornadoWebSocket) {{
%(bar)s  }}

%(old)s}});
"""

FRAGMENTS_ALONE = """\
(function () {
  "use strict";

  const TornadoWebSocket = (function () {
%(client)s  })();

%(fragments)s})();
"""

MODULE_OF_FRAGMENTS = """\
const TornadoWebSocket = (function () {
%(client)s})();

%(fragments)s"""

MODULE_OF_BAR = """\
const TornadoWebSocket = (function () {
%(client)s})();

%(bar)s
%(exports)s"""


class Made(NamedTuple):
    """A file that is made: from what, and how."""

    sources: tuple[str, ...]
    text: Callable[[], str]


def read(source: str) -> str:
    return (STATIC / source).read_text(encoding="utf-8")


def introduction(source: str) -> str:
    """The first comment of a source, without what it says of itself."""
    return SOURCE_NOTE.sub("", read(source), count=1).split("\n\n", 1)[0]


def exports(source: str) -> str:
    found = EXPORT.search(read(source))
    if found is None:
        sys.exit(f"Expected {source} to end with its exports.")
    return found[0]


def body(source: str, *more: str, depth: int = 1) -> str:
    """The text of a source without its first comment, its imports and exports; ``more`` lines follow."""
    text = SOURCE_NOTE.sub("", read(source), count=1).split("\n\n", 1)[1]
    text = EXPORT.sub("", TYPES.sub("", IMPORT.sub("", text))).strip("\n") + "\n"
    return indent(text + "".join(f"{line}\n" for line in more), depth)


def old_client(layer: str) -> str:
    """The client, and what its old forms did otherwise; such a class is not shared with other copies."""
    text, ends = SHARING.subn("", body(CLIENT, depth=0))
    if ends != 1:
        sys.exit(f'Expected one line of {CLIENT} to begin with "// The end: ", found {ends}.')
    return indent(text + body(COMMON, "", depth=0) + body(layer, depth=0), 1)


def indent(text: str, depth: int) -> str:
    return "".join("  " * depth + line if line.strip() else line for line in text.splitlines(keepends=True))


def on_client(amd: str, path: str) -> str:
    return ON_CLIENT % {"amd": amd, "path": path, "bar": body(BAR, "", "return ModuleProgressBar;")}


def module_of_bar() -> str:
    client = body(CLIENT, "", "return Shared;")
    return MODULE_OF_BAR % {"client": client, "bar": body(BAR, depth=0), "exports": exports(BAR)}


def fragments(form: str, depth: int) -> str:
    client = body(CLIENT, "", "return Shared;", depth=depth + 1)
    return form % {"client": client, "fragments": "\n".join(body(source, depth=depth) for source in FRAGMENTS)}


def global_bar() -> str:
    bar = body(BAR, "", "return ModuleProgressBar;", depth=2)
    return GLOBAL_BAR % {"bar": bar, "old": body("src/old/progressbar.js")}


COMMON = "src/old/common.js"
ES6 = "src/old/tornadowebsocket-es6.js"
AMD_ES6 = "tornadowebsocket-es6"
GLOBAL = "src/old/client.js"

MADE = {
    "tornadowebsocket.js": Made((CLIENT,), lambda: ALONE % {"client": body(CLIENT, "", "return Shared;")}),
    "modules/progress_bar.js": Made((BAR,), lambda: on_client("../tornadowebsocket", "../tornadowebsocket.js")),
    "modules/progress_bar.mjs": Made((BAR, CLIENT), module_of_bar),
    "fragments.js": Made((FRAGMENTS[-1], CLIENT), lambda: fragments(FRAGMENTS_ALONE, 1)),
    "fragments.mjs": Made((FRAGMENTS[-1], CLIENT), lambda: fragments(MODULE_OF_FRAGMENTS, 0)),
    # The names of 0.2, then those of 0.1.
    "tornadowebsocket-es6.js": Made((ES6, CLIENT, COMMON), lambda: ALONE % {"client": old_client(ES6)}),
    "modules/progress_bar-es6.js": Made((BAR,), lambda: on_client(AMD_ES6, f"../{AMD_ES6}.js")),
    "client.js": Made((GLOBAL, CLIENT, COMMON), lambda: GLOBAL_CLIENT % {"client": old_client(GLOBAL)}),
    "modules/progressbar.js": Made(("src/old/progressbar.js", BAR), global_bar),
}


def write(name: str) -> str:
    """The whole text of a file that is made; the first comment is that of its first source."""
    sources, text = MADE[name]
    note = f"//\n// Made of {' and '.join(sources)}\n// by .ci/browser_client.py: change those, not this.\n"
    return f"{introduction(sources[0])}\n{note}{text()}"


def main() -> None:
    for name in MADE:
        text = write(name)
        path = STATIC / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{name} is not what its sources make; run: make client")


if __name__ == "__main__":
    main()
