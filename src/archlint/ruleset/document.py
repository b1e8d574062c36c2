"""YAML of rule files, with a place for every error. Unknown keys, wrong types and repeated keys are refused.

A ``Node`` is what PyYAML's C composer gives: its marks are turned into lines and columns only when something is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import yaml

from archlint.core.record import dataclass
from archlint.ruleset.errors import RuleError, did_you_mean

MAX_BYTES = 200_000

try:
    from yaml import CSafeLoader
except ImportError as problem:  # pragma: no cover
    raise ImportError("archlint needs PyYAML with its C loader: install a PyYAML wheel, or libyaml first") from problem

_KINDS = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "null": "nothing"}


@dataclass(frozen=True)
class Source:
    """A rule file's document: its path as people should see it, the whole text, and the line at which it starts."""

    path: str
    text: str
    first_line: int = 1

    def error(self, message: str, node: yaml.Node | None = None, offset: int | None = None) -> RuleError:
        """The error at the node; ``offset`` counts code points in the value of a scalar."""
        if node is None:
            return RuleError(message, self.path, self.first_line, 1, self.text)
        line, column = node.start_mark.line, node.start_mark.column
        if offset is not None and isinstance(node, yaml.ScalarNode):
            line, column = self._inside(node, offset)
        return RuleError(message, self.path, line + self.first_line, column + 1, self.text)

    def line(self, node: yaml.Node) -> int:
        """The line of the file on which the node starts, counted from 1."""
        return int(node.start_mark.line) + self.first_line

    def _inside(self, node: yaml.ScalarNode, offset: int) -> tuple[int, int]:
        """Folding changes white space only, so the n-th other character of the value is the n-th of the source."""
        wanted = sum(1 for character in node.value[:offset] if not character.isspace())
        line, column = node.start_mark.line, node.start_mark.column
        lines = self.text.splitlines()[self.first_line - 1 :]
        if node.style in ("|", ">"):
            line, column = line + 1, 0
        elif node.style in ("'", '"'):
            column += 1
        seen = 0
        for number in range(line, min(node.end_mark.line + 1, len(lines))):
            for position in range(column if number == line else 0, len(lines[number])):
                if not lines[number][position].isspace():
                    if seen == wanted:
                        return number, position
                    seen += 1
        return line, column


def compose(source: Source, text: str) -> yaml.Node | None:
    """The one document of the text, None where it is empty.

    Raises:
        RuleError: it is no YAML, or too large.
    """
    if len(text) > MAX_BYTES:
        raise source.error(f"the file is larger than {MAX_BYTES} characters")
    try:
        loader = CSafeLoader(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
            return node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        raise RuleError(
            f"not YAML: {error.problem or error.context}",
            source.path,
            line + source.first_line,
            column + 1,
            source.text,
        ) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise source.error(f"not YAML: {error}") from None


def entries(source: Source, node: yaml.Node | None, known: Collection[str], what: str) -> dict[str, yaml.Node]:
    """The mapping's values by key.

    Raises:
        RuleError: it is no mapping, or has a key that is unknown or repeated.
    """
    found: dict[str, yaml.Node] = {}
    for key, name, value in pairs(source, node, what):
        if name not in known:
            raise source.error(f"unknown key {name!r} of {what}{did_you_mean(name, known)}", key)
        found[name] = value
    return found


def pairs(source: Source, node: yaml.Node | None, what: str) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
    """The key nodes, keys and values of a mapping.

    Raises:
        RuleError: it is no mapping, or has a key that is no text or repeated.
    """
    if not isinstance(node, yaml.MappingNode):
        raise source.error(f"{what} is a mapping of keys and values", node)
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise source.error("a key is a plain word", key)
        if key.value in seen:
            raise source.error(f"key {key.value!r} is repeated", key)
        seen.add(key.value)
        yield key, key.value, value


def text(source: Source, node: yaml.Node, what: str) -> str:
    """The scalar as text, stripped.

    Raises:
        RuleError: it is no text (an unquoted number or boolean is none), or empty.
    """
    kind = _kind(node)
    if kind != "str":
        hint = ": put it in quotes" if isinstance(node, yaml.ScalarNode) and kind != "null" else ""
        raise source.error(f"{what} is text, not {_KINDS.get(kind, 'a list or mapping')}{hint}", node)
    value: str = node.value
    if not value.strip():
        raise source.error(f"{what} is empty", node)
    return value.strip()


def texts(source: Source, node: yaml.Node, what: str) -> tuple[str, ...]:
    """The list's texts.

    Raises:
        RuleError: it is no list of texts.
    """
    if not isinstance(node, yaml.SequenceNode):
        raise source.error(f"{what} is a list", node)
    return tuple(text(source, item, f"an entry of {what}") for item in node.value)


def plain(source: Source, node: yaml.Node, what: str) -> str | int | float | bool | tuple[str, ...]:
    """The value of a scalar by YAML's rules, or a list of texts.

    Raises:
        RuleError: it is anything else.
    """
    if isinstance(node, yaml.SequenceNode):
        return texts(source, node, what)
    kind = _kind(node)
    if kind == "str":
        return str(node.value)
    try:
        if kind == "int":
            return int(node.value.replace("_", ""))
        if kind == "float":
            return float(node.value.replace("_", ""))
    except ValueError:
        raise source.error(f"{what} is no decimal number", node) from None
    if kind == "bool":
        return str(node.value).lower() in ("true", "yes", "on")
    raise source.error(f"{what} is text, a number, true, false, or a list of texts", node)


def _kind(node: yaml.Node) -> str:
    return str(node.tag).rpartition(":")[2] if isinstance(node, yaml.ScalarNode) else "collection"
