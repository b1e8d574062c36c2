"""YAML and JSON files in, positioned trees out, one a document; text that is not UTF-8 is a gap."""

from __future__ import annotations

from archlint.core.facts.base import Gap
from archlint.core.source import SourceFile
from archlint.core.span import Span, start_of
from archlint.core.yaml import ALIAS_LIMIT, DEPTH_LIMIT, RESTART_LIMIT, Documents, parse, typed


def read_documents(file: SourceFile) -> Documents:
    """The documents of the file."""
    try:
        text = file.text
    except UnicodeError as error:
        return Documents((), (encoding_gap(file.path, error),))
    return parse(text, file.path)


def encoding_gap(path: str, error: UnicodeError) -> Gap:
    """The gap for a file whose bytes are not in its encoding, at the line of the first such byte."""
    if not isinstance(error, UnicodeDecodeError):
        return Gap(start_of(path), "encoding", f"{error}; save the file as UTF-8")
    line = error.object.count(b"\n", 0, error.start) + 1
    reason = f"byte 0x{error.object[error.start]:02x} is no {error.encoding}; save the file as UTF-8"
    return Gap(Span(path, line, 1, line, 1), "encoding", reason)


__all__ = [
    "ALIAS_LIMIT",
    "DEPTH_LIMIT",
    "RESTART_LIMIT",
    "Documents",
    "encoding_gap",
    "parse",
    "read_documents",
    "typed",
]
