"""Write the browser client's classic scripts from its ES modules, which are the source.

With --check nothing is written; it fails when a script is not what its module makes.
"""

import re
import sys
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "tornado_websockets" / "static" / "tornado_websockets"

# Module -> what the classic script is called to the page, and what it needs of the scripts before it.
MODULES = {
    "tornadowebsocket.mjs": ("TornadoWebSocket", None),
    "modules/progress_bar.mjs": ("ModuleProgressBar", ("TornadoWebSocket", "../tornadowebsocket")),
}

SOURCE_NOTE = re.compile(r"^//\n// This file is written by hand;.*\n", re.MULTILINE)
IMPORT = re.compile(r"^import .*\n\n", re.MULTILINE)
# Types that are imported by a comment. Django, told to rewrite the imports of scripts, would take it for one.
TYPES = re.compile(r"^/\*\*\n(?: \* @typedef \{import\(.*\n)+ \*/\n\n", re.MULTILINE)
EXPORT = re.compile(r"^export \{.*\};\n\Z", re.MULTILINE)

ALONE = """\
(function (root, factory) {
  if (typeof define === "function" && define.amd) define([], factory);
  else if (typeof module === "object" && module.exports) module.exports = factory();
  else root.%(name)s = factory();
})(typeof self === "undefined" ? this : self, function () {
"""

ON_ANOTHER = """\
(function (root, factory) {
  if (typeof define === "function" && define.amd) define(["%(path)s"], factory);
  else if (typeof module === "object" && module.exports) module.exports = factory(require("%(path)s.js"));
  else if (root.%(needs)s) root.%(name)s = factory(root.%(needs)s);
  else throw new Error("Load the script of %(needs)s before that of %(name)s.");
})(typeof self === "undefined" ? this : self, function (%(needs)s) {
"""


def classic(module: str, source: str) -> str:
    """The classic script that the text of a module makes: a global, an AMD module and a CommonJS module in one."""
    name, needed = MODULES[module]
    introduction, body = SOURCE_NOTE.sub("", source, count=1).split("\n\n", 1)
    wrapper = ALONE if needed is None else ON_ANOTHER
    needs, path = needed or ("", "")
    body, exports = EXPORT.subn("", TYPES.sub("", IMPORT.sub("", body)))
    if exports != 1:
        sys.exit(f"Expected {module} to end with one line of exports, found {exports}.")
    return (
        f"{introduction}\n//\n"
        f"// Made from {Path(module).name} by .ci/classic_scripts.py: change that file, not this one.\n"
        f"// The types that its comments name are in {Path(module).stem}.d.ts.\n"
        + wrapper % {"name": name, "needs": needs, "path": path}
        + '  "use strict";\n\n'
        + "".join(f"  {line}" if line.strip() else line for line in body.splitlines(keepends=True))
        + f"  return {name};\n}});\n"
    )


def main() -> None:
    for module in MODULES:
        source = STATIC / module
        script = source.with_suffix(".js")
        text = classic(module, source.read_text(encoding="utf-8"))
        if "--check" not in sys.argv:
            script.write_text(text, encoding="utf-8")
        elif not script.exists() or script.read_text(encoding="utf-8") != text:
            sys.exit(f"{script.name} is not what {source.name} makes; run: python {Path(__file__).name}")


if __name__ == "__main__":
    main()
