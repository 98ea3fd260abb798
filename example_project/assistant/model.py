"""A language model, as far as a page can tell: the same question in the same place has the same answer, word by word.

It needs no network and knows nothing. A real one would be asked where `answer` is, and yield in its place.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from zlib import crc32

from pydantic import StringConstraints

LONGEST = 200  # characters of a question
PAUSE = 0.06  # seconds between two words

OPENINGS = ("Good question.", "That depends.", "I have thought about that.", "Nobody has asked me that before.")
ANSWERS = (
    """Most things that seem to come at once come one after the other, only faster than anybody looks. If you read this
    word by word, then so did the server: it made the next one when you had this.""",
    """I would begin with the smallest part of it that can go wrong, and let that go wrong on purpose. What is left is
    then either the answer, or a much better question than the one you came with.""",
    """There are two opinions on it. One says that waiting is what computers do best, and people worst. The other is
    still being computed, and you will be told as soon as somebody has stopped waiting for it.""",
)


@dataclass
class Question:
    """What one of the two wants to know."""

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]


async def answer(question: str, number: int) -> AsyncIterator[str]:
    """What it says to a question, the `number`-th of a talk, in words."""
    seed = crc32(question.encode())
    opening, text = OPENINGS[seed % len(OPENINGS)], ANSWERS[seed % len(ANSWERS)]
    for word in f"{opening} This was question {number} of our talk. {text}".split():
        yield word
        await asyncio.sleep(PAUSE)
