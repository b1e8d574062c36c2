"""Why a rule judged a subject as it did: the parts of its condition, the values that it read, and where they are from.

In comes a rule and a subject of its type; out comes data for a person. Nothing is judged anew by other means: the parts
are compiled and evaluated by the same code as the rule.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from archlint.core.facts.base import Fact
from archlint.core.record import dataclass
from archlint.core.rule import Rule
from archlint.core.span import Span
from archlint.core.system import SUBJECTS, Subject
from archlint.core.values import Place, Setting, Truth, Unknown
from archlint.ruleset.compiled import compile_rule, expression_name
from archlint.ruleset.expression import compile_condition, compile_expression
from archlint.ruleset.judge import places_of
from archlint.ruleset.message import show
from archlint.ruleset.parsing import parse


@dataclass(frozen=True)
class Part:
    """One condition of several that all have to hold, as it stands in the rule."""

    text: str
    holds: Truth


@dataclass(frozen=True)
class Value:
    """A value that the condition reads: its name in the rule, as people write it, its source, and where it stands."""

    name: str
    shown: str
    source: str = ""
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Of one subject: ``verdict`` is true for a violation. ``places`` lead from the cause to the effect."""

    subject: Subject | Fact
    at: Span
    verdict: Truth
    message: str
    parts: tuple[Part, ...]
    values: tuple[Value, ...]
    places: tuple[Place, ...]


def explain_subject(rule: Rule, subject: Any) -> Explanation:
    """How the rule judges the subject."""
    compiled = compile_rule(rule)
    at = subject.at
    if compiled.location is not None:
        at = next((place.at for place in places_of(compiled.location(subject, None))), at)
    related = compiled.related(subject, None) if compiled.related is not None else ()
    verdict = compiled.when(subject, None)
    return Explanation(
        subject=subject,
        at=at,
        verdict=verdict if isinstance(verdict, bool) else Unknown(getattr(verdict, "reason", "")),
        message=compiled.message(subject),
        parts=tuple(_parts(rule, subject)),
        values=tuple(_values(rule, subject)),
        places=tuple(dict.fromkeys(places_of(related))),
    )


def _parts(rule: Rule, subject: Any) -> Iterator[Part]:
    name, options = expression_name(rule.subject), {one.name: one.default for one in rule.options}
    tree = parse(rule.when, name)
    conditions = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    for condition in conditions:
        text = " ".join(rule.when[condition.col_offset : condition.end_col_offset].split())
        holds = compile_condition(text, name, SUBJECTS[rule.subject], options).evaluate(subject, None)
        yield Part(text, holds if isinstance(holds, bool) else Unknown(getattr(holds, "reason", "")))


def _values(rule: Rule, subject: Any) -> Iterator[Value]:
    """What the condition's dotted names stand for, in order; of ``a.b.c`` also ``a.b`` where that is a setting."""
    name, options = expression_name(rule.subject), {one.name: one.default for one in rule.options}
    seen: set[str] = set()
    for path in _paths(rule, name):
        for part in (path.rpartition(".")[0], path):
            if part in seen or part == name or "." not in part:
                continue
            value = compile_expression(part, name, SUBJECTS[rule.subject], options).evaluate(subject, None)
            if part != path and not isinstance(value, Setting):
                continue
            seen.add(part)
            source = value.source if isinstance(value, Setting) else ""
            shown = f"unknown: {value.reason}" if isinstance(value, Unknown) and value.reason else show(value)
            places = tuple(one for one in places_of(value) if one.at != subject.at)
            yield Value(part, shown, source, tuple(Place(one.at, "") for one in places) if source else places)


def _paths(rule: Rule, name: str) -> Iterator[str]:
    inner: set[int] = set()
    found = []
    for node in ast.walk(parse(rule.when, name)):
        if isinstance(node, ast.Attribute):
            inner.add(id(node.value))
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            if id(node) not in inner and isinstance(root, ast.Name) and root.id in (name, "options"):
                found.append((node.col_offset, ast.unparse(node)))
    yield from dict.fromkeys(path for _, path in sorted(found))
