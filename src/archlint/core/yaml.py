"""YAML and JSON text in, positioned trees out, one a document: for files, and for what templates render to.

libyaml composes, this module types and trims. Scalars are typed as Kubernetes reads them (YAML 1.1 without sexagesimal
numbers and dates), the last of a repeated key wins, aliases and merge keys are resolved. It refuses, as gaps: syntax
errors (the documents before and after the broken one are still read), aliases that expand to more than ``ALIAS_LIMIT``
nodes or into themselves, and nesting deeper than ``DEPTH_LIMIT``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import yaml

from archlint.core.facts.base import Gap
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Plain, Scalar, Sequence

try:
    from yaml._yaml import CParser
except ImportError as error:  # pragma: no cover
    message = "PyYAML was built without libyaml, which archlint needs: reinstall it from a wheel"
    raise ImportError(message) from error

ALIAS_LIMIT = 200_000
DEPTH_LIMIT = 200
RESTART_LIMIT = 100

_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_ALIAS = re.compile(r"[ \t]*:[ \t]*\*[^\s,\[\]{}]+")
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)+")
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}


class Documents(NamedTuple):
    """What a file holds: its documents in order, without the empty ones, and what could not be read of it."""

    trees: tuple[Node, ...]
    gaps: tuple[Gap, ...]

    @property
    def mappings(self) -> Iterator[Mapping]:
        """The documents that are mappings."""
        return (tree for tree in self.trees if isinstance(tree, Mapping))


def parse(text: str, path: str) -> Documents:
    """The documents of a text that stands in the file of that path."""
    text = _readable(text)
    trees: list[Node] = []
    gaps: list[Gap] = []
    begin = 0
    for _ in range(RESTART_LIMIT):
        failed_at, last = _parse_from(text, path, begin, trees, gaps)
        if failed_at is None:
            break
        begin = next((line for line in _document_lines(text) if line >= failed_at and line > last), -1)
        if begin < 0:
            break
    return Documents(tuple(trees), tuple(gaps))


@lru_cache(maxsize=65536)
def typed(text: str) -> Plain:
    """The value of a plain scalar. Numbers beyond 64 bits are floats, as JSON has them; infinities stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text) and len(text) < 70:
        number = _integer(text.replace("_", ""))
        if number is not None:
            return number
    if _FLOAT.fullmatch(text):
        value = float(text.replace("_", ""))
        return value if abs(value) != float("inf") else text
    return text


class _TooDeepError(yaml.YAMLError):
    problem = f"is nested deeper than {DEPTH_LIMIT} levels"


class _RunawayError(Exception):
    """Aliases expand without end, or nearly so."""


