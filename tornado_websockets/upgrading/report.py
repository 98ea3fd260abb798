"""The report: findings as text, by rule, in the order of ``docs/upgrading.md``."""

from collections.abc import Iterable, Iterator

from .findings import Finding, Rule, Severity, Unread
from .rules import RULES

_HEADINGS = {Severity.MUST: "MUST", Severity.LOOK: "LOOK"}
_WIDTH = 100


def write_report(findings: Iterable[tuple[Finding, Severity]], unread: Iterable[Unread]) -> Iterator[tuple[str, str]]:
    """The lines of the report, each with its kind: ``"must"``, ``"look"``, ``"place"`` or ``"text"``."""
    findings, unread = [*findings], [*unread]
    for severity in Severity:
        for rule in RULES.values():
            places = [finding for finding, weight in findings if finding.rule == rule.name and weight is severity]
            if places:
                yield severity.value, f"{_HEADINGS[severity]}: {rule.title} [{rule.name}]"
                yield from (("text", line) for line in _explain(rule))
                yield from (("place", line) for line in map(_place, sorted(places)))
                yield "text", ""
    if unread:
        yield "text", "Not looked at:"
        yield from (("text", f"  {printable(one.path)} {printable(one.reason)}") for one in unread)
        yield "text", ""


def summarize(findings: Iterable[tuple[Finding, Severity]]) -> str:
    """How much there is to do, in a sentence."""
    weights = [weight for _, weight in findings]
    must, look = weights.count(Severity.MUST), weights.count(Severity.LOOK)
    if not weights:
        return "Nothing was found that has to be changed."
    return f"{_count(must)} must be changed, {_count(look)} should be looked at. docs/upgrading.md has more on each."


def printable(text: object) -> str:
    """Text for any terminal: names of files may hold whatever a file system takes."""
    return "".join(sign if sign.isprintable() or sign == "\t" else ascii(sign)[1:-1] for sign in str(text))


def _explain(rule: Rule) -> Iterator[str]:
    yield f"  why: {rule.why}"
    yield f"  how: {rule.how}"


def _place(finding: Finding) -> str:
    where = printable(finding.path) + (f":{finding.line}" if finding.line else "")
    source = printable(finding.source)
    shown = source if len(source) <= _WIDTH else f"{source[:_WIDTH]} ..."
    detail = f"({printable(finding.detail)})" if finding.detail and shown else printable(finding.detail)
    return f"    {where}: " + "  ".join(part for part in (shown, detail) if part)


def _count(number: int) -> str:
    return "1 place" if number == 1 else f"{number} places"
