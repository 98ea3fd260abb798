"""What a name and a message may be: both come from strangers."""

import unicodedata

from tornado_websockets.exceptions import Refused

NAME_LENGTH = 32
TEXT_LENGTH = 2000
PERSON_LENGTH = 16
SECRET_LENGTHS = range(16, 65)

# Persian, the scripts of India and emoji are written with these; they are seen by what they do to their neighbours.
JOINERS = "\u200c\u200d"
JOINED_AFTER = {"Lo", "Mc", "Mn", "Sk", "So"}
JOINED_BEFORE = {"Lo", "So"}
VIRAMA = 9  # a combining class: what a joiner may follow at the end of a word, too


def clean_name(value: str) -> str:
    """Return `value` as a name on one line, or raise `Refused`."""
    name = " ".join(value.split())
    if not name:
        raise Refused("bad_name", "A name is needed.")
    if len(name) > NAME_LENGTH:
        raise Refused("bad_name", f"A name has at most {NAME_LENGTH} characters, this one {len(name)}.")
    # Invisible characters would let one pass for another.
    if not all(char.isprintable() or _is_joiner(name, index) for index, char in enumerate(name)):
        raise Refused("bad_name", "A name has visible characters only.")
    return name


def clean_text(value: str) -> str:
    """Return `value` as the text of a message, or raise `Refused`."""
    text = value.replace("\r\n", "\n").strip()
    if not text:
        raise Refused("bad_text", "A message needs a text.")
    if len(text) > TEXT_LENGTH:
        raise Refused("bad_text", f"A message has at most {TEXT_LENGTH} characters, this one {len(text)}.")
    # Control characters and lone surrogates: databases disagree on whether they can be stored.
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text if char not in "\n\t"):
        raise Refused("bad_text", "A message has no control characters.")
    return text


def clean_secret(value: str) -> str:
    """Return `value` as a secret that nobody guesses, or raise `Refused`."""
    if len(value) not in SECRET_LENGTHS or not value.isascii():
        expected = f"{SECRET_LENGTHS[0]} to {SECRET_LENGTHS[-1]} ASCII characters"
        raise Refused("bad_secret", f"Expected 'secret' to have {expected}.")
    return value


def _is_joiner(name: str, index: int) -> bool:
    """Whether there is a joiner, between characters that it joins."""
    if name[index] not in JOINERS or index == 0:
        return False
    before, after = name[index - 1], name[index + 1 : index + 2]
    if unicodedata.combining(before) == VIRAMA:
        return not after or after not in JOINERS
    return unicodedata.category(before) in JOINED_AFTER and bool(after) and unicodedata.category(after) in JOINED_BEFORE
