"""Text that is put together: f-strings, ``+``, ``%``, ``str.format`` and ``str.join`` as templates of parts."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence

from archlint.core.facts.python import Dictionary, Display, Expression, Literal, Template
from archlint.core.values import Unknown

MAX_PARTS = 48
UNREADABLE = Unknown("unreadable format")
TOO_LONG = Unknown("too long")

_PERCENT = re.compile(
    r"%(?:\((?P<name>[^)]*)\))?(?P<flags>[-+ #0]*)(?P<width>\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?(?P<kind>[%a-zA-Z])"
)


def concatenation(parts: Iterable[Expression]) -> Expression:
    """The parts one after another: neighbouring literals are joined, templates flattened."""
    flat: list[Expression] = []
    for part in parts:
        for one in part.parts if isinstance(part, Template) else (part,):
            last = flat[-1] if flat else None
            if (
                isinstance(one, Literal)
                and isinstance(one.value, str)
                and isinstance(last, Literal)
                and isinstance(last.value, str)
            ):
                if one.value:
                    flat[-1] = Literal(last.value + one.value)
            else:
                flat.append(one)
    if len(flat) == 1 and isinstance(flat[0], Literal) and isinstance(flat[0].value, str):
        return flat[0]
    return Template(tuple(flat)) if len(flat) <= MAX_PARTS else TOO_LONG


def formatted(text: str, positional: Sequence[Expression], named: Mapping[str, Expression]) -> Expression:
    """``text.format(...)``."""
    parts: list[Expression] = []
    automatic = 0
    try:
        for literal, field, specification, _ in string.Formatter().parse(text):
            if literal:
                parts.append(Literal(literal))
            if field is None:
                continue
            value: Expression | None
            if field == "":
                value = positional[automatic] if automatic < len(positional) else None
                automatic += 1
            elif field.isdigit():
                value = positional[int(field)] if len(field) < 4 and int(field) < len(positional) else None
            else:
                value = named.get(field)
            parts.append(UNREADABLE if value is None or specification else value)
    except ValueError:
        return UNREADABLE
    return concatenation(parts)


def percent(text: str, operand: Expression) -> Expression:
    """``text % operand``."""
    parts: list[Expression] = []
    values = list(operand.items) if isinstance(operand, Display) else [operand]
    named = {}
    if isinstance(operand, Dictionary):
        named = {key.value: value for key, value in operand.entries if isinstance(key, Literal)}
    place = end = 0
    for found in _PERCENT.finditer(text):
        parts.append(Literal(text[end : found.start()]))
        end = found.end()
        if found["kind"] == "%":
            parts.append(Literal("%"))
            continue
        value: Expression | None
        if found["name"] is not None:
            value = named.get(found["name"])
        else:
            value = values[place] if place < len(values) else None
            place += 1
        parts.append(value if value is not None and found["kind"] in "sd" and not found["width"] else UNREADABLE)
    parts.append(Literal(text[end:]))
    return concatenation(part for part in parts if part != Literal(""))


def joined(separator: str, operand: Expression) -> Expression:
    """``separator.join(operand)``."""
    if not isinstance(operand, Display):
        return UNREADABLE
    parts: list[Expression] = []
    for item in operand.items:
        if parts:
            parts.append(Literal(separator))
        parts.append(item)
    return concatenation(parts) if parts else Literal("")
