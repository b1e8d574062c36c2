"""The report for people: findings by file with their source lines, then what was read and what could not be judged.

Plain text unless colour is asked for; ASCII alone unless the terminal's encoding can carry more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby

from archlint.core.finding import Finding, Report, RuleRun
from archlint.core.rule import Severity
from archlint.reports.excerpt import Excerpts, printable

_STYLES = {
    "error": "31;1",
    "warning": "33;1",
    "advice": "36;1",
    "path": "1",
    "faint": "2",
    "good": "32;1",
}
MAX_RELATED = 8


def write_text(
    report: Report,
    *,
    colour: bool = False,
    ascii_only: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    statistics: bool = False,
) -> str:
    """The report as text.

    ``quiet`` leaves out source lines and summary; ``verbose`` adds suppressed findings and why subjects were not
    judged; ``statistics`` adds a line for each rule.
    """
    paint = _Paint(colour)
    lines = list(_findings(report, paint, quiet=quiet, verbose=verbose, arrow="->" if ascii_only else "→"))
    if statistics:
        lines += [*_statistics(report, paint), ""]
    if not quiet:
        lines += _summary(report, paint, verbose=verbose)
    text = "\n".join(lines)
    if ascii_only:
        text = text.encode("ascii", "backslashreplace").decode()
    return text + "\n" if text else ""


class _Paint:
    """Wraps text in terminal colours, or leaves it alone."""

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.enabled else text


def _findings(report: Report, paint: _Paint, *, quiet: bool, verbose: bool, arrow: str) -> Iterator[str]:
    shown = [finding for finding in report.findings if verbose or finding.suppressed_by is None]
    excerpts = Excerpts(report.sources, report.findings, report.rules)
    for path, group in groupby(shown, key=lambda finding: finding.at.path):
        if quiet:
            yield from (_one_line(finding) for finding in group)
            continue
        yield paint(printable(path), "path")
        for finding in group:
            yield from _finding(finding, excerpts, paint, arrow)
        yield ""


def _one_line(finding: Finding) -> str:
    return printable(f"{finding.at}: {finding.severity.label} {finding.rule}: {finding.message}")


def _finding(finding: Finding, excerpts: Excerpts, paint: _Paint, arrow: str) -> Iterator[str]:
    at = finding.at
    label = finding.severity.label
    where = f"{at.line}:{at.column}"
    yield f"  {where:<7} {paint(f'{label:<7}', label)}  {paint(finding.rule, 'path')}  {printable(finding.message)}"
    marked = excerpts.marked(at)
    if marked is not None:
        source, carets = marked
        yield f"{paint(f'{at.line:>9} |', 'faint')} {source}"
        yield f"{paint('          |', 'faint')} {paint(carets, label)}"
    for place in finding.related[:MAX_RELATED]:
        note = f"  {printable(place.note)}" if place.note else ""
        yield paint(f"          {arrow} {printable(str(place.at))}{note}", "faint")
    if len(finding.related) > MAX_RELATED:
        yield paint(f"          {arrow} and {len(finding.related) - MAX_RELATED} more places", "faint")
    if finding.overlays and len(finding.overlays) > 1:
        yield paint(f"          in {printable(', '.join(finding.overlays))}", "faint")
    if finding.suppressed_by is not None:
        by, reason = finding.suppressed_by.by, finding.suppressed_by.reason
        yield paint(f"          suppressed by {by}: {printable(reason) or 'no reason given'}", "faint")


def _summary(report: Report, paint: _Paint, *, verbose: bool) -> Iterator[str]:
    failures = report.failures
    suppressed = len(report.findings) - len(failures)
    aside = f"; {suppressed} suppressed" if suppressed else ""
    if failures:
        by_severity = Counter(finding.severity for finding in failures)
        parts = ", ".join(_count(by_severity[one], one.label) for one in reversed(Severity) if by_severity[one])
        files = len({finding.at.path for finding in failures})
        worst = max(finding.severity for finding in failures).label
        headline = f"{_count(len(failures), 'finding')} in {_count(files, 'file')}: {parts}{aside}."
        yield paint(headline, worst)
        edits = sum(finding.edit is not None for finding in failures)
        if edits:
            yield f"--fix may mend {edits} of them; --diff shows how."
    else:
        yield paint(f"No findings{aside}.", "good")
    inputs = report.inputs
    yield f"Read {_count(sum(inputs.read.values()), 'file')}{_listed(inputs.read, ': ')}."
    if inputs.unread:
        yield f"Recognised but not understood yet: {_listed(inputs.unread)}."
    if inputs.left_out:
        yield f"Left out: {_listed(inputs.left_out)}."
    yield from _judged(report, verbose=verbose)
    if report.gaps:
        kinds = Counter(gap.kind for gap in report.gaps)
        yield paint(f"Could not read everything: {_count(len(report.gaps), 'gap')}{_listed(kinds, ': ')}.", "warning")
    for run in report.runs:
        if run.error:
            yield paint(f"Rule {run.rule} failed and judged nothing: {printable(run.error)}", "error")
    for note in report.notes:
        yield printable(note)


def _judged(report: Report, *, verbose: bool) -> Iterator[str]:
    looked_at = sum(run.looked_at for run in report.runs)
    idle = [run.rule for run in report.runs if not run.looked_at]
    line = f"{_count(len(report.runs), 'rule')} judged {_count(looked_at, 'subject')}"
    if idle:
        line += f"; {_count(len(idle), 'rule')} had nothing to look at"
    not_judged = sum(sum(run.not_judged.values()) for run in report.runs)
    if not_judged:
        line += f"; {not_judged} not judged, for want of a known value"
    if (idle or not_judged) and not verbose:
        line += " (--verbose tells)"
    yield line + "."
    if not verbose:
        return
    for run in report.runs:
        for reason, count in sorted(run.not_judged.items(), key=lambda item: (-item[1], item[0])):
            yield f"  not judged by {run.rule}: {count} x {printable(reason)}"
    if idle:
        yield f"  nothing to look at: {', '.join(idle)}"


def _statistics(report: Report, paint: _Paint) -> Iterator[str]:
    found = Counter(finding.rule for finding in report.failures)
    width = max((len(run.rule) for run in report.runs), default=4)
    yield paint(f"{'rule':<{width}}  {'subjects':>8}  {'findings':>8}  {'not judged':>10}  {'ms':>7}", "path")
    for run in sorted(report.runs, key=lambda run: (-found[run.rule], run.rule)):
        yield _statistic(run, found[run.rule], width)


def _statistic(run: RuleRun, findings: int, width: int) -> str:
    not_judged = sum(run.not_judged.values())
    return f"{run.rule:<{width}}  {run.looked_at:>8}  {findings:>8}  {not_judged:>10}  {run.seconds * 1000:>7.1f}"


def _count(number: int, noun: str) -> str:
    if noun == "advice":
        return f"{number} advice"
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(counts: Mapping[str, int], lead: str = "") -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return lead + ", ".join(f"{count} {printable(name)}" for name, count in ordered) if ordered else ""
