"""A .env file in, one value a variable out. Quotes are taken off, nothing is interpolated."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts import AnyFact
from archlint.core.facts.documents import ConfigValue
from archlint.core.source import SourceFile
from archlint.readers.positions import Positions
from archlint.readers.yaml import encoding_gap

_HEAD = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.\-]*)[ \t]*(=|:(?=\s)|(?=\r?(?:\n|$)))[ \t]*")
_REST = re.compile(r"[^\n]*")
_COMMENT = re.compile(r"(?<=[ \t])#|^#")
_QUOTED = {'"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL), "'": re.compile(r"'([^']*)'")}
_AFTER = re.compile(r"[ \t]*(?:#|\r?(?:\n|$))")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read(file: SourceFile) -> Iterator[AnyFact]:
    """The variables of the file; one without ``=`` has no value (compose then takes it from the environment)."""
    try:
        text = file.text
    except UnicodeError as error:
        yield encoding_gap(file.path, error)
        return
    positions = Positions(file.path, text)
    unclosed: set[str] = set()
    position = 0
    while 0 <= position < len(text):
        head = _HEAD.match(text, position)
        if not head:
            position = text.find("\n", position) + 1 or -1
            continue
        start, end, value = _value(text, head, unclosed)
        at = positions.span(start, end) if end > start else positions.span(head.start(1), head.end(1))
        yield ConfigValue(at, head[1], value, "dotenv")
        position = text.find("\n", max(head.end(1), end)) + 1 or -1


def _value(text: str, head: re.Match[str], unclosed: set[str]) -> tuple[int, int, str | None]:
    """Where the value stands, and what it is. ``unclosed`` are the quotes known to have no partner further on."""
    start = head.end()
    if not head[2]:
        return start, start, None
    quote = text[start : start + 1]
    if quote in _QUOTED and quote not in unclosed:
        match = _QUOTED[quote].match(text, start)
        if match is None:
            unclosed.add(quote)
        elif _AFTER.match(text, match.end()):
            body = match[1]
            if quote == '"' and "\\" in body:
                body = _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), body)
            return start, match.end(), body
    rest = _REST.match(text, start)
    written = rest[0] if rest else ""
    if comment := _COMMENT.search(written):
        written = written[: comment.start()]
    written = written.rstrip()
    return start, start + len(written), written
