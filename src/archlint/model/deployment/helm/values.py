"""Values inside templates: data that remember where they were written.

A text may be made of pieces, each with its own origin (a template's line, a line of values.yaml), so that what comes
out of ``toYaml`` and ``printf`` can still be traced. What no scan can know (a random password, a file that is not read)
is the text ``OPEN``.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archlint.core import tree
from archlint.core.span import Span
from archlint.core.tree import Node
from archlint.core.yaml import typed

OPEN = "\ue000"
"""Stands in texts for what is not known; no file that people write holds it."""


class TemplateError(Exception):
    """A template cannot be rendered; the message says why, ``at`` where, as soon as that is known."""

    def __init__(self, reason: str, at: Span | None = None) -> None:
        super().__init__(reason)
        self.at = at


class Origin(enum.IntEnum):
    """Where a piece comes from: the template's own text, an expression in it, or a value of a file."""

    LITERAL = 0
    EXPRESSION = 1
    VALUE = 2


class Piece(NamedTuple):
    """A part of a text and its place. A literal's characters stand at that place one by one, others as a whole."""

    text: str
    at: Span | None
    origin: Origin


@dataclass(slots=True, eq=False)
class Value:
    """A value. ``data`` is None, a boolean, number or text, a dict or list of values, or a function.

    ``at`` is where a file gives it, None for what a template works out. ``pieces`` are those of a text that is put
    together; ``keys`` are the places of a dict's keys.
    """

    data: object
    at: Span | None = None
    pieces: tuple[Piece, ...] | None = None
    keys: dict[str, Span] | None = None

    @property
    def mapping(self) -> dict[str, Value]:
        """The entries of a dict; nothing for others."""
        return self.data if isinstance(self.data, dict) else {}

    @property
    def items(self) -> list[Value]:
        """The items of a list; nothing for others."""
        return self.data if isinstance(self.data, list) else []

    @property
    def text(self) -> str:
        """The value as a template prints it."""
        return printed(self)

    @property
    def is_set(self) -> bool:
        """Whether a condition on it holds."""
        return bool(self.data) or callable(self.data)


NOTHING = Value(None)


def of_node(node: Node | None) -> Value:
    """The value of a positioned tree."""
    if isinstance(node, tree.Mapping):
        return Value(
            {one.key: of_node(one.value) for one in node.entries},
            node.at,
            keys={one.key: one.at for one in node.entries},
        )
    if isinstance(node, tree.Sequence):
        return Value([of_node(item) for item in node.items], node.at)
    return Value(node.value, node.at) if node is not None else NOTHING


def of_plain(data: object) -> Value:
    """The value of plain data."""
    if isinstance(data, dict):
        return Value({str(key): of_plain(one) for key, one in data.items()})
    if isinstance(data, (list, tuple)):
        return Value([of_plain(one) for one in data])
    return Value(data)


def plain(value: Value) -> object:
    """The value as plain data."""
    if isinstance(value.data, dict):
        return {key: plain(one) for key, one in value.data.items()}
    if isinstance(value.data, list):
        return [plain(one) for one in value.data]
    return None if callable(value.data) else value.data


def printed(value: Value) -> str:
    """As Go prints it; nothing for nil, as Helm has it."""
    data = value.data
    if data is None:
        return ""
    if isinstance(data, str):
        return data
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, int):
        return str(data)
    if isinstance(data, float):
        return str(int(data)) if data.is_integer() and abs(data) < 1e15 else repr(data)
    if isinstance(data, dict):
        return "map[" + " ".join(f"{key}:{printed(one)}" for key, one in sorted(data.items())) + "]"
    if isinstance(data, list):
        return "[" + " ".join(printed(one) for one in data) + "]"
    return OPEN


def pieces_of(value: Value) -> tuple[Piece, ...]:
    """The pieces of the printed value."""
    if value.pieces is not None:
        return value.pieces
    text = printed(value)
    return (Piece(text, value.at, Origin.VALUE if value.at is not None else Origin.EXPRESSION),) if text else ()


def of_pieces(pieces: Iterable[Piece]) -> Value:
    """The text of the pieces."""
    kept = tuple(one for one in pieces if one.text)
    return Value("".join([one.text for one in kept]), None, kept)


def computed(data: object, *sources: Value) -> Value:
    """What was worked out of the sources: it stands where they do, if what files give of them stands at one place."""
    return Value(data, origin(*sources))


def origin(*sources: Value) -> Span | None:
    """The one place in files that the sources come from."""
    found: set[Span] = set()
    for one in sources:
        if one.pieces is not None:
            if any(piece.origin is Origin.LITERAL and piece.text.strip() for piece in one.pieces):
                return None
            found.update(piece.at for piece in one.pieces if piece.origin is Origin.VALUE and piece.at is not None)
        elif one.at is not None:
            found.add(one.at)
    return found.pop() if len(found) == 1 else None