class _Composer(CParser):
    """libyaml's composer; instead of resolving tags it counts the depth, as its own recursion knows no bound."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self.depth = 0

    def resolve(self, kind: type, value: object, implicit: object) -> None:
        return None

    def descend_resolver(self, parent: object, index: object) -> None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise _TooDeepError

    def ascend_resolver(self) -> None:
        self.depth -= 1


def _parse_from(text: str, path: str, begin: int, trees: list[Node], gaps: list[Gap]) -> tuple[int | None, int]:
    """Parse from that line (counted from 0) on; return the line of the syntax error, and where its document begins."""
    offset = _line_start(text, begin)
    rest = text[offset:] if begin else text
    has_aliases = "&" in rest and "*" in rest
    last = begin
    line = begin
    try:
        composer = _Composer(rest)
        try:
            while composer.check_node():
                composer.depth = 0
                node: Any = composer.get_node()
                line = begin + node.start_mark.line
                try:
                    tree = _converter(path, rest, begin, has_aliases)(node)
                except _RunawayError:
                    reason = f"its aliases expand to more than {ALIAS_LIMIT} values: write them out or exclude the file"
                    gaps.append(Gap(Span(path, line + 1, 1, line + 1, 1), "alias-limit", reason))
                else:
                    if not (isinstance(tree, Scalar) and tree.value is None):
                        trees.append(tree)
                last = line
        finally:
            composer.dispose()
    except yaml.YAMLError as error:
        at, reason = _problem(error, rest, path, begin, last)
        gaps.append(Gap(_within(at, rest, begin), "syntax", reason))
        return at.line - 1, last
    return None, last


def _converter(path: str, text: str, begin: int, has_aliases: bool) -> Callable[[Any], Node]:
    known: dict[int, tuple[Node | None, int]] = {}
    nodes = 0
    expanded = 0
    first = begin + 1
    has_properties = has_aliases or "&" in text or "!" in text

    def convert(node: Any) -> Node:
        nonlocal nodes, expanded
        nodes += 1
        if has_aliases:
            seen = known.get(id(node))
            if seen is not None:
                expanded += seen[1]
                nodes += seen[1]
                if seen[0] is None or expanded > ALIAS_LIMIT:
                    raise _RunawayError
                return seen[0]
            known[id(node)] = (None, 1)
            before = nodes
        start = node.start_mark
        end = node.end_mark
        value = node.value
        if has_properties and (start := _past_properties(text, start)).index > end.index:
            start = node.start_mark
        made: Node
        if isinstance(value, str):
            style = node.style
            if style in ("|", ">"):
                at = _trimmed(path, text, start, end, first)
                made = Scalar(at, value, value)
            else:
                at = Span(path, start.line + first, start.column + 1, end.line + first, end.column + 1)
                made = Scalar(at, _tagged(node.tag, value) if node.tag else value if style else typed(value), value)
        elif isinstance(node, yaml.MappingNode):
            made = mapping(node, start)
        else:
            items = tuple([convert(item) for item in value])
            if node.flow_style or not items:
                at = Span(path, start.line + first, start.column + 1, end.line + first, end.column + 1)
            else:
                last = items[-1].at
                if last.end_line < start.line + first:  # an alias: its value stands elsewhere
                    last = max((item.at for item in items), key=_end_of)
                at = _from(path, start, first, last.end_line, last.end_column)
            made = Sequence(at, items)
        if has_aliases:
            known[id(node)] = (made, nodes - before + 1)
        return made

    def mapping(node: Any, start: Any) -> Mapping:
        entries: dict[str, Entry] = {}
        merged: list[Entry] = []
        end_line, end_column = start.line + first, start.column + 1
        for key, value in node.value:
            key_start = key.start_mark
            key_end = key.end_mark
            at = Span(path, key_start.line + first, key_start.column + 1, key_end.line + first, key_end.column + 1)
            made = convert(value)
            name = key.value
            if not isinstance(name, str):
                convert(key)  # a complex key: nothing of ours has one, but it counts against the limits
                name = text[key_start.index : key_end.index].strip()
            if name == "<<" and not key.style and isinstance(made, (Mapping, Sequence)):
                merged.extend(_merge(made))
            else:
                entries.pop(name, None)
                entries[name] = Entry(name, at, made)
            value_at = made.at
            if has_aliases and value.start_mark.index < key_end.index:
                alias = _ALIAS.match(text, key_end.index)
                end_line, end_column = at.end_line, at.end_column + (len(alias.group()) if alias else 0)
            else:
                end_line, end_column = value_at.end_line, value_at.end_column
        if merged:
            own = entries
            entries = {}
            for one in merged:
                if one.key not in own:
                    entries.setdefault(one.key, one)
            entries.update(own)
        if node.flow_style:
            end = node.end_mark
            end_line, end_column = end.line + first, end.column + 1
        return Mapping(_from(path, start, first, end_line, end_column), tuple(entries.values()))

    return convert


@dataclass(slots=True)
class _Mark:
    index: int
    line: int
    column: int


def _past_properties(text: str, mark: Any) -> Any:
    """Where the node itself begins: libyaml counts its anchor and tag in."""
    match = _PROPERTIES.match(text, mark.index)
    if match is None:
        return mark
    breaks = match[0].count("\n")
    column = len(match[0]) - match[0].rfind("\n") - 1 if breaks else mark.column + len(match[0])
    return _Mark(match.end(), mark.line + breaks, column)


def _merge(node: Node) -> Iterator[Entry]:
    """The entries that a merge key gives; of several mappings the earlier ones win."""
    if isinstance(node, Mapping):
        yield from node.entries
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Mapping):
                yield from item.entries


def _from(path: str, start: Any, first: int, end_line: int, end_column: int) -> Span:
    line, column = start.line + first, start.column + 1
    end_line, end_column = max((end_line, end_column), (line, column))
    return Span(path, line, column, end_line, end_column)


def _end_of(at: Span) -> tuple[int, int]:
    return at.end_line, at.end_column


def _trimmed(path: str, text: str, start: Any, end: Any, first: int) -> Span:
    """The span of a block scalar: libyaml ends it where the next token begins."""
    body = text[start.index : end.index].rstrip()
    breaks = body.count("\n")
    column = len(body) - body.rfind("\n") if breaks else start.column + len(body) + 1
    return Span(path, start.line + first, start.column + 1, start.line + first + breaks, column)


def _tagged(tag: str, value: str) -> Plain:
    """The value of a scalar with an explicit tag: only YAML's own number, boolean and null tags type it."""
    name = tag.removeprefix("tag:yaml.org,2002:")
    return typed(value) if name in ("int", "float", "bool", "null") else value


