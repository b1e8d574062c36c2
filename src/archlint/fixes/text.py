"""The text of a source file with its places: spans to offsets and back, and the bytes as they were encoded."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable

from archlint.core.span import Span

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


def decoded(data: bytes) -> Text:
    """The text of Python source, with its line ends as they are.

    Raises:
        SyntaxError: its encoding is unknown, or the bytes are not of it.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    has_bom = data.startswith(_BOM)
    try:
        content = (data[len(_BOM) :] if has_bom else data).decode("utf-8" if has_bom else encoding)
    except UnicodeDecodeError as error:
        raise SyntaxError(str(error)) from None
    return Text(content, "utf-8" if has_bom else encoding, has_bom)


class Text:
    """A file's text. Lines end where Python's own parser ends them: at CR, LF or both."""

    def __init__(self, content: str, encoding: str = "utf-8", has_bom: bool = False) -> None:
        self.content = content
        self._encoding = encoding
        self._has_bom = has_bom
        self._starts = [0, *(end.end() for end in _LINE_ENDS.finditer(content))]

    def offsets(self, at: Span) -> tuple[int, int]:
        """Where the span begins and ends in the text."""
        return self.offset(at.line, at.column), self.offset(at.end_line, at.end_column)

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both counted from 1; columns count code points."""
        return self._starts[min(line, len(self._starts)) - 1] + column - 1

    def offset_of(self, line: int, byte: int) -> int:
        """The offset of a place as ``ast`` gives it: the line from 1, and UTF-8 bytes from 0."""
        start = self._starts[line - 1]
        head = self.content[start : start + byte]  # at least as many characters as there are before the place
        return start + (byte if head.isascii() else len(head.encode()[:byte].decode("utf-8", "ignore")))

    @property
    def newline(self) -> str:
        """How the first line ends; ``\\n`` where none does."""
        found = _LINE_ENDS.search(self.content)
        return found[0] if found is not None else "\n"

    def end_of_line(self, line: int) -> int:
        """The offset of a line's end, before what ends it."""
        found = _LINE_ENDS.search(self.content, self._starts[line - 1])
        return found.start() if found is not None else len(self.content)

    def span(self, path: str, start: int, end: int) -> Span:
        """The span of a range of the text."""
        return Span(path, *self._place(start), *self._place(end))

    def replaced(self, changes: Iterable[tuple[int, int, str]]) -> str:
        """The text with each range replaced; the ranges do not overlap."""
        pieces, position = [], 0
        for start, end, new in sorted(changes):
            pieces += [self.content[position:start], new]
            position = end
        return "".join([*pieces, self.content[position:]])

    def encoded(self, content: str) -> bytes:
        """The bytes of a text in this file's own encoding."""
        return (_BOM if self._has_bom else b"") + content.encode(self._encoding)

    def _place(self, offset: int) -> tuple[int, int]:
        from bisect import bisect_right

        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
