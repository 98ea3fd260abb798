"""``python -m benchmarks.profiles``: in which layer of a server on uvicorn its time goes, by py-spy."""

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..comparison import tell
from ..machine import prepared
from ..pages import fill
from ..report import circumstances, table
from ..stage import Stage, stage
from .stacks import LAYERS, by_layer
from .works import Work, works

#: Samples a second. The server stands still while one is taken, which its CPU time does not show.
_RATE = 500


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the table."""
    options = _options(arguments)
    program = shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")
    if program is None:
        sys.exit("Expected the program py-spy: install the extra 'bench'.")
    with prepared():
        rows = list(_rows(program, options.seconds))
    head = ("work", "who", "in all", *LAYERS, "")
    text = "\n".join((circumstances("benchmarks.profiles", arguments), table(head, rows)))
    sys.stdout.write(text)
    if options.docs is not None:
        fill(options.docs / "benchmarks.md", "profiles", text)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profiles", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="for which each server is looked at (%(default)s)")
    parser.add_argument("--docs", type=Path, metavar="DIRECTORY", help="leave the table in its page")
    return parser.parse_args(arguments)


def _rows(program: str, seconds: float) -> Iterator[tuple[str, ...]]:
    for work in works("uvicorn"):
        tell(f"{work.title}, {work.contestant.name}")
        with stage(work.contestant, work.event, work.clients) as played:
            cost = played.cost(lambda: work.once(played, work.contestant), seconds / 4)  # noqa: B023 called at once
            samples = _sampled(program, played, work, seconds)
        every = samples.total()
        parts = (f"{cost * samples[layer] / every:.3g}" if samples[layer] else "" for layer in LAYERS)
        yield work.title, work.contestant.name, f"{cost:.3g}", *parts, work.figure


def _sampled(program: str, played: Stage, work: Work, seconds: float) -> Counter[str]:
    """Samples of each layer while the server works."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "stacks"
        options = ["record", "--native", "--rate", str(_RATE), "--format", "raw"]
        command = [program, *options, "--duration", str(max(1, round(seconds))), "--output", str(file)]
        with subprocess.Popen(  # noqa: S603 our own command
            [*command, "--pid", str(played.pids[0])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as sampler:
            while sampler.poll() is None:
                work.once(played, work.contestant)
            output = b"" if sampler.stdout is None else sampler.stdout.read()
        if not file.exists():
            told = output.decode(errors="replace")[-2000:]
            raise RuntimeError(f"Expected stacks of py-spy, which may have to be run as root here, got:\n{told}")
        samples = by_layer(file.read_text().splitlines())
    if not samples:
        raise RuntimeError("Expected a server at work, got none that py-spy has seen.")
    return samples


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
