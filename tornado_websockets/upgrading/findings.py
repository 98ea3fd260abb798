"""Findings: a line of a project that wants attention, and the rule that says why and what to do."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath


class Severity(Enum):
    """How much a finding matters."""

    MUST = "must"  # it raises, or does nothing any more
    LOOK = "look"  # it works, but differs: only its author knows whether that matters


@dataclass(frozen=True, slots=True)
class Rule:
    """One difference between the old package and this one that can be seen in source.

    :ivar name: by which the report and the tests call it.
    :ivar title: what was found, in a few words.
    :ivar why: what is different now.
    :ivar how: what to do.
    :ivar section: the heading of ``docs/upgrading.md`` that has more.
    :ivar severity: where the application is served by an ASGI server.
    :ivar on_tornado: where it stays on ``manage.py runtornado``; ``None``: there is nothing to do.
    """

    name: str
    title: str
    why: str
    how: str
    section: str
    severity: Severity
    on_tornado: Severity | None


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A place in a project that a rule is about.

    :ivar path: of the file, below the directory that was scanned.
    :ivar line: from 1; 0 for the file as a whole.
    :ivar rule: name of the rule.
    :ivar detail: what the rule cannot know, such as where the other one of two is.
    :ivar source: the line as it stands in the file.
    """

    path: PurePosixPath
    line: int
    rule: str
    detail: str = ""
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, order=True)
class Unread:
    """A file or directory that was not looked at, and why."""

    path: PurePosixPath
    reason: str
