"""Write the minified scripts of the browser client with esbuild, which npm fetches.

With --check nothing is written; it fails when a file is not what its script makes.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "tornado_websockets" / "static" / "tornado_websockets"
ESBUILD = ["npm", "exec", "--yes", "--package=esbuild@0.28.2", "--", "esbuild"]
OPTIONS = ["--minify", "--target=es2020", "--log-level=warning", "--entry-names=[dir]/[name].min"]


def minify(directory: Path) -> list[str]:
    """Write the scripts into ``directory``, and return their names."""
    for suffix in (".js", ".mjs"):
        scripts = [f"{name}{suffix}" for name in ("tornadowebsocket", "modules/progress_bar", "fragments")]
        places = ["--outbase=.", f"--outdir={directory}", f"--out-extension:.js={suffix}"]
        subprocess.run([*ESBUILD, *scripts, *OPTIONS, *places], cwd=STATIC, check=True)
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*.min.*"))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        for script in minify(directory):
            text = (directory / script).read_bytes()
            path = STATIC / script
            if "--check" not in sys.argv:
                path.write_bytes(text)
            elif not path.exists() or path.read_bytes() != text:
                sys.exit(f"{script} is not what its script makes; run: make client")


if __name__ == "__main__":
    main()
