"""The text of a proto file in, its declarations out (protobuf.dev/reference/protobuf/proto3-spec, and proto2's).

This parser is tolerant: what it does not understand it skips up to the next semicolon or closing brace, so that a file
whose imports are missing, or that is broken in one place, still tells its services and messages. Whether the file is
valid is for protoc to say. Types are left as written here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from archlint.core.facts.documents import ProtoEnum, ProtoField, ProtoMessage, ProtoMethod, ProtoService
from archlint.core.span import Span
from archlint.readers.positions import Positions

DEPTH_LIMIT = 60

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.)*'?|[.\w]+|[^\s]", re.DOTALL | re.ASCII
)
_ESCAPE = re.compile(r"\\(.)")
_LABELS = frozenset({"optional", "repeated", "required"})
_CLOSING = {"{": "}", "[": "]", "(": ")"}
_HTTP_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


@dataclass
class Declarations:
    """What a file declares. ``syntax`` is empty where the file does not say it, which means proto2."""

    syntax: str = ""
    package: str = ""
    package_at: Span | None = None
    imports: list[tuple[str, Span]] = field(default_factory=list)
    services: list[ProtoService] = field(default_factory=list)
    messages: list[ProtoMessage] = field(default_factory=list)
    enums: list[ProtoEnum] = field(default_factory=list)


def declarations(text: str, path: str) -> Declarations:
    """What the text declares, messages before those nested in them."""
    return _Parser(text, path).parse()


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.positions = Positions(path, text)
        self.tokens: list[str] = []
        self.starts: list[int] = []
        for match in _TOKEN.finditer(text):
            token = match[0]
            if not token.startswith(("//", "/*")):
                self.tokens.append(token)
                self.starts.append(match.start())
        self.index = 0
        self.made = Declarations()

    def parse(self) -> Declarations:
        made = self.made
        while (word := self._peek()) is not None:
            begin = self.index
            if word in ("syntax", "edition") and self._peek(1) == "=":
                # Anywhere but in front the compiler refuses it, and takes the file for one without.
                made.syntax = _string(self._peek(2) or "") if begin == 0 else made.syntax
                self._skip_statement()
            elif word == "package":
                made.package = (self._peek(1) or "").strip(".")
                self._skip_statement()
                made.package_at = self._span(begin)
            elif word == "import":
                at = 2 if self._peek(1) in ("public", "weak", "option") else 1
                name = _string(self._peek(at) or "")
                self._skip_statement()
                made.imports.append((name, self._span(begin)))
            elif word == "service" and self._peek(2) == "{":
                self._service()
            else:
                self._declaration("", 0)
        return made

    def _peek(self, ahead: int = 0) -> str | None:
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def _span(self, begin: int) -> Span:
        """From that token up to the one before the current one."""
        last = min(self.index, len(self.tokens)) - 1
        return self.positions.span(self.starts[begin], self.starts[last] + len(self.tokens[last]))

    def _skip_statement(self) -> None:
        """Past the next semicolon, or the block that comes before it."""
        while (word := self._peek()) is not None:
            if word == ";":
                self.index += 1
                return
            if word == "}":
                return
            if word in _CLOSING:
                self._skip_block()
                if word == "{" and self._peek() != ";":
                    return
            else:
                self.index += 1

    def _skip_block(self) -> None:
        """Past the bracket that closes the one at hand."""
        open_ones = 0
        while (word := self._peek()) is not None:
            self.index += 1
            if word in _CLOSING:
                open_ones += 1
            elif word in ("}", "]", ")"):
                open_ones -= 1
                if open_ones <= 0:
                    return

    def _declaration(self, prefix: str, depth: int) -> None:
        word = self._peek()
        if word == "message" and self._peek(2) == "{":
            self._message(prefix, depth)
        elif word == "enum" and self._peek(2) == "{":
            self._enum(prefix)
        elif word == "}":
            self.index += 1
        else:
            self._skip_statement()

    def _message(self, prefix: str, depth: int, group: bool = False) -> None:
        begin = self.index
        if not group:
            self.index += 1
        name = prefix + (self._peek() or "")
        place = len(self.made.messages)
        fields: list[ProtoField] = []
        while self._peek() not in ("{", None):
            self.index += 1
        if depth > DEPTH_LIMIT:
            self._skip_block()
        else:
            self.index += 1
            self._fields(f"{name}.", fields, depth)
        self.made.messages.insert(place, ProtoMessage(self._span(begin), name, tuple(fields)))

    def _fields(self, prefix: str, fields: list[ProtoField], depth: int) -> None:
        while (word := self._peek()) is not None:
            if word == "}":
                self.index += 1
                return
            if word in ("message", "enum") and self._peek(2) == "{":
                self._declaration(prefix, depth + 1)
            elif word == "oneof" and self._peek(2) == "{":
                self.index += 3
                self._fields(prefix, fields, depth)
            elif word in ("option", "reserved", "extensions") and self._peek(2) != "=":
                self._skip_statement()
            elif word == "extend" and self._peek(2) == "{":
                self.index += 2
                self._skip_block()
            elif word == ";":
                self.index += 1
            else:
                self._field(prefix, fields, depth)

    def _field(self, prefix: str, fields: list[ProtoField], depth: int) -> None:
        begin = self.index
        label = ""
        if self._peek() in _LABELS and self._peek(2) != "=":
            label = self._peek() or ""
            self.index += 1
        kind = self._peek() or ""
        if kind == "group":
            self.index += 1
            name = self._peek() or ""
            number = _number(self._peek(2))
            self._message(prefix, depth + 1, group=True)
            fields.append(ProtoField(self._span(begin), name.lower(), number or 0, name, label))
            return
        if kind == "map" and self._peek(1) == "<":
            kind = f"map<{self._peek(2)},{self._peek(4)}>"
            label = "repeated"
            self.index += 5
        called, equals, number = self._peek(1), self._peek(2), _number(self._peek(3))
        before = self.index
        self._skip_statement()
        if self.index == before:
            self.index += 1
        if called and equals == "=" and number is not None:
            fields.append(ProtoField(self._span(begin), called, number, kind, label))

    def _enum(self, prefix: str) -> None:
        begin = self.index
        enum = prefix + (self._peek(1) or "")
        self.index += 3
        values: list[tuple[str, int]] = []
        while (word := self._peek()) not in ("}", None):
            if word not in ("option", "reserved") and self._peek(1) == "=":
                sign = -1 if self._peek(2) == "-" else 1
                number = _number(self._peek(3 if sign < 0 else 2))
                if number is not None:
                    values.append((word or "", sign * number))
            self._skip_statement()
        self.index += 1
        self.made.enums.append(ProtoEnum(self._span(begin), enum, tuple(values)))

    def _service(self) -> None:
        begin = self.index
        name = self._peek(1) or ""
        self.index += 3
        methods: list[ProtoMethod] = []
        while (word := self._peek()) not in ("}", None):
            if word == "rpc":
                self._method(methods)
            else:
                self._skip_statement()
        self.index += 1
        self.made.services.append(ProtoService(self._span(begin), name, tuple(methods)))

    def _method(self, methods: list[ProtoMethod]) -> None:
        begin = self.index
        name = self._peek(1) or ""
        self.index += 2
        ends: list[tuple[str, bool]] = []
        while len(ends) < 2 and (word := self._peek()) not in (";", "{", "}", None):
            self.index += 1
            if word == "(":
                streams = self._peek() == "stream" and self._peek(1) != ")"
                self.index += 1 if streams else 0
                ends.append((self._peek() or "", streams))
        options = self.index
        self._skip_statement()
        http = _http(self.tokens[options : self.index])
        if len(ends) == 2:
            (input_type, from_client), (output_type, from_server) = ends
            methods.append(
                ProtoMethod(self._span(begin), name, input_type, output_type, from_client, from_server, http)
            )


def _http(tokens: list[str]) -> tuple[str, str] | None:
    """The binding that ``option (google.api.http)`` gives, written either way."""
    for index, token in enumerate(tokens):
        if token.lstrip(".") != "google.api.http":
            continue
        for place in range(index + 1, len(tokens) - 2):
            word = tokens[place].lstrip(".")
            if word in _HTTP_METHODS and tokens[place + 1] in (":", "="):
                return word.upper(), _string(tokens[place + 2])
        return None
    return None


def _string(token: str) -> str:
    if token[:1] not in ("'", '"'):
        return token
    return _ESCAPE.sub(r"\1", token[1:-1] if len(token) > 1 and token[-1] == token[0] else token[1:])


def _number(token: str | None) -> int | None:
    """The integer that the token is: decimal, octal with a leading zero, or hexadecimal."""
    if not token or not token[0].isdigit() or len(token) > 20:
        return None
    try:
        return int(token, 8) if token[0] == "0" and token.isdigit() else int(token, 0)
    except ValueError:
        return None
