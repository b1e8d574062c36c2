"""Regular expressions from rule files: compiled only where they cannot take exponential time."""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 300
MAX_FIXED = 10
MAX_REPEATS = 3
"""Unbounded repeats in one pattern: with n of them a search may take the text's length to the power of n + 1."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The compiled pattern.

    Raises:
        ValueError: it is too long, refers back, repeats a repeat (``(a+)+``) or repeats too often without bound.
        re.error: it is no regular expression.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"longer than {MAX_PATTERN} characters")
    compiled = re.compile(pattern)
    if _repeats(_parser.parse(pattern), inside=False) > MAX_REPEATS:
        raise ValueError(f"more than {MAX_REPEATS} unbounded repeats")
    return compiled


def _repeats(tree: Any, inside: bool) -> int:
    count = 0
    for operation, argument in tree:
        if operation in (_constants.GROUPREF, _constants.GROUPREF_EXISTS):
            raise ValueError("references to groups cannot be used in a rule")
        times, varies = 1, False
        if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
            least, most, _ = argument
            varies = most > 1 and (least != most or most > MAX_FIXED)
            times = most if most > 1 and not varies else 1
            if varies and inside:
                raise ValueError("a repeat inside a repeat cannot be used in a rule")
            count += most > MAX_FIXED
        for part in _parts(argument):
            count += times * _repeats(part, inside or varies)
    return count


def _parts(argument: Any) -> list[Any]:
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [part for one in argument for part in _parts(one)]
    return []
