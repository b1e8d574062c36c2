"""A rule with its expressions checked and compiled: the link between a rule's text and the subjects it judges."""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Callable
from typing import Any

from archlint.core.facts.base import Fact
from archlint.core.finding import Edit
from archlint.core.record import dataclass
from archlint.core.rule import Autofix, Rule
from archlint.core.span import Span
from archlint.core.system import SUBJECTS, Subject
from archlint.core.values import Place, Setting
from archlint.ruleset.errors import ExpressionError
from archlint.ruleset.evaluation import Evaluate
from archlint.ruleset.expression import compile_condition, compile_expression
from archlint.ruleset.message import compile_message
from archlint.ruleset.types import ABSENT, Type, describe, elements_of, fields_of


@dataclass(frozen=True)
class CompiledRule:
    """The functions of a rule: each takes a subject (and None)."""

    subject: type
    when: Evaluate
    message: Callable[[Any], str]
    location: Evaluate | None
    related: Evaluate | None
    edit: Callable[[Any, Span], Edit | None]
    """What to change for a violation at that place, None where it is not known to be safe."""
    options: frozenset[str]
    """The options that any of them reads."""


class CompileError(Exception):
    """An expression of the rule is wrong: ``key`` is the rule file's key that holds it, or the path to it below one of
    the changes of ``autofix``, which ``position`` then gives."""

    def __init__(self, key: str, error: ExpressionError, position: int = 0) -> None:
        self.key = key
        self.position = position
        self.error = error
        super().__init__(error.message)


def expression_name(subject: str) -> str:
    """What a subject is called in expressions: the last word of its type in lower case (``HttpCall`` is ``call``).

    Where that word is Python's own (``PythonClass``, ``ServiceImport``), it is the whole name: ``python_class``.
    """
    words = re.findall(r"[A-Z][a-z0-9]*", subject)
    last: str = words[-1].lower()
    return "_".join(words).lower() if keyword.iskeyword(last) else last


def compile_rule(rule: Rule) -> CompiledRule:
    """The compiled rule.

    Raises:
        CompileError: one of its expressions is wrong.
    """
    options = tuple((option.name, option.default) for option in rule.options)
    return _compile(rule.subject, rule.when, rule.message, rule.location, rule.related, options, rule.autofixes)


@functools.lru_cache(maxsize=1024)
def _compile(
    subject_name: str,
    when: str,
    message: str,
    location: str | None,
    related: str | None,
    options: Any,
    autofixes: tuple[Autofix, ...],
) -> CompiledRule:
    subject: Any = SUBJECTS[subject_name]
    name = expression_name(subject_name)
    settings = dict(options)
    key = "when"
    position = 0
    try:
        condition = compile_condition(when, name, subject, settings)
        key = "message"
        render, read = compile_message(message, name, subject, settings)
        read |= condition.options
        places: list[Evaluate | None] = []
        for key, text in (("at", location), ("related", related)):  # noqa: B007 (the handler below reads it)
            places.append(None)
            if text is not None:
                expression = compile_expression(text, name, subject, settings)
                _require_places(expression.type, text)
                places[-1] = expression.evaluate
        if related is None and "related" in fields_of(subject):
            places[1] = lambda subject, element: subject.related
        changes = []
        for position, autofix in enumerate(autofixes):  # noqa: B007 (the handler below reads it)
            key = "autofix when"
            holds = None
            if autofix.when is not None:
                tested = compile_condition(autofix.when, name, subject, settings)
                holds = tested.evaluate
                read |= tested.options
            arguments = []
            for argument, value in autofix.set_arguments:
                key = f"autofix set-argument {argument}"
                write, more = compile_message(value, name, subject, settings)
                arguments.append((argument, write))
                read |= more
            statement, function = None, None
            if autofix.statement is not None and autofix.append_to is not None:
                key = "autofix append-statement"
                statement, more = compile_message(autofix.statement, name, subject, settings)
                read |= more
                key = "autofix append-to"
                place = compile_expression(autofix.append_to, name, subject, settings)
                _require_places(place.type, autofix.append_to)
                function = place.evaluate
            changes.append(_Change(autofix, holds, arguments, statement, function))
    except ExpressionError as error:
        raise CompileError(key, error, position) from None
    return CompiledRule(subject, condition.evaluate, render, places[0], places[1], _editor(changes), read)


@dataclass(frozen=True)
class _Change:
    """One change of ``autofix``, its expressions and texts compiled."""

    autofix: Autofix
    holds: Evaluate | None
    arguments: list[tuple[str, Callable[[Any], str]]]
    statement: Callable[[Any], str] | None
    function: Evaluate | None

    def edit(self, subject: Any, at: Span) -> Edit | None:
        """The edit for a subject, None where it is not known to be meant for it."""
        if self.holds is not None and self.holds(subject, None) is not True:
            return None
        place = self.function(subject, None) if self.function is not None else None
        if self.function is not None and not isinstance(place, Span):
            return None
        return Edit(
            at,
            tuple((name, write(subject)) for name, write in self.arguments),
            self.autofix.remove_arguments,
            self.autofix.calls,
            self.statement(subject) if self.statement is not None else "",
            place,
        )


def _editor(changes: list[_Change]) -> Callable[[Any, Span], Edit | None]:
    """The first change that is meant for the subject."""
    return lambda subject, at: next((edit for one in changes if (edit := one.edit(subject, at)) is not None), None)


def _require_places(kind: Type, text: str) -> None:
    inner = (elements_of(kind) or kind) - ABSENT
    if not all(_has_place(atom) for atom in inner):
        raise ExpressionError(f"{text.strip()} is {describe(kind)}: it has no place in a file")


def _has_place(atom: Any) -> bool:
    owner = getattr(atom, "__origin__", atom)
    return isinstance(owner, type) and issubclass(owner, Subject | Fact | Place | Span | Setting)
