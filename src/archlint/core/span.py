"""Where something stands in a source file: the region of SARIF 2.1.0 (section 3.30), one to one."""

from __future__ import annotations

import msgspec


class Span(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """A region of one file.

    ``path`` is POSIX and relative to the workspace root. Lines and columns count from 1; columns count Unicode code
    points; ``end_column`` is the column after the last character, as in SARIF.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def covers(self, line: int) -> bool:
        """Whether the line (counted from 1) lies in the span."""
        return self.line <= line <= self.end_line

    def holds(self, other: Span) -> bool:
        """Whether another place of the same file lies inside this one, or is it."""
        return (self.line, self.column) <= (other.line, other.column) and (other.end_line, other.end_column) <= (
            self.end_line,
            self.end_column,
        )


def start_of(path: str) -> Span:
    """The first character of a file: for what is said of the whole file."""
    return Span(path, 1, 1, 1, 1)


def first_line(at: Span) -> Span:
    """The span itself on one line; else its first character, so that no report marks a whole block."""
    return at if at.end_line == at.line else Span(at.path, at.line, at.column, at.line, at.column + 1)
