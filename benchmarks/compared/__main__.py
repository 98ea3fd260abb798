"""``python -m benchmarks.compared``: what happens with this package, and with others, when something goes wrong."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..comparison import tell
from ..pages import fill
from ..redis import Redis
from ..report import circumstances, left_out, table
from .peers import PEERS, Peer
from .questions import QUESTIONS, Question

#: In the cells of a peer that can not be had here; why is said below the table.
_ABSENT = "(not installed here)"


def main(arguments: Sequence[str]) -> int:
    """Try everything, and print the table."""
    options = _options(arguments)
    if (absence := Redis.absence()) is not None:
        sys.exit(f"Expected a Redis, but {absence}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # so that servers are stopped, too
    peers = [peer for peer in PEERS if not options.peer or peer.name in options.peer]
    questions = [question for question in QUESTIONS if all(word in question.title for word in options.words)]
    reasons = {peer.name: reason for peer in peers if (reason := peer.why_absent()) is not None}
    versions = {peer.package: peer.version() for peer in peers if peer.name not in reasons}
    rows = list(_rows(questions, peers, reasons))
    head = ("what happens when ...", *(peer.name for peer in peers))
    told = circumstances("benchmarks.compared", arguments, versions)
    outcomes = f"{told}\n{table(head, rows)}\n{left_out(reasons)}"
    sys.stdout.write(outcomes)
    if options.docs is not None:
        fill(options.docs / "compared.md", "outcomes", outcomes)
        fill(options.docs / "compared.md", "scripts", scripts_table())
    return 0


def scripts_table() -> str:
    """What each script does."""
    return table(("when", "the script"), [(question.title, question.script) for question in QUESTIONS])


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compared", description=__doc__)
    parser.add_argument("words", nargs="*", metavar="WORD", help="try only what has these words in its title")
    parser.add_argument("--peer", action="append", metavar="NAME", help="only this one, as its column has it; again")
    parser.add_argument("--docs", type=Path, metavar="DIRECTORY", help="leave the tables in its page")
    options = parser.parse_args(arguments)
    if options.docs is not None and (options.words or options.peer):
        parser.error("--docs takes everything: leave out --peer, and every WORD")
    return options


def _rows(questions: Sequence[Question], peers: Sequence[Peer], absent: dict[str, str]) -> Iterator[tuple[str, ...]]:
    for question in questions:
        tell(question.title)
        cells = [question.title]
        for peer in peers:
            cells.append(_ABSENT if peer.name in absent else question.answer(peer))
            tell(f"  {peer.name}: {cells[-1]}")
        yield tuple(cells)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
