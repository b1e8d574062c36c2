"""Triage settles what counts: violations go in, findings come out, suppressed ones among them.

It also hands back every suppression with whether it was used, as subjects for the rules about suppressions. A baseline
would be one more answer to ``_suppressed``.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from archlint.config import Config, lines_of_exceptions
from archlint.core.finding import Finding, Suppressed, Violation
from archlint.core.record import dataclass
from archlint.core.rule import Rule
from archlint.core.span import Span
from archlint.core.system.suppressions import Suppression
from archlint.core.values import UNKNOWN, Place, Truth
from archlint.triage.comments import Mark, find_marks
from archlint.triage.fingerprints import fingerprints

__all__ = ["Settled", "agreed_exceptions", "as_findings", "find_marks", "merge", "reported", "settle"]


@dataclass(frozen=True)
class Settled:
    """Findings, sorted by path, line, column and rule; and the suppressions that were looked at."""

    findings: tuple[Finding, ...]
    suppressions: tuple[Suppression, ...]


@dataclass
class Answer:
    """A suppression and what became of it."""

    mark: Mark
    path: str | None = None
    service: str | None = None
    is_used: bool = False

    def covers(self, violation: Violation) -> bool:
        """Whether it speaks of the violation; the rule is known to be the same."""
        at = violation.at
        if self.mark.form == "exception":
            return (self.path is None or _matches(at.path, self.path)) and (
                self.service is None or self.service in violation.services
            )
        if self.mark.at.path != at.path:
            return False
        return self.mark.lines is None or at.line in self.mark.lines or at.end_line in self.mark.lines


def merge(violations: Iterable[Violation]) -> list[Violation]:
    """One violation for each rule and primary place, in order: a base that three overlays use is mended once."""
    merged: dict[tuple[str, Span], Violation] = {}
    for violation in sorted(violations, key=_order):
        place = (violation.rule.name, violation.at)
        first = merged.get(place)
        if first is None:
            merged[place] = violation
            continue
        related = {one.at: one for one in (*reversed(violation.related), *reversed(first.related))}
        overlays = tuple(sorted({*first.overlays, *violation.overlays}))
        merged[place] = replace(first, related=tuple(reversed(related.values())), overlays=overlays)
    return list(merged.values())


def settle(
    violations: Iterable[Violation],
    marks: Sequence[Mark],
    exceptions: Sequence[Answer],
    *,
    rules: Sequence[Rule],
    ran: Iterable[str],
    today: datetime.date,
) -> Settled:
    """What counts. ``rules`` are all that there are, ``ran`` the names of those that looked at the system."""
    names = {name: rule for rule in rules for name in (rule.name, *rule.aliases)}
    answers = [*(Answer(mark) for mark in marks), *exceptions]
    by_rule: dict[str, list[Answer]] = {}
    for answer in answers:
        answer.mark = _checked(answer.mark, names)
        if answer.mark.problem is None:
            by_rule.setdefault(names[answer.mark.rule].name, []).append(answer)
    ordered = merge(violations)
    findings = [
        _finding(violation, fingerprint, by_rule.get(violation.rule.name, ()), today)
        for violation, fingerprint in zip(ordered, fingerprints(ordered), strict=True)
    ]
    done = frozenset(ran)
    return Settled(tuple(findings), tuple(_subject(answer, names, done) for answer in answers))


def as_findings(violations: Iterable[Violation]) -> tuple[Finding, ...]:
    """Violations that nothing suppresses."""
    ordered = merge(violations)
    return tuple(_finding(*pair, (), datetime.date.min) for pair in zip(ordered, fingerprints(ordered), strict=True))


def reported(findings: Iterable[Finding], places: Sequence[str]) -> tuple[Finding, ...]:
    """The findings in those files and directories (all for none), sorted by path, line, column and rule."""
    kept = (one for one in findings if not places or any(_is_in(one.at.path, place) for place in places))
    return tuple(sorted(kept, key=lambda one: (one.at.path, one.at.line, one.at.column, one.rule, one.at, one.subject)))


def agreed_exceptions(config: Config, file: Path | None, root: Path) -> list[Answer]:
    """The entries of ``exceptions:``, each with its place in the file."""
    if file is None or not config.exceptions:
        return []
    shown = Path(os.path.relpath(file, root)).as_posix()
    answers = []
    for one, (line, column, end) in zip(config.exceptions, lines_of_exceptions(file), strict=True):
        problem = None if one.path or one.service else f"the exception for {one.rule} names neither path nor service"
        mark = Mark(Span(shown, line, column, line, end), "exception", one.rule, one.reason, None, one.until, problem)
        answers.append(Answer(mark, one.path, one.service))
    return answers


def _finding(violation: Violation, fingerprint: str, answers: Iterable[Answer], today: datetime.date) -> Finding:
    suppressed_by, message = None, violation.message
    for answer in answers:
        if not answer.covers(violation):
            continue
        answer.is_used = True
        mark = answer.mark
        if mark.until is None or today <= mark.until:
            by = "exception" if mark.form == "exception" else "comment"
            suppressed_by = suppressed_by or Suppressed(by, mark.reason, mark.at)
        elif message is violation.message:
            word = "exception" if mark.form == "exception" else "suppression"
            message = f"{message} ({word} expired on {mark.until}: {mark.reason})"
    rule = violation.rule
    return Finding(
        rule=rule.name,
        category=rule.category,
        severity=rule.severity,
        message=violation.message if suppressed_by else message,
        at=violation.at,
        related=_distinct(violation.related),
        subject=violation.subject,
        fingerprint=fingerprint,
        overlays=violation.overlays,
        suppressed_by=suppressed_by,
        edit=violation.edit,
    )


def _checked(mark: Mark, names: Mapping[str, Rule]) -> Mark:
    """The mark with its problem, if the rule that it names does not exist or does not let itself be suppressed."""
    if mark.problem:
        return mark
    rule = names.get(mark.rule)
    if rule is None:
        return replace(mark, problem=f"there is no rule {mark.rule!r}; `archlint rules` lists them")
    if not rule.ignorable:
        return replace(mark, problem=f"findings of {mark.rule} cannot be suppressed; mend what they say")
    return mark


def _subject(answer: Answer, names: Mapping[str, Rule], ran: frozenset[str]) -> Suppression:
    mark = answer.mark
    is_used: Truth = answer.is_used
    if mark.problem is None and not answer.is_used and names[mark.rule].name not in ran:
        is_used = UNKNOWN
    return Suppression(
        at=mark.at,
        name=f"{mark.form} for {mark.rule}" if mark.rule else mark.form,
        key=f"{mark.form}:{mark.rule}:{mark.reason}",
        form=mark.form,
        rule=mark.rule,
        reason=mark.reason,
        problem=mark.problem,
        is_used=is_used,
    )


def _matches(path: str, pattern: str) -> bool:
    """A glob over the whole path; a pattern without wildcards is a file, or a directory with all that is in it."""
    plain = pattern.removeprefix("./").rstrip("/")
    return _is_in(path, plain) or fnmatchcase(path, plain)


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")


def _order(violation: Violation) -> tuple[object, ...]:
    at = violation.at
    return (at.path, at.line, at.column, violation.rule.name, at.end_line, at.end_column, violation.subject)


def _distinct(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(places))
