"""Positions of ``ast`` nodes as spans: UTF-8 byte offsets become columns of code points, counted from 1.

Only lines that are not ASCII are converted; in an ASCII file (most of them) no line is ever looked at.
"""

from __future__ import annotations

import ast
import re

from archlint.core.span import Span

Located = ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias | ast.excepthandler | ast.pattern

_LINE_END = re.compile(r"\r\n|\r|\n")


class Spans:
    """The spans of one file. ``lines`` are split as Python splits them (a form feed ends no line)."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self._text = text
        self._lines: list[str] | None = None
        self.ascii = text.isascii()

    @property
    def lines(self) -> list[str]:
        """The lines without their ends."""
        if self._lines is None:
            self._lines = _LINE_END.split(self._text)
        return self._lines

    def of(self, node: Located) -> Span:
        """The span of a node."""
        if self.ascii:
            return Span(
                self.path,
                node.lineno,
                node.col_offset + 1,
                node.end_lineno or node.lineno,
                (node.end_col_offset or node.col_offset) + 1,
            )
        return self.between(
            node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        )

    def between(self, line: int, offset: int, end_line: int, end_offset: int) -> Span:
        """The span between two positions given as line and UTF-8 byte offset."""
        return Span(self.path, line, self._column(line, offset), end_line, self._column(end_line, end_offset))

    def header(self, node: ast.stmt, last: Located | None) -> Span:
        """From the start of a ``def`` or ``class`` statement to its colon; ``last`` is its last part with a place."""
        line, offset = (last.end_lineno, last.end_col_offset) if last else (node.lineno, node.col_offset)
        row, column = line or node.lineno, self._column(line or node.lineno, offset or 0) - 1
        lines = self.lines
        for number in range(row, min(row + 50, len(lines) + 1)):
            code = lines[number - 1][column if number == row else 0 :].partition("#")[0]
            found = code.find(":")
            if found >= 0:
                end = found + (column if number == row else 0) + 2
                return Span(self.path, node.lineno, self._column(node.lineno, node.col_offset), number, end)
        return Span(self.path, node.lineno, self._column(node.lineno, node.col_offset), row, column + 1)

    def _column(self, line: int, offset: int) -> int:
        if self.ascii or line > len(self.lines):
            return offset + 1
        text = self.lines[line - 1]
        if text.isascii():
            return offset + 1
        return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "ignore")) + 1
