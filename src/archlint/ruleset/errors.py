"""Errors of rule files: what is wrong, where, the source line with a caret, and the name that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RuleError(Exception):
    """A rule that archlint refuses to load. Its text names the file, line and column and shows the source line."""

    def __init__(self, message: str, path: str, line: int = 1, column: int = 1, source: str | None = None) -> None:
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        super().__init__(f"{path}:{line}:{column}: {message}{excerpt(source, line, column)}")


class ExpressionError(Exception):
    """An expression that is no valid condition. ``offset`` counts code points from the start of its text."""

    def __init__(self, message: str, offset: int = 0) -> None:
        self.message = message
        self.offset = offset
        super().__init__(message)


def excerpt(source: str | None, line: int, column: int) -> str:
    """The source line with a caret below, as lines to append; nothing where the line is not there."""
    lines = source.splitlines() if source else []
    if not 1 <= line <= len(lines):
        return ""
    text = lines[line - 1].expandtabs(1)
    margin = f"{line:>5} | "
    return f"\n{margin}{text}\n{' ' * (len(margin) - 2)}| {' ' * (column - 1)}^"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'timeout'?`` for the nearest known name, or nothing where none is near."""
    folded = {one.lower().replace("_", "-"): one for one in sorted(known)}
    near = difflib.get_close_matches(name.lower().replace("_", "-"), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""