def sliced(value: Value, start: int, end: int) -> Value:
    """The characters of a text from ``start`` up to ``end``."""
    if value.pieces is None:
        return Value(printed(value)[start:end], value.at)
    kept, offset = [], 0
    for piece in value.pieces:
        first, last = max(start - offset, 0), min(end - offset, len(piece.text))
        if first < last:
            kept.append(cut(piece, first, last))
        offset += len(piece.text)
    return of_pieces(kept)


def cut(piece: Piece, first: int, last: int) -> Piece:
    """A part of a piece; that of a literal begins where its first character stands."""
    text = piece.text[first:last]
    at = piece.at
    if piece.origin is not Origin.LITERAL or at is None or first == 0:
        return Piece(text, at, piece.origin)
    before = piece.text[:first]
    breaks = before.count("\n")
    column = len(before) - before.rfind("\n") if breaks else at.column + first
    return Piece(text, Span(at.path, at.line + breaks, column, at.end_line, at.end_column), piece.origin)


def joined(parts: Iterable[Value], separator: str) -> Value:
    """The texts with something between."""
    found: list[Piece] = []
    for index, one in enumerate(parts):
        if index and separator:
            found.append(Piece(separator, None, Origin.EXPRESSION))
        found.extend(pieces_of(one))
    return of_pieces(found)


def indented(value: Value, width: int, *, first: str = "") -> Value:
    """Every line moved to the right, as ``indent`` does it; ``first`` comes before it all."""
    padding = Piece(" " * width, None, Origin.EXPRESSION)
    found = [Piece(first, None, Origin.EXPRESSION), padding]
    for piece in pieces_of(value):
        begin = 0
        while (position := piece.text.find("\n", begin)) >= 0:
            found += (cut(piece, begin, position + 1), padding)
            begin = position + 1
        found.append(cut(piece, begin, len(piece.text)))
    return of_pieces(found)


def to_yaml(value: Value) -> Value:
    """The value as YAML, each key and scalar with its place."""
    found: list[Piece] = []
    _emit(value, "", found)
    return of_pieces(found)


def _emit(value: Value, indent: str, found: list[Piece]) -> None:
    if value.mapping:
        for index, (key, one) in enumerate(sorted(value.mapping.items())):
            if index:
                found.append(_glue("\n" + indent))
            at = (value.keys or {}).get(key)
            found.append(Piece(_scalar(key) + ":", at, Origin.VALUE if at is not None else Origin.EXPRESSION))
            if one.mapping:
                found.append(_glue("\n" + indent + "  "))
                _emit(one, indent + "  ", found)
            elif one.items:
                found.append(_glue("\n" + indent))
                _emit(one, indent, found)
            else:
                found.append(_glue(" "))
                _emit_scalar(one, indent + "  ", found)
    elif value.items:
        for index, one in enumerate(value.items):
            if index:
                found.append(_glue("\n" + indent))
            found.append(_glue("- "))
            _emit(one, indent + "  ", found)
    else:
        _emit_scalar(value, indent + "  ", found)


def _emit_scalar(value: Value, indent: str, found: list[Piece]) -> None:
    data = value.data
    if isinstance(data, dict):
        text = "{}"
    elif isinstance(data, list):
        text = "[]"
    elif data is None:
        text = "null"
    elif isinstance(data, str):
        text = _scalar(data, indent)
    else:
        text = printed(value)
    at = value.at if value.pieces is None else origin(value)
    found.append(Piece(text, at, Origin.VALUE if at is not None else Origin.EXPRESSION))


def _scalar(text: str, indent: str | None = None) -> str:
    if "\n" in text and indent is not None and not text[0].isspace() and text.isprintable() is False:
        lines = text.split("\n")
        if all(line.isprintable() or "\t" in line for line in lines):
            chomping = "" if text.endswith("\n") and not text.endswith("\n\n") else "+" if text.endswith("\n") else "-"
            body = text[:-1] if text.endswith("\n") else text
            return f"|{chomping}\n" + "\n".join(indent + line if line else "" for line in body.split("\n"))
    if (
        not text
        or typed(text) != text
        or text != text.strip()
        or text[0] in "!&*?|>@`%#{}[],\"'-"
        or ": " in text
        or " #" in text
        or text.endswith(":")
        or not all(one.isprintable() or one == OPEN for one in text)
    ):
        return json.dumps(text, ensure_ascii=False)
    return text


def _glue(text: str) -> Piece:
    return Piece(text, None, Origin.EXPRESSION)


def text_of(pieces: Sequence[Piece]) -> str:
    """The pieces' text."""
    return "".join([one.text for one in pieces])
