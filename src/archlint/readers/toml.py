"""TOML text in, a positioned tree out (toml.io/en/v1.0.0), as the standard library's parser keeps no positions.

Values that cannot be parsed become gaps and the parser goes on with the next line. Dates are text. It is more lenient
than the specification: repeated keys are not refused, the last one wins.
"""

from __future__ import annotations

import re
from typing import Any

from archlint.core.facts import Gap
from archlint.core.source import SourceFile
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Plain, Scalar, Sequence
from archlint.readers.positions import Positions
from archlint.readers.yaml import DEPTH_LIMIT, encoding_gap

GAP_LIMIT = 20
KEY_LIMIT = 50

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_\-]+")
_PLAIN = re.compile(r"[^\s,\]}#]+(?: [0-9:.Z+\-]+)?")
_INTEGER = re.compile(r"[-+]?(?:0x[0-9A-Fa-f_]+|0o[0-7_]+|0b[01_]+|[0-9][0-9_]*)$")
_FLOAT = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][-+]?[0-9_]+)?$")
_DATE = re.compile(r"[0-9]{2,4}[-:]")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[ \t]*\r?\n\s*|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}
_STRING_ENDS = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*"),
    '"': re.compile(r'(?:[^"\\\n]|\\.)*'),
    "'": re.compile(r"[^'\n]*"),
}


def read_toml(file: SourceFile) -> tuple[Mapping | None, list[Gap]]:
    """The tree of the file, and what could not be read of it."""
    try:
        text = file.text
    except UnicodeError as error:
        return None, [encoding_gap(file.path, error)]
    return _Parser(text, file.path).parse()


class _ParseError(Exception):
    def __init__(self, offset: int, problem: str) -> None:
        self.offset = offset
        self.problem = problem


