"""Violations, findings, and the report: what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from archlint.core.facts.base import Gap
from archlint.core.record import dataclass
from archlint.core.rule import Rule, Severity
from archlint.core.span import Span
from archlint.core.values import Place


@dataclass(frozen=True)
class Edit:
    """A change to the call at, or around, a place: arguments to set, with their expressions, and to remove.

    Arguments go by keyword, or by position where the name is a number. In expressions a qualified name
    (``tenacity.wait_random``) stands for whatever the module calls it, and ``{argument}`` for what the argument is now.
    ``calls`` are the last names that the called function may have, any for none. ``statement`` is put at the end of the
    function at ``append_to``; ``{0}`` in it is the function's first parameter.
    """

    at: Span
    set_arguments: tuple[tuple[str, str], ...] = ()
    remove_arguments: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    statement: str = ""
    append_to: Span | None = None


@dataclass(frozen=True)
class Replacement:
    """A region of a file and the text that takes its place."""

    at: Span
    text: str


@dataclass(frozen=True)
class Violation:
    """A subject that a rule's condition holds for. ``subject`` is its stable key, ``services`` those it belongs to."""

    rule: Rule
    message: str
    at: Span
    related: tuple[Place, ...]
    subject: str
    overlays: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    edit: Edit | None = None


@dataclass(frozen=True)
class Suppressed:
    """Why a finding does not count. ``by``: ``comment``, ``exception`` (of archlint.yaml) or ``baseline``."""

    by: str
    reason: str
    at: Span | None = None


@dataclass(frozen=True)
class Finding:
    """A violation after triage. ``fingerprint`` is stable over edits above the finding: it holds no line.

    ``edit`` is how the rule would mend it; ``replacements`` are that in the file's own text, where it can be done for
    sure and was asked for.
    """

    rule: str
    category: str
    severity: Severity
    message: str
    at: Span
    related: tuple[Place, ...]
    subject: str
    fingerprint: str
    overlays: tuple[str, ...] = ()
    suppressed_by: Suppressed | None = None
    edit: Edit | None = None
    replacements: tuple[Replacement, ...] = ()


@dataclass(frozen=True)
class RuleRun:
    """How one rule went: the subjects it looked at, those not judged by reason, and the time it took in seconds."""

    rule: str
    looked_at: int
    not_judged: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True)
class Inputs:
    """What was read: files by kind, and what was left out or recognised but not understood yet, by reason."""

    root: str
    read: Mapping[str, int] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """The only argument of every report function.

    ``findings`` are sorted by path, line, column and rule; suppressed ones are among them. ``rules`` are those that
    ran. ``sources`` gives the lines of files that findings point at, for source excerpts: path to text.
    """

    findings: tuple[Finding, ...]
    rules: tuple[Rule, ...]
    runs: tuple[RuleRun, ...]
    gaps: tuple[Gap, ...]
    inputs: Inputs
    version: str
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What a person should know of the run: expired exceptions, selectors, rules that crashed."""

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The findings that are not suppressed."""
        return tuple(finding for finding in self.findings if finding.suppressed_by is None)
