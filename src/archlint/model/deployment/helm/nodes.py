"""The nodes of a parsed Go template."""

from __future__ import annotations

from dataclasses import dataclass, field

from archlint.core.span import Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: a text, number, boolean or nil."""

    value: object


@dataclass(frozen=True, slots=True)
class Access:
    """Fields of the dot (``base`` None), a variable (``$name``), or something in parentheses."""

    base: str | Pipeline | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Name:
    """A function's name."""

    name: str


Operand = Literal | Access | Name


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by bars; ``declares`` are the variables that get its value, ``assigns`` where they exist."""

    commands: tuple[tuple[Operand, ...], ...]
    declares: tuple[str, ...] = ()
    assigns: bool = False


@dataclass(slots=True)
class Text:
    """Text between actions, one line or less a piece."""

    at: Span
    text: str


@dataclass(slots=True)
class Action:
    """An action that prints, or only declares."""

    at: Span
    pipeline: Pipeline


@dataclass(slots=True)
class Branch:
    """``if``, ``with`` or ``range``; ``template`` and ``block`` too, whose body is a named template."""

    at: Span
    keyword: str
    pipeline: Pipeline | None
    name: str = ""
    body: list[Block] = field(default_factory=list)
    otherwise: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Jump:
    """``break`` or ``continue``."""

    at: Span
    keyword: str


Block = Text | Action | Branch | Jump


@dataclass(slots=True)
class Template:
    """A parsed file: what it prints, and the templates that it defines."""

    blocks: list[Block]
    defines: dict[str, list[Block]]
