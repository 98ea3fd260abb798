"""The JavaScript of a page: which of its text is code, and where the client of this package is used in it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from ..project import SCRIPTS, SourceFile
from .lexemes import OPAQUE, blanked, without_comments

# What begins and ends a comment of HTML, of a template, or a block of script.
_COMMENTS = [
    (re.compile(r"<!--(?!\[if)"), re.compile(r"-->")),
    (re.compile(r"\{%-?\s*comment\b"), re.compile(r"\{%-?\s*endcomment\s*-?%\}")),
    (re.compile(r"\{#(?=[^\n\r]*#\})"), re.compile(r"#\}")),
]
_SCRIPT = (re.compile(r"<script\b[^<>]*>", re.IGNORECASE), re.compile(r"</script\b", re.IGNORECASE))
_INLINE = re.compile(r"""\son[a-z]+\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')""", re.IGNORECASE)
_NAME = r"[A-Za-z_$][\w$]*"
_BEGIN = r"(?:(?<![\w$.])|(?<=[)\]]\.))"  # of a dotted name
_MADE = re.compile(
    rf"{_BEGIN}(?:(?P<name>{_NAME}(?:\.{_NAME})*)\s*[=:]\s*)?(?<![\w$.])(?P<new>new\s+)?(?:window\.)?"
    rf"(?P<class>TornadoWebSocket|tws)(?=\s*\()"
)
_MENTIONED = re.compile(r"(?:(?<![\w$.])|(?<=window\.))(?<!function )(?:TornadoWebSocket|tws)(?=\s*\()")
_OTHER_NAME = re.compile(r"(?:\bextends\s|[=:])\s*(?:window\.)?TornadoWebSocket\b(?!\s*[.(])")
_LINES_OF_COMMENT = re.compile(r"^[^\S\n\r]*(?://[^\n\r]*|/\*.*?\*/)", re.DOTALL | re.MULTILINE)
_MODULE = re.compile(rf"{_BEGIN}(?P<name>{_NAME}(?:\.{_NAME})*)\s*[=:]\s*new\s+(?:{_NAME}\.)*(?P<class>{_NAME})\s*\(")
_MODULE_CLASSES = {"ModuleProgressBar", "ProgressBarModule"}
_DERIVED = re.compile(rf"\bclass\s+({_NAME})\s+extends\s+(?:TornadoWebSocket\.Module|ModuleProgressBar)\b(?!\.)")
_DECLARED = re.compile(rf"\b(?:var|let|const|function|class)\s+({_NAME})")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_OPENED_BY = {closing: opening for opening, closing in _PAIRS.items()}
# Whatever is no bracket or comma of the code itself is passed over as a whole.
_BRACKET = re.compile(rf"{OPAQUE}|[()\[\]{{}},]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Call:
    """A call: where it begins and ends, the text of its arguments, and where that of each begins."""

    start: int
    end: int
    arguments: tuple[str, ...]
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Making:
    """A client that is made: ``name = new TornadoWebSocket(...)``; its class stands at ``place``."""

    name: str
    has_new: bool
    place: int
    call: Call


class Script:
    """What of a file is JavaScript; all else is blank, so that places stay what they are."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.is_html = _is_html(source)
        #: The file without comments of HTML and of templates.
        self.markup = _without_comments(source.text) if self.is_html else source.text
        gaps = _outside_of_scripts(self.markup) if self.is_html else []
        self._scripts = _with_blanks(self.markup, gaps)
        #: Its JavaScript without comments.
        self.code = without_comments(self._scripts)
        #: The file without comments of any kind.
        self.text = _with_pieces_of(self.markup, self.code, gaps)

    @cached_property
    def makings(self) -> list[Making]:
        """Every client of this package that is made here."""
        return [
            Making(found["name"] or "", bool(found["new"]), found.start("class"), call)
            for found in _MADE.finditer(self.code)
            if (found["new"] or found["name"]) and (call := self.call_at(found.start(), found.end())) is not None
        ]

    @cached_property
    def unclear(self) -> list[int]:
        """Where a client may be made that :attr:`makings` does not have: in what was taken for a text, perhaps."""
        made = {making.place for making in self.makings}
        scripts = _LINES_OF_COMMENT.sub(lambda found: blanked(found[0]), self._scripts)
        places = {found.start() for found in _MENTIONED.finditer(scripts)} - made
        return sorted(places | {found.start() for found in _OTHER_NAME.finditer(self.code)})

    @cached_property
    def names(self) -> set[str]:
        """What clients are called here, without what they are attributes of."""
        return {making.name.rpartition(".")[2] for making in self.makings if making.name}

    @cached_property
    def module_names(self) -> set[str]:
        """What modules are called here."""
        classes = _MODULE_CLASSES | {found[1] for found in _DERIVED.finditer(self.code)}
        made = (found for found in _MODULE.finditer(self.code) if found["class"] in classes)
        return {found["name"].rpartition(".")[2] for found in made}

    @cached_property
    def other_names(self) -> set[str]:
        """Names that are declared here for something else."""
        return {found[1] for found in _DECLARED.finditer(self.code)} - self.names - self.module_names

    def members(self, names: AbstractSet[str], member: str) -> Iterator[re.Match[str]]:
        """Every place where ``member``, a pattern, is asked of what has one of ``names``."""
        for found in re.finditer(rf"(?<![\w$])(?P<name>{_NAME})\s*\.\s*{member}", self.code):
            if found["name"] in names:
                yield found

    def calls(self, names: AbstractSet[str], method: str) -> Iterator[Call]:
        """Calls of ``method`` of what has one of ``names``."""
        for found in self.members(names, rf"{method}(?=\s*\()"):
            call = self.call_at(found.start(), found.end())
            if call is not None:
                yield call

    def call_at(self, start: int, end: int) -> Call | None:
        """The call whose parenthesis is next after ``end``, if it is closed anywhere."""
        opened = self.code.index("(", end)
        return self._call(start, self._cuts[opened]) if opened in self._cuts else None

    @cached_property
    def _cuts(self) -> dict[int, list[int]]:
        """Every bracket that is closed: what follows it, each comma in it, and its end; found in one go."""
        cuts: dict[int, list[int]] = {}
        open_brackets: list[tuple[str, int, list[int]]] = []
        counts = Counter[str]()
        for found in _BRACKET.finditer(self.code):
            sign, place = found[0], found.start()
            if sign in _PAIRS:
                open_brackets.append((sign, place, [place + 1]))
                counts[sign] += 1
            elif sign == "," and open_brackets:
                open_brackets[-1][2].append(place + 1)
            elif sign in _OPENED_BY and counts[_OPENED_BY[sign]]:
                other = ""
                while other != _OPENED_BY[sign]:  # templates leave some open
                    other, opened, inner = open_brackets.pop()
                    counts[other] -= 1
                cuts[opened] = [*inner, place + 1]
        return cuts

    def _call(self, start: int, cuts: list[int]) -> Call:
        """The call whose arguments each end before a comma, or the parenthesis, that is before a cut."""
        arguments, places = [], []
        for since, until in pairwise(cuts):
            argument = self.code[since : until - 1]
            if argument.strip():
                arguments.append(argument.strip())
                places.append(since + len(argument) - len(argument.lstrip()))
        return Call(start, cuts[-1], tuple(arguments), tuple(places))


def literal(argument: str) -> str | None:
    """The text of a string that is written out."""
    found = re.fullmatch(r"""(['"`])([^'"`\\]*)\1""", argument)
    return found[2] if found is not None and "{{" not in found[2] and "${" not in found[2] else None


def _is_html(source: SourceFile) -> bool:
    return source.path.suffix.lower() not in SCRIPTS


def _without_comments(text: str) -> str:
    for opening, closing in _COMMENTS:
        text = _with_blanks(text, [(start, end) for start, _, _, end in _blocks(text, opening, closing)])
    return text


def _with_blanks(text: str, places: Iterable[tuple[int, int]]) -> str:
    pieces, position = [], 0
    for start, end in places:
        pieces += [text[position:start], blanked(text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])


def _blocks(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where each block is, and where what is in it; found in one go, however many are never closed."""
    begin = opening.search(text)
    while begin is not None:
        finish = closing.search(text, begin.end())
        if finish is None:
            return
        yield begin.start(), begin.end(), finish.start(), finish.end()
        begin = opening.search(text, finish.end())


def _outside_of_scripts(markup: str) -> list[tuple[int, int]]:
    """Where no JavaScript stands."""
    kept = [(start, end) for _, start, end, _ in _blocks(markup, *_SCRIPT)]
    kept += [found.span(found.lastgroup or 0) for found in _INLINE.finditer(markup)]
    gaps, position = [], 0
    for start, end in sorted(kept):
        if start >= position:
            gaps.append((position, start))
            position = end
    return [*gaps, (position, len(markup))]


def _with_pieces_of(markup: str, code: str, places: Iterable[tuple[int, int]]) -> str:
    """``code``, with ``markup`` in these places."""
    pieces, position = [], 0
    for start, end in places:
        pieces += [code[position:start], markup[start:end]]
        position = end
    return "".join([*pieces, code[position:]])