def _integer(text: str) -> int | None:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-")
    try:
        if digits[:2] in ("0b", "0x", "0o"):
            number = int(digits, 0)
        elif digits[0] == "0" and len(digits) > 1:
            number = int(digits, 8)
        else:
            number = int(digits)
    except ValueError:
        return None
    number *= sign
    return number if -(2**63) <= number < 2**63 else None


def _readable(text: str) -> str:
    """The text with what libyaml takes for line breaks, and editors and SARIF do not, as spaces; columns stay."""
    if not text.isascii():
        for character in "\x85\u2028\u2029":
            if character in text:
                text = text.replace(character, " ")
        text = text.removeprefix("\ufeff")
    if "\\ud" in text or "\\uD" in text:  # JSON's pairs of escapes, which YAML does not have
        text = _SURROGATES.sub(_joined, text)
    return text


def _joined(match: re.Match[str]) -> str:
    high, low = int(match[0][2:6], 16), int(match[0][8:12], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _document_lines(text: str) -> Iterator[int]:
    line = 0
    position = 0
    for match in _DOCUMENT.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        yield line


def _line_start(text: str, line: int) -> int:
    position = 0
    for _ in range(line):
        position = text.find("\n", position) + 1
    return position


def _problem(error: yaml.YAMLError, text: str, path: str, begin: int, last: int) -> tuple[Span, str]:
    """Where and what the error is. libyaml's context (where the construct began) says more than where it gave up."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        line, column = begin + mark.line + 1, mark.column + 1
    else:
        position = getattr(error, "position", None)
        if isinstance(position, int):
            before = text[:position]
            line, column = begin + before.count("\n") + 1, position - before.rfind("\n")
        else:
            line, column = last + 1, 1
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed"
    context = getattr(error, "context", None)
    said = f"{problem} {context}" if context else f"{problem}"
    language = "JSON" if path.endswith((".json", ".jsonc")) else "YAML"
    return (
        Span(path, line, column, line, column),
        f"this is not valid {language}: {said}; mend it, or exclude the file",
    )


def _within(at: Span, text: str, begin: int) -> Span:
    """That place, or the last one written where it lies behind: the parser gives up at the end of the file."""
    written = text.rstrip()
    line = begin + written.count("\n") + 1
    if at.line <= line:
        return at
    column = len(written) - written.rfind("\n")
    return Span(at.path, line, column, line, column)
