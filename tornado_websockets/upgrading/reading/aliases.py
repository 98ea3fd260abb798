"""Other names of a client in a script: ``var s = ws``, ``this.s = ws``, ``{s: ws}``, ``const {ws: s} = this``.

A name counts only where nothing else of that name can be meant in the whole script: no parameter, no other value.
Scripts may be large, and have long blanks where comments were: no pattern goes back over what it has passed.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

_NAME = r"(?<![\w$])[A-Za-z_$][\w$]*+"
# A name, dotted or not, and nothing more: no call, no operator, on the next line neither.
_END = r"(?=[^\S\n\r]*+(?:[;,)\]}]|\Z|[\n\r]\s*+(?![.(\[?:+\-*/%&|=<>`])))"
_VALUE = rf"(?P<value>(?:{_NAME}\s*+\.\s*+)*{_NAME}){_END}"
_ASSIGNED = re.compile(rf"(?P<name>{_NAME})[^\S\n\r]*+=(?![=>])\s*+(?:{_VALUE})?")
_PROPERTY = re.compile(rf"[{{,]\s*+(?P<name>{_NAME})\s*+:\s*+(?:{_VALUE})?")
_UNPACKED = re.compile(r"[{\[](?P<names>[^{}\[\]]*+)[}\]]\s*+=(?![=>])")
_RENAMED = re.compile(rf"(?P<value>{_NAME})\s*+:\s*+(?P<name>{_NAME})")
# Whatever else gives a name a meaning: parameters, functions, classes, imports, what a loop or a catch has.
_PARAMETERS = re.compile(rf"(?:(?P<word>{_NAME})\s*+)?\((?P<names>[^()]*+)\)\s*+(?:=>|\{{)")
_OTHERWISE = re.compile(
    rf"(?<!\.)(?:(?P<alone>{_NAME})\s*+=>|\b(?:function|class)\b[\s*]*+(?P<defined>{_NAME})"
    rf"|\b(?:var|let|const)\s++(?P<looped>{_NAME})\s++(?:of|in)\b|\bimport\b(?P<imported>[^;'\"]*+))"
)
_NOTHING = {"null", "undefined"}
_CONDITIONS = {"if", "switch", "while", "with"}
_WORD = re.compile(_NAME)


def find_aliases(code: str, clients: AbstractSet[str]) -> set[str]:
    """What clients are called besides.

    :param code: of the script, without comments.
    :param clients: what they are called when they are made.
    """
    bound = [*_bindings(code)]
    others = {name for name, value in bound if value is None}
    known, size = {*clients}, 0
    while len(known) > size:
        size = len(known)
        meant = {name for name, value in bound if value in known}
        unclear = others | {name for name, value in bound if value not in known}
        known |= meant - unclear
    return known - clients


def _bindings(code: str) -> Iterator[tuple[str, str | None]]:
    """Every name that is given a value, with the last name of the value; ``None`` where that is no name."""
    for found in _UNPACKED.finditer(code):
        yield from _unpacked(found)
    plain = _UNPACKED.sub(lambda found: " " * len(found[0]), code)
    for pattern in (_ASSIGNED, _PROPERTY):
        for found in pattern.finditer(plain):
            if found["value"] not in _NOTHING:
                yield found["name"], _last(found["value"])
    for text in _otherwise(code):
        yield from ((name, None) for name in _WORD.findall(text))


def _unpacked(found: re.Match[str]) -> Iterator[tuple[str, str | None]]:
    if found[0].startswith("["):
        yield from ((name, None) for name in _WORD.findall(found["names"]))
        return
    for part in found["names"].split(","):
        renamed = _RENAMED.fullmatch(part.strip())
        if renamed is not None:
            yield renamed["name"], renamed["value"]


def _otherwise(code: str) -> Iterator[str]:
    """Texts with names that stand for something else, or for something that is not known."""
    for found in _PARAMETERS.finditer(code):
        if found["word"] not in _CONDITIONS:
            yield found["names"]
    for found in _OTHERWISE.finditer(code):
        yield from filter(None, found.groups())


def _last(value: str | None) -> str | None:
    return None if value is None else value.rpartition(".")[2].strip()
