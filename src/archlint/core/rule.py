"""A rule as data: what a rule file says, checked but not compiled."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field

from archlint.core.record import dataclass

OptionValue = str | int | float | bool | tuple[str, ...]


class Severity(enum.IntEnum):
    """How much a violation matters; ordered. ``ERROR``: the standard says MUST, ``WARNING``: should, ``ADVICE``:
    consider."""

    ADVICE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """``advice``, ``warning`` or ``error``: as rules, options and reports write it."""
        return self.name.lower()


@dataclass(frozen=True)
class Option:
    """A typed option of a rule, set in archlint.yaml. ``type``: ``integer``, ``number``, ``string``, ``boolean`` or
    ``list``."""

    name: str
    type: str
    default: OptionValue
    summary: str


@dataclass(frozen=True)
class Autofix:
    """How to mend a violation where it is local and safe: what to change in the call at the finding's place.

    ``when`` is an expression that has to be true for it (None: always), ``append_to`` one that gives a function's
    place. The values of ``set_arguments`` and ``statement`` are texts with dotted names in braces, as in messages. For
    the rest see ``Edit``.
    """

    when: str | None = None
    set_arguments: tuple[tuple[str, str], ...] = ()
    remove_arguments: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    statement: str | None = None
    append_to: str | None = None


@dataclass(frozen=True)
class Rule:
    """One rule. ``path`` is its file as people should see it; ``source`` its text, for errors with a caret.

    ``subject`` names a type of ``core.system.SUBJECTS``; ``when`` is the expression that is true for a violation;
    ``location`` and ``related`` are expressions that give the primary location (None: the subject's own ``at``) and the
    related ones. Of ``autofixes`` the first whose condition holds is taken. ``lines`` are the lines of the file on
    which each key's value starts, counted from 1.
    """

    name: str
    category: str
    summary: str
    why: str
    fix: str
    severity: Severity
    since: str
    subject: str
    when: str
    message: str
    path: str
    references: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    location: str | None = None
    related: str | None = None
    options: tuple[Option, ...] = ()
    autofixes: tuple[Autofix, ...] = ()
    tags: tuple[str, ...] = ()
    ignorable: bool = True
    is_builtin: bool = True
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """One example of a rule: a small tree of files. In bad ones ``# expect`` marks each line to be flagged, and
    ``# expect-todo`` a known miss; good ones have no finding of the rule. ``fixed`` are files as ``--fix`` leaves them,
    None where that is not said."""

    is_bad: bool
    files: Mapping[str, str]
    title: str = ""
    fixed: Mapping[str, str] | None = None
