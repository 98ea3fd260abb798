"""What WebSockets and definitions are called: identifiers that TypeScript takes for the name of a type."""

import re
from collections.abc import Callable, Collection
from typing import Final
from unicodedata import combining, normalize

#: Makes an identifier of a text: :func:`identifier`, or :func:`ascii_identifier`.
Spelling = Callable[[str], str]

#: Names that TypeScript has a meaning for where a type is written or declared, or that our declarations need.
OF_TYPESCRIPT: Final = frozenset(
    {
        "Record", "any", "as", "asserts", "async", "await", "bigint", "boolean", "break", "case", "catch", "class",
        "const", "continue", "debugger", "default", "delete", "do", "else", "enum", "export", "extends", "false",
        "finally", "for", "function", "if", "implements", "import", "in", "infer", "instanceof", "interface",
        "intrinsic", "is", "keyof", "let", "never", "new", "null", "number", "object", "package", "private",
        "protected", "public", "readonly", "return", "static", "string", "super", "switch", "symbol", "this", "throw",
        "true", "try", "typeof", "undefined", "unique", "unknown", "var", "void", "while", "with", "yield",
    }
)  # fmt: skip


def name_of_path(path: str) -> str:
    """``/chat`` is ``Chat``, ``/room/<slug:room>`` is ``RoomRoom``."""
    words = re.findall(r"[^\W_]+", re.sub(r"<[^>:]*:", "<", path))
    return identifier("".join(word[0].upper() + word[1:] for word in words) or "Root")


def identifier(text: str) -> str:
    """``text`` with ``_`` for what no identifier has, and before what none begins with."""
    name = "".join(each if f"_{each}".isidentifier() else "_" for each in text)
    return name if name.isidentifier() else f"_{name}"


def ascii_identifier(text: str) -> str:
    """The same for who takes ASCII alone: letters without their accents, and ``_`` for those of other alphabets."""
    plain = "".join(each for each in normalize("NFKD", text) if not combining(each))
    return identifier("".join(each if each.isascii() else "_" for each in plain))


def untaken(name: str, taken: Collection[str]) -> str:
    """``name``, with a number behind it where it is taken."""
    return next(each for each in (name, *(f"{name}{n}" for n in range(2, len(taken) + 3))) if each not in taken)
