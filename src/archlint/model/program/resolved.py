"""Resolved values: what an evaluation gives, and how values are converted."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from urllib.parse import quote

from archlint.core.record import dataclass
from archlint.core.values import Place, Unknown

HOLE = "{}"
"""What stands in a resolved text for a part that is not known."""

MAX_VALUES = 8

Value = str | int | float | bool | None

_FALSE_TEXTS = frozenset({"", "0", "false", "no", "off", "n", "f"})
_TEXT_METHODS = frozenset(
    {"rstrip", "strip", "lstrip", "lower", "upper", "replace", "removesuffix", "removeprefix", "title"}
)


@dataclass(frozen=True)
class Resolved:
    """One value that an expression may have. In text, ``HOLE`` stands for each part that is not known, and ``is_exact``
    is then false. ``chain`` leads from the expression to where the value is written. Where some of several values are
    known and others are not, the others are one last ``Resolved(HOLE)`` that is not exact."""

    value: Value
    chain: tuple[Place, ...] = ()
    is_exact: bool = True


_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
}

Lookup = Callable[[str], "Sequence[Resolved] | Unknown | None"]
"""Gives the values of an environment variable: None where nothing sets it, UNKNOWN where something unreadable does."""

NOT_KNOWN = Resolved(HOLE, (), False)
HOLES = [NOT_KNOWN]


def some(values: Iterable[Resolved]) -> list[Resolved]:
    """The values, each once (by value and exactness) and not too many; a hole where there is none."""
    found: dict[tuple[type, Value, bool], Resolved] = {}
    for one in values:
        found.setdefault((type(one.value), one.value, one.is_exact), one)
        if len(found) >= MAX_VALUES:
            break
    return list(found.values()) or HOLES


def through(place: Place, values: Iterable[Resolved]) -> list[Resolved]:
    """The values with a place put before their chains."""
    return [one if one == NOT_KNOWN else replace(one, chain=(place, *one.chain)) for one in values]


def computed(symbol: str, one: Resolved, other: Resolved) -> Resolved:
    """The arithmetic of two numbers."""
    left, right = one.value, other.value
    if isinstance(left, str | None) or isinstance(right, str | None) or not (one.is_exact and other.is_exact):
        return NOT_KNOWN
    try:
        result = _OPERATORS[symbol](left, right)
    except (ArithmeticError, KeyError):
        return NOT_KNOWN
    return Resolved(result, one.chain + other.chain) if abs(result) < 2**63 else NOT_KNOWN


def is_text_method(name: str) -> bool:
    """Whether a method of ``str`` is one that ``texted`` knows."""
    return name in _TEXT_METHODS


def texted(one: Resolved, method: str, arguments: Sequence[Value]) -> Resolved:
    """``one.method(*arguments)`` of text."""
    if not isinstance(one.value, str) or one.value == HOLE or not is_text_method(method):
        return NOT_KNOWN
    try:
        return replace(one, value=getattr(one.value, method)(*arguments))
    except (TypeError, ValueError):
        return NOT_KNOWN


def converted(one: Resolved, kind: str) -> Resolved:
    """``kind(one)`` for ``int``, ``float``, ``bool``, ``quote`` and what keeps text as it is."""
    value = one.value
    if not one.is_exact:
        return NOT_KNOWN if kind in ("int", "float", "bool") else one
    if kind in ("int", "float"):
        try:
            if value is None:
                return NOT_KNOWN
            return replace(one, value=float(value) if kind == "float" else int(value))
        except (TypeError, ValueError, OverflowError):
            return NOT_KNOWN
    if kind == "bool":
        return replace(one, value=value.lower() not in _FALSE_TEXTS if isinstance(value, str) else bool(value))
    if kind.startswith("quote"):
        return replace(one, value=quote(value)) if isinstance(value, str) else one
    return NOT_KNOWN if value is None else replace(one, value=str(value))
