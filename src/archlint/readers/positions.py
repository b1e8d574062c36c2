"""Offsets in a text to spans, for the readers that parse by hand."""

from __future__ import annotations

from bisect import bisect_right

from archlint.core.span import Span


class Positions:
    """The lines of one text. Lines end at ``\\n``; a carriage return before it belongs to the line."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self._starts = [0]
        position = text.find("\n")
        while position >= 0:
            self._starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._length = len(text)

    def line(self, offset: int) -> int:
        """The line, counted from 1, that the offset lies in."""
        return bisect_right(self._starts, offset)

    def span(self, start: int, end: int) -> Span:
        """The span from one offset up to another."""
        line = bisect_right(self._starts, start)
        end_line = bisect_right(self._starts, end) if end > start else line
        return Span(self.path, line, start - self._starts[line - 1] + 1, end_line, end - self._starts[end_line - 1] + 1)

    def whole(self) -> Span:
        """The span of the whole text."""
        return self.span(0, self._length)
