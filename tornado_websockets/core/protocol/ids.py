"""The id of a frame: what may be one, and how it is found in a text that is refused undecoded."""

import json
import re
from typing import TypeGuard

from .outline import SHORT

Id = str | int

#: Characters that an id may have: each part of a reply, and each answer, repeats it.
MAX_ID = 1024

#: Characters at the beginning and at the end of a long text that are searched for its id.
WINDOW = 1024

_DECODER = json.JSONDecoder()

# Every quantifier that could give back what it has taken is possessive, so that a search reads the window once.
_SPACE = r"[ \t\n\r]*+"
_STRING = r'"(?:[^"\\]|\\.)*+"'
_MEMBER = rf"{_STRING}{_SPACE}:{_SPACE}(?:{_STRING}|[-+.0-9a-zA-Z]++){_SPACE}"
_ID = rf'"id"{_SPACE}:{_SPACE}({_STRING}|-?[0-9]++){_SPACE}'
_AT_THE_HEAD = re.compile(rf"{_SPACE}\{{{_SPACE}(?:{_MEMBER},{_SPACE})*{_ID}[,}}]")
_AT_THE_TAIL = re.compile(rf'[{{,]{_SPACE}{_ID}(?:,{_SPACE}(?!"id"){_MEMBER})*+\}}{_SPACE}\Z')


def is_id(value: object) -> TypeGuard[Id]:
    """Whether a frame may have this as its ``id``."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def id_of(value: object) -> Id | None:
    """The id of a refused frame, where it has one that can be sent back."""
    id_ = value.get("id") if isinstance(value, dict) else None
    if not is_id(id_) or (isinstance(id_, str) and (len(id_) > MAX_ID or not _is_unicode(id_))):
        return None
    return id_


def find_id(text: str | bytes, *, is_json: bool = True) -> Id | None:
    """The id of a frame that was refused before it was decoded, so that whoever waits for a reply gets one.

    A short text is decoded after all. Of a longer one only the beginning and the end are read: the id is found where
    no array, no object and less than :data:`WINDOW` characters stand before or after it in the frame, as in any order
    of ``event``, ``data`` and ``id``. What is found so is a member of the frame itself, not of something in it: before
    it nothing but the frame was opened, or after it nothing but the frame is closed.

    :param is_json: false where the text is known to be damaged. Then only what stands before the damage can be
        trusted: the ``"id": 7}`` at the end of a frame that lacks its last brace is its data's.
    """
    if isinstance(text, bytes):
        return None
    if len(text) <= SHORT:
        try:
            return id_of(_DECODER.decode(text))
        except RecursionError:
            pass
        except ValueError:
            is_json = False
    text = text.strip()
    found = _AT_THE_TAIL.search(text[-WINDOW:]) if is_json else None
    found = found or _AT_THE_HEAD.match(text[:WINDOW])
    return _read(found[1]) if found else None


def _read(token: str) -> Id | None:
    try:
        return id_of({"id": _DECODER.decode(token)})
    except ValueError:  # 007, or a control character
        return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True
