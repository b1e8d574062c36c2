"""Helpers of the reader tests: a text as an input file, and a span as five short numbers."""

from __future__ import annotations

from archlint.core.source import Kind, SourceFile
from archlint.core.span import Span


def source(path: str, text: str | bytes, kind: Kind = Kind.CONFIGURATION) -> SourceFile:
    return SourceFile(path, kind, text if isinstance(text, bytes) else text.encode(), "")


def place(at: Span) -> tuple[int, int, int, int]:
    return at.line, at.column, at.end_line, at.end_column
