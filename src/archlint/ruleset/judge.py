"""One rule over one system: every subject of the rule's type is a violation, is fine, or is not judged.

A rule that crashes says so in its run; the other rules go on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from archlint.core.facts.base import Fact
from archlint.core.finding import RuleRun, Violation
from archlint.core.rule import Rule
from archlint.core.span import Span
from archlint.core.system import Subject, System
from archlint.core.system.services import Service
from archlint.core.values import Place, Setting, Unknown
from archlint.ruleset.compiled import CompiledRule, compile_rule
from archlint.ruleset.message import show

UNRESOLVED = "a value could not be resolved"


def judge(rule: Rule, system: System) -> tuple[RuleRun, list[Violation]]:
    """What the rule finds in the system, in the order of the subjects, and how it went. Options are the rule's own."""
    started = time.perf_counter()
    violations: list[Violation] = []
    not_judged: Counter[str] = Counter()
    looked_at = 0
    error = None
    try:
        compiled = compile_rule(rule)
        when = compiled.when
        subject: Any
        for subject in system.select(compiled.subject):
            looked_at += 1
            verdict = when(subject, None)
            if verdict is True:
                violations.append(_violation(rule, compiled, subject))
            elif verdict is not False:
                not_judged[getattr(verdict, "reason", "") or UNRESOLVED] += 1
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}"
        violations = []
    seconds = time.perf_counter() - started
    return RuleRun(rule.name, looked_at, dict(sorted(not_judged.items())), seconds, error), violations


def judge_all(
    rules: Sequence[Rule], system: System, progress: Callable[[str, int, int], None] | None = None
) -> tuple[tuple[RuleRun, ...], list[Violation]]:
    """Every rule over one system, in order; ``progress`` is told after each."""
    runs: list[RuleRun] = []
    violations: list[Violation] = []
    for rule in rules:
        run, found = judge(rule, system)
        runs.append(run)
        violations += found
        if progress:
            progress("judging", len(runs), len(rules))
    return tuple(runs), violations


def _violation(rule: Rule, compiled: CompiledRule, subject: Subject | Fact) -> Violation:
    at = subject.at
    if compiled.location is not None:
        at = next(iter(places_of(compiled.location(subject, None))), Place(at, "")).at
    related = compiled.related(subject, None) if compiled.related is not None else ()
    places = {place.at: place for place in reversed(list(places_of(related))) if place.at != at}
    return Violation(
        rule=rule,
        message=compiled.message(subject),
        at=at,
        related=tuple(reversed(places.values())),
        subject=_key(subject),
        overlays=getattr(subject, "overlays", ()),
        services=tuple(sorted(set(_services(subject)))),
        edit=compiled.edit(subject, at),
    )


def _services(subject: Any) -> Iterable[str]:
    """The services that the subject belongs to, by its own fields or those of what it is a part of."""
    if isinstance(subject, Service):
        yield subject.name
    for field in ("service", "caller"):
        owner = getattr(subject, field, None)
        if isinstance(owner, str | Service):
            yield str(owner)
    several = getattr(subject, "services", ())
    if isinstance(several, tuple):
        yield from (str(one) for one in several)
    for field in ("container", "workload"):
        whole = getattr(subject, field, None)
        if isinstance(whole, Subject):
            yield from _services(whole)


def _key(subject: Any) -> str:
    """The subject's stable identity; facts, which have none, go by path and what they call themselves."""
    if isinstance(subject, Subject):
        return subject.key
    named = [
        str(getattr(subject, field)) for field in ("kind", "type", "key", "name", "module") if hasattr(subject, field)
    ]
    return ":".join([type(subject).__name__, subject.at.path, *named])


def places_of(value: Any) -> Iterable[Place]:
    """The places that a value of a subject's field stands for: its own, or those of its elements."""
    if value is None or isinstance(value, Unknown):
        return
    if isinstance(value, Place):
        yield value
    elif isinstance(value, Span):
        yield Place(value, "")
    elif isinstance(value, Setting):
        yield Place(value.at, value.source)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from places_of(one)
    elif isinstance(value, Subject | Fact):
        yield Place(value.at, show(value) if isinstance(value, Subject) else "")
