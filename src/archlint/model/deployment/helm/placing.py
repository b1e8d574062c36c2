"""From pieces of rendered text to manifests whose nodes stand where they were written.

What a template says stands in the template; a scalar that is wholly a value of values.yaml stands there. A text that is
only partly known keeps what is known, with ``UNKNOWN_PART`` for the rest; what is not known at all becomes an empty
mapping, which is no scalar of any kind.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from archlint.core import yaml
from archlint.core.facts.base import Gap
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar
from archlint.core.tree import Sequence as ListNode
from archlint.model.deployment.helm.values import OPEN, Origin, Piece

UNKNOWN_PART = "{{unknown}}"
_SCAN_LIMIT = 200
_QUOTES = "\"'"


def place(pieces: Sequence[Piece], path: str) -> tuple[list[Node], list[Gap]]:
    """The documents of the rendered text, and what of it is no YAML. ``path`` is the template's."""
    text = "".join([one.text for one in pieces])
    documents = yaml.parse(text, path)
    places = _Places(pieces, text, path)
    gaps = []
    for gap in documents.gaps:
        at = places.point(places.offset(gap.at.line, gap.at.column))
        gaps.append(Gap(at, "template", f"what the template renders to {gap.reason.removeprefix('this ')}"))
    return [places.node(one) for one in documents.trees], gaps


class _Places:
    def __init__(self, pieces: Sequence[Piece], text: str, path: str) -> None:
        self._pieces = [one for one in pieces if one.text]
        self._text = text
        self._path = path
        self._starts: list[int] = []
        offset = 0
        for one in self._pieces:
            self._starts.append(offset)
            offset += len(one.text)
        self._lines = [0]
        position = text.find("\n")
        while position >= 0:
            self._lines.append(position + 1)
            position = text.find("\n", position + 1)

    def offset(self, line: int, column: int) -> int:
        """The offset of a place in the rendered text."""
        start = self._lines[min(line, len(self._lines)) - 1]
        return min(start + column - 1, len(self._text))

    def point(self, offset: int) -> Span:
        """Where the character at the offset comes from."""
        if not self._pieces:
            return Span(self._path, 1, 1, 1, 1)
        index = self._index(offset)
        at = self._start(index, offset)
        return Span(at.path, at.line, at.column, at.line, at.column + 1)

    def node(self, node: Node) -> Node:
        """The node with the places of its sources."""
        if isinstance(node, Mapping):
            return Mapping(
                self._span(node.at),
                tuple([Entry(one.key, self._key(one.at), self.node(one.value)) for one in node.entries]),
            )
        if isinstance(node, ListNode):
            return ListNode(self._span(node.at), tuple([self.node(one) for one in node.items]))
        at = self._scalar(node.at)
        if isinstance(node.value, str) and OPEN in node.value:
            if node.value.strip(OPEN + " ") == "":
                return Mapping(at, ())
            text = node.value.replace(OPEN, UNKNOWN_PART)
            return Scalar(at, text, text)
        return Scalar(at, node.value, node.text)

    def _key(self, at: Span) -> Span:
        return self._scalar(at)

    def _scalar(self, at: Span) -> Span:
        """One place in a file where all of the scalar comes from there, else its extent in the template."""
        start, end = self.offset(at.line, at.column), self.offset(at.end_line, at.end_column)
        index = self._index(start)
        found: Span | None = None
        for piece, begin in zip(self._pieces[index : index + 64], self._starts[index : index + 64], strict=True):
            if begin >= end:
                break
            text = piece.text[max(start - begin, 0) : end - begin].strip()
            if not text or text in _QUOTES or text in ("|", "|-", "|+", ">", ">-"):
                continue
            if piece.origin is not Origin.VALUE or piece.at is None or (found is not None and piece.at != found):
                return self._span(at)
            found = piece.at
        return found if found is not None else self._span(at)

    def _span(self, at: Span) -> Span:
        if not self._pieces:
            return Span(self._path, 1, 1, 1, 1)
        first, last = self.offset(at.line, at.column), self.offset(at.end_line, at.end_column)
        index = self._index(first)
        start = self._start(index, first)
        here = (start.line, start.column)
        tail = self._index(max(last - 1, first))
        for position in range(tail, max(index, tail - _SCAN_LIMIT) - 1, -1):
            end_line, end_column, path = self._end(position, last)
            if path == start.path and (end_line, end_column) > here:
                return Span(start.path, start.line, start.column, end_line, end_column)
        return Span(start.path, start.line, start.column, max(start.end_line, start.line), max(start.end_column, 1))

    def _index(self, offset: int) -> int:
        return max(bisect_right(self._starts, offset) - 1, 0)

    def _start(self, index: int, offset: int) -> Span:
        piece = self._pieces[index]
        at = piece.at or Span(self._path, 1, 1, 1, 1)
        if piece.origin is not Origin.LITERAL:
            return at
        delta = min(max(offset - self._starts[index], 0), len(piece.text))
        return Span(at.path, at.line, at.column + delta, at.line, at.column + len(piece.text.rstrip("\n")))

    def _end(self, index: int, last: int) -> tuple[int, int, str]:
        piece = self._pieces[index]
        at = piece.at or Span(self._path, 1, 1, 1, 1)
        if piece.origin is not Origin.LITERAL:
            return at.end_line, at.end_column, at.path
        width = min(last - self._starts[index], len(piece.text.rstrip("\n")))
        return at.line, at.column + max(width, 0), at.path
