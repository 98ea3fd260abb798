"""The lexemes of JavaScript in which other code may seem to stand: comments, strings, regular expressions."""

import re
from typing import Final

#: A string, a template, a comment: whatever begins first.
OPAQUE: Final = (
    r"""//[^\n\r]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n\r])*"?|'(?:\\.|[^'\\\n\r])*'?|`(?:\\.|[^`\\])*(?:`|\Z)"""
)
_LEXEME = re.compile(rf"{OPAQUE}|[\w$]+|\+\+|--|\S", re.DOTALL)
_COMMENT = ("//", "/*")
# Not one that is endlessly long: where none ends on a line that is, it would be sought from each slash to the end.
_REGEX = re.compile(r"/(?:\\[^\n\r]|\[(?:\\[^\n\r]|[^\]\\\n\r]){0,999}+\]|[^/\\\[\n\r]){1,999}+/")
_NO_WORD = re.compile(r"[^\w.-]")
_WORD = re.compile(r"[\w$]")
_NO_LINE_END = re.compile(r"[^\n\r]")
# Behind these a slash divides, or closes a tag. Behind a brace it may begin a regular expression, but hardly ever does.
_NO_VALUE_BEHIND = {"]", "}", "++", "--", ".", "<"}
_WORDS_BEFORE_VALUES = {
    "await", "case", "delete", "do", "else", "in", "instanceof", "new", "of", "return", "throw", "typeof", "void",
    "yield",
}  # fmt: skip
_WORDS_BEFORE_CONDITIONS = {"for", "if", "while", "with"}


class _Grammar:
    """As much of it as tells a regular expression from a division.

    :ivar expects_value: whether a value may begin here.
    """

    def __init__(self) -> None:
        self.expects_value = True
        self._last = ""
        self._are_conditions: list[bool] = []  # of the parentheses that are open

    def pass_over(self, lexeme: str) -> None:
        """Go on behind ``lexeme``."""
        if lexeme == "(":
            self._are_conditions.append(self._last in _WORDS_BEFORE_CONDITIONS)
        if lexeme == ")":
            self.expects_value = self._are_conditions.pop() if self._are_conditions else False
        elif _WORD.match(lexeme):
            self.expects_value = lexeme in _WORDS_BEFORE_VALUES and self._last != "."
        else:
            is_literal = lexeme[0] in "\"'`" or (lexeme[0] == "/" and lexeme != "/")
            self.expects_value = not is_literal and lexeme not in _NO_VALUE_BEHIND
        self._last = lexeme


def without_comments(code: str) -> str:
    """``code`` without comments, and with nothing but words in its regular expressions, in the same places."""
    pieces, position, copied, grammar = [], 0, 0, _Grammar()
    while (found := _LEXEME.search(code, position)) is not None:
        lexeme, start = found[0], found.start()
        if lexeme.startswith(_COMMENT):
            instead = blanked(lexeme)
        elif lexeme == "/" and grammar.expects_value and (regex := _REGEX.match(code, start)) is not None:
            lexeme = regex[0]
            instead = f"/{_NO_WORD.sub(' ', lexeme[1:-1])}/"
            grammar.pass_over(lexeme)
        else:
            instead = lexeme
            grammar.pass_over(lexeme)
        position = start + len(lexeme)
        if instead != lexeme:
            pieces += [code[copied:start], instead]
            copied = position
    return "".join([*pieces, code[copied:]])


def blanked(text: str) -> str:
    """As many blanks, on as many lines."""
    return _NO_LINE_END.sub(" ", text)
