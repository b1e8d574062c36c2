"""The syntax of Go templates: text in, a tree of nodes with places out.

https://pkg.go.dev/text/template, with Helm's default delimiters. Refuses, with a ``TemplateError`` that has the place,
what the language does not have, and nesting beyond its limits.
"""

from __future__ import annotations

import re

from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.model.deployment.helm.nodes import (
    Access,
    Action,
    Block,
    Branch,
    Jump,
    Literal,
    Name,
    Operand,
    Pipeline,
    Template,
    Text,
)
from archlint.model.deployment.helm.values import TemplateError

_NESTING_LIMIT = 60

_TOKEN = pattern(
    r"""(?P<space>\s+)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\.)+')
    |(?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7]+(?![\w.])|\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+))
    |(?P<declare>:=|=)
    |(?P<mark>[|(),])
    |(?P<field>\.[A-Za-z_]\w*)
    |(?P<dot>\.)
    |(?P<variable>\$\w*)
    |(?P<word>[A-Za-z_]\w*)
    """,
    re.VERBOSE,
)
_LINE = pattern(r"[^\n]*\n|[^\n]+")
_ESCAPE = pattern(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_COMMENT = pattern(r"\s*/\*")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def parse(text: str, path: str, fixed: Span | None = None) -> Template:
    """The template. ``fixed`` is the place of everything in it, for a template that stands in a value.

    Raises:
        TemplateError: it is no template.
    """
    parser = _Parser(text, path, fixed)
    blocks = parser.blocks(0)
    return Template(blocks, parser.defines)


class _Parser:
    def __init__(self, text: str, path: str, fixed: Span | None) -> None:
        self._text = text
        self._path = path
        self._fixed = fixed
        self._position = 0
        self._line = 1
        self._line_start = 0
        self._counted = 0
        self._trim_next = False
        self._pending: tuple[str, list[tuple[str, str]], Span] | None = None
        self.defines: dict[str, list[Block]] = {}

    def blocks(self, depth: int) -> list[Block]:
        """The blocks up to ``end`` or ``else`` (left pending), at the top up to the end of the text."""
        if depth > _NESTING_LIMIT:
            raise TemplateError("blocks are nested too deep", self._at(self._position, self._position + 1))
        found: list[Block] = []
        while True:
            self._read_text(found)
            if self._position >= len(self._text):
                if depth:
                    raise TemplateError("a block is not closed by end", self._at(self._position, self._position))
                return found
            action = self._read_action()
            if action is None:
                continue
            keyword, tokens, at = action
            if keyword in ("end", "else"):
                if not depth:
                    raise TemplateError(f"unexpected {keyword}", at)
                self._pending = action
                return found
            self._add(found, keyword, tokens, at, depth)

    def _add(self, found: list[Block], keyword: str, tokens: list[tuple[str, str]], at: Span, depth: int) -> None:
        if keyword in ("if", "with", "range"):
            found.append(self._branch(keyword, tokens[1:], at, depth))
        elif keyword in ("define", "block"):
            name = self._name(tokens, at)
            body = self.blocks(depth + 1)
            self._expect_end(at)
            self.defines[name] = body
            if keyword == "block":
                found.append(Branch(at, "template", self._pipeline(tokens[2:], at), name))
        elif keyword == "template":
            name = self._name(tokens, at)
            found.append(Branch(at, "template", self._pipeline(tokens[2:], at) if tokens[2:] else None, name))
        elif keyword in ("break", "continue") and len(tokens) == 1:
            found.append(Jump(at, keyword))
        else:
            found.append(Action(at, self._pipeline(tokens, at)))

    def _branch(self, keyword: str, tokens: list[tuple[str, str]], at: Span, depth: int) -> Branch:
        one = Branch(at, keyword, self._pipeline(tokens, at))
        one.body = self.blocks(depth + 1)
        assert self._pending is not None
        word, rest, place = self._pending
        self._pending = None
        if word == "else":
            if len(rest) > 1:
                inner = rest[1][1]
                if inner not in ("if", "with"):
                    raise TemplateError(f"unexpected {inner} after else", place)
                one.otherwise = [self._branch(inner, rest[2:], place, depth + 1)]
            else:
                one.otherwise = self.blocks(depth + 1)
                self._expect_end(at)
        return one

    def _expect_end(self, at: Span) -> None:
        pending, self._pending = self._pending, None
        if pending is None or pending[0] != "end":
            raise TemplateError("a block is not closed by end", at)

    def _name(self, tokens: list[tuple[str, str]], at: Span) -> str:
        if len(tokens) < 2 or tokens[1][0] not in ("string", "raw"):
            raise TemplateError("a template without a name", at)
        return _unquoted(*tokens[1])

    def _read_text(self, found: list[Block]) -> None:
        end = self._text.find("{{", self._position)
        end = len(self._text) if end < 0 else end
        text = self._text[self._position : end]
        start = self._position
        if self._trim_next:
            start += len(text) - len(text.lstrip())
            text = text.lstrip()
            self._trim_next = False
        if self._text.startswith("{{-", end) and self._text[end + 3 : end + 4].isspace():
            text = text.rstrip()
        self._position = end
        for line in _LINE.findall(text):
            found.append(Text(self._at(start, start + len(line)), line))
            start += len(line)

    def _read_action(self) -> tuple[str, list[tuple[str, str]], Span] | None:
        """The keyword (or nothing), tokens and place of the action that begins here; None for a comment."""
        begin = self._position
        text = self._text
        position = begin + 2
        if text.startswith("-", position) and text[position + 1 : position + 2].isspace():
            position += 1
        comment = _COMMENT.match(text, position)
        if comment is not None:
            close = text.find("*/", comment.end())
            end = text.find("}}", close)
            if close < 0 or end < 0:
                raise TemplateError("a comment is not closed", self._at(begin, begin + 2))
            self._trim_next = text[end - 1] == "-"
            self._position = end + 2
            return None
        tokens: list[tuple[str, str]] = []
        while True:
            if text.startswith("}}", position):
                break
            if text.startswith("-}}", position) and text[position - 1].isspace():
                self._trim_next = True
                position += 1
                break
            match = _TOKEN.match(text, position)
            if match is None:
                raise TemplateError("an action is not closed or not understood", self._at(begin, begin + 2))
            kind = match.lastgroup or ""
            tokens.append((kind, match.group()))
            position = match.end()
        self._position = position + 2
        at = self._at(begin, self._position)
        tokens = [("space", " ") if kind == "space" else (kind, token) for kind, token in tokens]
        while tokens and tokens[0][0] == "space":
            tokens.pop(0)
        while tokens and tokens[-1][0] == "space":
            tokens.pop()
        if not tokens:
            raise TemplateError("an action is empty", at)
        keyword = tokens[0][1] if tokens[0][0] == "word" else ""
        if keyword in _KEYWORDS:
            return keyword, [one for one in tokens[:2] if one[0] != "space"] + self._tail(tokens, keyword), at
        return "", tokens, at

    @staticmethod
    def _tail(tokens: list[tuple[str, str]], keyword: str) -> list[tuple[str, str]]:
        """The tokens after the keyword, and for ``else if`` after both."""
        rest = tokens[2:]
        if keyword == "else":
            return [one for index, one in enumerate(rest) if index or one[0] != "space"]
        return rest

    def _at(self, start: int, end: int) -> Span:
        if self._fixed is not None:
            return self._fixed
        line = self._line_of(start)
        column = start - self._line_start + 1
        inside = self._text.count("\n", start, end)
        if inside:
            end_column = end - self._text.rfind("\n", start, end)
            return Span(self._path, line, column, line + inside, end_column)
        return Span(self._path, line, column, line, column + end - start)

    def _line_of(self, position: int) -> int:
        if position < self._counted:
            self._line, self._line_start, self._counted = 1, 0, 0
        breaks = self._text.count("\n", self._counted, position)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rfind("\n", 0, position) + 1
        self._counted = position
        return self._line

    def _pipeline(self, tokens: list[tuple[str, str]], at: Span) -> Pipeline:
        return _Pipelines(tokens, at).whole()


_KEYWORDS = frozenset(("if", "else", "end", "with", "range", "define", "block", "template", "break", "continue"))


class _Pipelines:
    """Parses the tokens of one action; spaces separate operands."""

    def __init__(self, tokens: list[tuple[str, str]], at: Span) -> None:
        self._tokens = tokens
        self._at = at
        self._index = 0

    def whole(self) -> Pipeline:
        """The pipeline that is all of the tokens."""
        found = self._pipeline(0)
        if self._index < len(self._tokens):
            raise self._error(f"unexpected {self._tokens[self._index][1]}")
        return found

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._index] if self._index < len(self._tokens) else ("", "")

    def _skip(self) -> None:
        while self._peek()[0] == "space":
            self._index += 1

    def _pipeline(self, depth: int) -> Pipeline:
        if depth > _NESTING_LIMIT:
            raise self._error("parentheses are nested too deep")
        declares, assigns = self._declarations()
        commands = [self._command(depth)]
        self._skip()
        while self._peek() == ("mark", "|"):
            self._index += 1
            commands.append(self._command(depth))
            self._skip()
        return Pipeline(tuple(commands), declares, assigns)

    def _declarations(self) -> tuple[tuple[str, ...], bool]:
        start = self._index
        self._skip()
        found = []
        while self._peek()[0] == "variable":
            found.append(self._peek()[1])
            self._index += 1
            self._skip()
            if self._peek() == ("mark", ","):
                self._index += 1
                self._skip()
                continue
            if self._peek()[0] == "declare":
                assigns = self._peek()[1] == "="
                self._index += 1
                return tuple(found), assigns
            break
        self._index = start
        return (), False

    def _command(self, depth: int) -> tuple[Operand, ...]:
        found: list[Operand] = []
        self._skip()
        while self._peek()[0] and self._peek() not in (("mark", "|"), ("mark", ")")):
            found.append(self._operand(depth))
            self._skip()
        if not found:
            raise self._error("a command is missing")
        return tuple(found)

    def _operand(self, depth: int) -> Operand:
        kind, token = self._peek()
        self._index += 1
        base: Operand
        if kind in ("string", "raw"):
            base = Literal(_unquoted(kind, token))
        elif kind == "char":
            base = Literal(ord(_unquoted("string", token)[:1] or "\0"))
        elif kind == "number":
            base = Literal(_number(token))
        elif kind == "word":
            constants: dict[str, object] = {"true": True, "false": False, "nil": None}
            base = Literal(constants[token]) if token in constants else Name(token)
        elif kind == "dot":
            return Access(None)
        elif kind == "field":
            return Access(None, (token[1:], *self._fields()))
        elif kind == "variable":
            return Access(token, self._fields())
        elif (kind, token) == ("mark", "("):
            inner = self._pipeline(depth + 1)
            self._skip()
            if self._peek() != ("mark", ")"):
                raise self._error("a parenthesis is not closed")
            self._index += 1
            return Access(inner, self._fields())
        else:
            raise self._error(f"unexpected {token}")
        return base

    def _fields(self) -> tuple[str, ...]:
        found = []
        while self._peek()[0] == "field":
            found.append(self._peek()[1][1:])
            self._index += 1
        return tuple(found)

    def _error(self, reason: str) -> TemplateError:
        return TemplateError(reason, self._at)


def _unquoted(kind: str, token: str) -> str:
    if kind == "raw":
        return token[1:-1]

    def replace(match: re.Match[str]) -> str:
        if match.group(1):
            return _ESCAPES.get(match.group(1), match.group(1))
        if match.group(5):
            return chr(int(match.group(5), 8))
        code = int(match.group(2) or match.group(3) or match.group(4), 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"

    return _ESCAPE.sub(replace, token[1:-1])


def _number(token: str) -> int | float:
    digits = token.replace("_", "")
    try:
        sign = -1 if digits.startswith("-") else 1
        bare = digits.lstrip("+-")
        if len(bare) > 1 and bare[0] == "0" and bare[1:].isdigit():
            return sign * int(bare, 8)
        return sign * int(bare, 0)
    except ValueError:
        return float(digits)