class _Table(dict[str, "tuple[Span, Any]"]):
    """A table while it is being filled: each key with its place and its value (a node, a table, a list of tables)."""

    def __init__(self, at: Span) -> None:
        self.at = at


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.positions = Positions(path, text)
        self.position = 0

    def parse(self) -> tuple[Mapping, list[Gap]]:
        root = _Table(self.positions.whole())
        table = root
        gaps: list[Gap] = []
        text = self.text
        while True:
            self._skip_blank()
            if self.position >= len(text):
                break
            begin = self.position
            try:
                if text.startswith("[", begin):
                    table = self._header(root)
                else:
                    keys = self._keys()
                    self._expect("=")
                    self._put(table, keys, self._value(0))
                self._end_of_line()
            except _ParseError as error:
                if len(gaps) < GAP_LIMIT:
                    at = self.positions.span(error.offset, error.offset)
                    reason = f"this is not valid TOML: {error.problem}; mend it, or exclude the file"
                    gaps.append(Gap(at, "syntax", reason))
                next_line = text.find("\n", max(begin, min(self.position, error.offset)))
                self.position = len(text) if next_line < 0 else next_line + 1
        return _finished(root), gaps

    def _skip_blank(self) -> None:
        match = _BLANK.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def _skip_space(self) -> None:
        match = _SPACE.match(self.text, self.position)
        self.position = match.end() if match else self.position

    def _expect(self, token: str) -> None:
        self._skip_space()
        if not self.text.startswith(token, self.position):
            raise _ParseError(self.position, f"expected {token!r}")
        self.position += len(token)

    def _end_of_line(self) -> None:
        self._skip_space()
        character = self.text[self.position : self.position + 1]
        if character not in ("", "\n", "\r", "#"):
            raise _ParseError(self.position, "expected the end of the line")

    def _header(self, root: _Table) -> _Table:
        begin = self.position
        is_list = self.text.startswith("[[", begin)
        self.position += 2 if is_list else 1
        keys = self._keys()
        self._expect("]]" if is_list else "]")
        table = self._descend(root, keys[:-1])
        name, at = keys[-1]
        made = _Table(self.positions.span(begin, self.position))
        _, present = table.get(name, (at, None))
        if is_list:
            if isinstance(present, list):
                present.append(made)
            else:
                table[name] = (at, [made])
        elif isinstance(present, _Table):
            return present
        else:
            table[name] = (at, made)
        return made

    def _keys(self) -> list[tuple[str, Span]]:
        keys = []
        while True:
            self._skip_space()
            begin = self.position
            if self.text[begin : begin + 1] in ('"', "'"):
                name = self._string()
            else:
                match = _BARE.match(self.text, begin)
                if not match:
                    raise _ParseError(begin, "expected a key")
                name, self.position = match[0], match.end()
            keys.append((name, self.positions.span(begin, self.position)))
            self._skip_space()
            if len(keys) > KEY_LIMIT:
                raise _ParseError(begin, f"a key of more than {KEY_LIMIT} parts")
            if not self.text.startswith(".", self.position):
                return keys
            self.position += 1

    def _descend(self, table: _Table, keys: list[tuple[str, Span]]) -> _Table:
        for name, at in keys:
            _, present = table.get(name, (at, None))
            if isinstance(present, list) and present and isinstance(present[-1], _Table):
                table = present[-1]
            elif isinstance(present, _Table):
                table = present
            else:
                made = _Table(at)
                table[name] = (at, made)
                table = made
        return table

    def _put(self, table: _Table, keys: list[tuple[str, Span]], value: Node) -> None:
        table = self._descend(table, keys[:-1])
        name, at = keys[-1]
        table[name] = (at, value)

    def _value(self, depth: int) -> Node:
        if depth > DEPTH_LIMIT:
            raise _ParseError(self.position, f"is nested deeper than {DEPTH_LIMIT} levels")
        self._skip_space()
        begin = self.position
        character = self.text[begin : begin + 1]
        if character in ('"', "'"):
            value = self._string()
            return Scalar(self.positions.span(begin, self.position), value, value)
        if character == "[":
            return self._array(depth)
        if character == "{":
            return self._inline_table(depth)
        match = _PLAIN.match(self.text, begin)
        if not match:
            raise _ParseError(begin, "expected a value")
        word = match[0]
        if " " in word and not _DATE.match(word):
            word = word.split(" ", 1)[0]
        value_of = _plain(word)
        if value_of is None:
            raise _ParseError(begin, f"{word[:40]!r} is no value")
        self.position = begin + len(word)
        return Scalar(self.positions.span(begin, self.position), value_of, word)

    def _array(self, depth: int) -> Sequence:
        begin = self.position
        self.position += 1
        items: list[Node] = []
        while True:
            self._skip_blank()
            if self.text.startswith("]", self.position):
                self.position += 1
                return Sequence(self.positions.span(begin, self.position), tuple(items))
            items.append(self._value(depth + 1))
            self._skip_blank()
            if self.text.startswith(",", self.position):
                self.position += 1
            elif not self.text.startswith("]", self.position):
                raise _ParseError(self.position, "expected ',' or ']'")

    def _inline_table(self, depth: int) -> Mapping:
        begin = self.position
        self.position += 1
        table = _Table(self.positions.span(begin, begin))
        while True:
            self._skip_blank()
            if self.text.startswith("}", self.position):
                self.position += 1
                made = _finished(table)
                return Mapping(self.positions.span(begin, self.position), made.entries)
            keys = self._keys()
            self._expect("=")
            self._put(table, keys, self._value(depth + 1))
            self._skip_blank()
            if self.text.startswith(",", self.position):
                self.position += 1
            elif not self.text.startswith("}", self.position):
                raise _ParseError(self.position, "expected ',' or '}'")

    def _string(self) -> str:
        begin = self.position
        quote = self.text[begin : begin + 3]
        if quote not in _STRING_ENDS:
            quote = quote[:1]
        match = _STRING_ENDS[quote].match(self.text, begin + len(quote))
        end = match.end() if match else begin
        if not self.text.startswith(quote, end):
            raise _ParseError(begin, "the string does not end")
        body = self.text[begin + len(quote) : end]
        self.position = end + len(quote)
        while len(quote) == 3 and self.text.startswith(quote[0], self.position) and self.position < end + 5:
            body += quote[0]  # a multi-line string may end in up to two quotes of its own
            self.position += 1
        if len(quote) == 3:
            body = body.removeprefix("\r").removeprefix("\n")
        return _ESCAPE.sub(_unescaped, body) if quote[0] == '"' and "\\" in body else body


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "uU" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return "" if code.isspace() else _ESCAPES.get(code, code)


def _plain(word: str) -> Plain:
    """The value of a bare word; None where it is none (TOML has no null)."""
    if word in ("true", "false"):
        return word == "true"
    digits = word.replace("_", "")
    if _INTEGER.match(word) and len(word) < 20:
        number = int(digits, 0) if digits.lstrip("+-")[:2] in ("0x", "0o", "0b") else int(digits)
        return number if -(2**63) <= number < 2**63 else float(number)
    if _FLOAT.match(word):
        value = float(digits)
        return value if abs(value) != float("inf") else word
    return word if _DATE.match(word) or word.lstrip("+-") in ("inf", "nan") else None


def _stretched(at: Span, to: Span) -> Span:
    """The span, made longer so that it reaches the end of the other."""
    end_line, end_column = max((at.end_line, at.end_column), (to.end_line, to.end_column))
    return Span(at.path, at.line, at.column, end_line, end_column)


def _finished(table: _Table) -> Mapping:
    at = table.at
    entries = []
    for name, (key_at, value) in table.items():
        node: Node
        if isinstance(value, _Table):
            node = _finished(value)
        elif isinstance(value, list):
            tables = tuple(_finished(one) for one in value)
            node = Sequence(_stretched(tables[0].at, tables[-1].at), tables)
        else:
            node = value
        if node.at >= at:
            at = _stretched(at, node.at)
        entries.append(Entry(name, key_at, node))
    return Mapping(at, tuple(entries))
