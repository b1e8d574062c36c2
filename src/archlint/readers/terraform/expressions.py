"""HCL text in, blocks and expressions out, by tree-sitter's grammar (github.com/hashicorp/hcl: hclsyntax/spec.md)."""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache

from tree_sitter import Language, Node, Parser, Point

from archlint.core.facts.documents import (
    TerraformAttribute,
    TerraformBlock,
    TerraformCall,
    TerraformExpression,
    TerraformList,
    TerraformLiteral,
    TerraformObject,
    TerraformOpaque,
    TerraformReference,
    TerraformText,
)
from archlint.core.span import Span

DEPTH_LIMIT = 100
TEXT_LIMIT = 2_000
"""How much of the text of an expression is kept that is not understood."""

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)|\$\$(?=\{)|%%(?=\{)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_SPACE = re.compile(r"\s+")
_TRAVERSALS = frozenset({"get_attr", "index", "splat"})
_TEMPLATES = frozenset({"quoted_template", "heredoc_template"})


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_hcl

    return Parser(Language(tree_sitter_hcl.language()))


class Source:
    """One HCL text and its syntax tree. With ``at``, every part has that span (for HCL inside JSON strings)."""

    def __init__(self, path: str, text: str, at: Span | None = None) -> None:
        self.path = path
        self.at = at
        self.data = text.encode()
        self.lines = None if text.isascii() else self.data.split(b"\n")
        self.tree = _parser().parse(self.data)

    @property
    def root(self) -> Node:
        """The node of the whole file."""
        return self.tree.root_node

    def whole(self) -> Span:
        """The span of the whole text."""
        end = self.data.count(b"\n")
        return Span(self.path, 1, 1, end + 1, self._column(end, len(self.data) - self.data.rfind(b"\n") - 1))

    def span(self, node: Node) -> Span:
        """Where the node stands."""
        return self._between(node.start_point, node.end_point)

    def _between(self, start: Point, end: Point) -> Span:
        if self.at is not None:
            return self.at
        return Span(
            self.path,
            start[0] + 1,
            self._column(start[0], start[1]),
            end[0] + 1,
            self._column(end[0], end[1]),
        )

    def _column(self, row: int, column: int) -> int:
        if self.lines is None:
            return column + 1
        return len(self.lines[row][:column].decode("utf-8", "replace")) + 1

    def text(self, node: Node) -> str:
        """The node's text."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def errors(self, limit: int) -> list[Span]:
        """The first places where the text is no HCL."""
        found: list[Span] = []
        waiting = [self.root] if self.root.has_error else []
        while waiting and len(found) < limit:
            node = waiting.pop()
            if node.is_error or node.is_missing:
                at = self.span(node)
                found.append(Span(at.path, at.line, at.column, at.line, at.column))
            else:
                waiting.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
        return found

    def body(self, node: Node, depth: int = 0) -> tuple[tuple[TerraformAttribute, ...], tuple[TerraformBlock, ...]]:
        """The attributes and blocks below, also those that the parser saved from a syntax error."""
        attributes: list[TerraformAttribute] = []
        blocks: list[TerraformBlock] = []
        for child in node.named_children:
            kind = child.type
            if kind == "attribute":
                if attribute := self._attribute(child, depth):
                    attributes.append(attribute)
            elif kind == "block":
                if depth <= DEPTH_LIMIT:
                    blocks.append(self._block(child, depth + 1))
            elif kind in ("body", "ERROR") and depth <= DEPTH_LIMIT:
                more_attributes, more_blocks = self.body(child, depth + 1)
                attributes.extend(more_attributes)
                blocks.extend(more_blocks)
        return tuple(attributes), tuple(blocks)

    def _attribute(self, node: Node, depth: int) -> TerraformAttribute | None:
        children = node.named_children
        if len(children) < 2 or children[0].type != "identifier" or children[-1].type != "expression":
            return None
        return TerraformAttribute(self.span(node), self.text(children[0]), self.expression(children[-1], depth + 1))

    def _block(self, node: Node, depth: int) -> TerraformBlock:
        labels: list[str] = []
        attributes: tuple[TerraformAttribute, ...] = ()
        blocks: tuple[TerraformBlock, ...] = ()
        for child in node.named_children:
            kind = child.type
            if kind == "identifier":
                labels.append(self.text(child))
            elif kind == "string_lit":
                labels.append(self._string(child))
            elif kind == "body":
                attributes, blocks = self.body(child, depth)
        return TerraformBlock(self.span(node), labels[0] if labels else "", tuple(labels[1:]), attributes, blocks)

    def expression(self, node: Node, depth: int) -> TerraformExpression:
        """The expression of a node of type ``expression``."""
        children = node.children
        if len(children) == 3 and children[0].type == "(":
            return self.expression(children[1], depth + 1) if depth <= DEPTH_LIMIT else self._opaque(node)
        if not children or depth > DEPTH_LIMIT:
            return self._opaque(node)
        first = children[0]
        kind = first.type
        if kind == "variable_expr":
            if all(child.type in _TRAVERSALS for child in children[1:]):
                return TerraformReference(self.span(node), _SPACE.sub("", self.text(node)))
        elif len(children) > 1:
            return self._opaque(node)
        elif kind == "literal_value":
            return self._literal(first)
        elif kind == "template_expr":
            return self._template(first, depth)
        elif kind == "collection_value":
            inner = first.named_children
            if inner and inner[0].type == "tuple":
                items = tuple(
                    self.expression(child, depth + 1) for child in inner[0].named_children if child.type == "expression"
                )
                return TerraformList(self.span(inner[0]), items)
            if inner and inner[0].type == "object":
                return self._object(inner[0], depth)
        elif kind == "function_call":
            return self._call(first, depth)
        elif kind == "operation":
            return self._operation(first)
        return self._opaque(node)

    def _literal(self, node: Node) -> TerraformExpression:
        inner = node.named_children[0] if node.named_children else node
        kind = inner.type
        if kind == "string_lit":
            return TerraformLiteral(self.span(inner), self._string(inner))
        text = self.text(inner)
        if kind == "numeric_lit":
            return TerraformLiteral(self.span(inner), _number(text))
        if kind == "bool_lit":
            return TerraformLiteral(self.span(inner), text == "true")
        return TerraformLiteral(self.span(inner), None) if kind == "null_lit" else self._opaque(node)

    def _string(self, node: Node) -> str:
        """The text of a ``string_lit``."""
        return _unescaped(self.text(node)[1:-1])

    def _operation(self, node: Node) -> TerraformExpression:
        """A negative number, or anything else."""
        text = self.text(node)
        digits = text[1:].lstrip()
        if text[:1] == "-" and digits[:1].isdigit() and node.named_children[0].type == "unary_operation":
            literal = [child.type for child in node.named_children[0].named_children]
            number = _number(digits)
            if literal == ["literal_value"] and isinstance(number, int | float):
                return TerraformLiteral(self.span(node), -number)
        return self._opaque(node)

    def _template(self, node: Node, depth: int) -> TerraformExpression:
        template = node.named_children[0] if node.named_children else node
        if template.type not in _TEMPLATES:
            return self._opaque(node)
        children = template.children
        is_heredoc = template.type == "heredoc_template"
        if any(child.type in ("template_directive", "ERROR") for child in children):
            return self._opaque(node)
        position, point = children[0].end_byte, children[0].end_point
        end, end_point = children[-1].start_byte, children[-1].start_point
        if is_heredoc:  # the text is the lines between those of the two marks
            position, point = self.data.find(b"\n", position) + 1, Point(point.row + 1, 0)
            end, end_point = self.data.rfind(b"\n", 0, end) + 1, Point(end_point.row, 0)
        parts: list[TerraformExpression] = []
        for child in children:
            if child.type == "template_interpolation":
                self._add_text(parts, position, child.start_byte, self._between(point, child.start_point), is_heredoc)
                inner = next((one for one in child.named_children if one.type == "expression"), None)
                parts.append(self.expression(inner, depth + 1) if inner is not None else self._opaque(child))
                position, point = child.end_byte, child.end_point
        self._add_text(parts, position, end, self._between(point, end_point), is_heredoc)
        if is_heredoc and children[0].text == b"<<-":
            parts = _dedented(parts)
        if all(isinstance(part, TerraformLiteral) for part in parts):
            return TerraformLiteral(self.span(template), "".join(str(getattr(part, "value", "")) for part in parts))
        if not is_heredoc and len(parts) == 1:
            return parts[0]  # "${x}" is x
        return TerraformText(self.span(template), tuple(parts))

    def _add_text(self, parts: list[TerraformExpression], start: int, end: int, at: Span, is_heredoc: bool) -> None:
        if end > start:
            text = self.data[start:end].decode("utf-8", "replace")
            if is_heredoc:  # backslashes stand for themselves there
                parts.append(TerraformLiteral(at, text.replace("$${", "${").replace("%%{", "%{")))
            else:
                parts.append(TerraformLiteral(at, _unescaped(text)))

    def _object(self, node: Node, depth: int) -> TerraformObject:
        entries: list[TerraformAttribute] = []
        is_open = False
        for child in node.named_children:
            if child.type == "ERROR":
                is_open = True
            if child.type != "object_elem":
                continue
            pair = [one for one in child.named_children if one.type == "expression"]
            name = self._key(pair[0]) if len(pair) == 2 else None
            if name is None:
                is_open = True
            else:
                entries.append(TerraformAttribute(self.span(child), name, self.expression(pair[1], depth + 1)))
        return TerraformObject(self.span(node), tuple(entries), is_open)

    def _key(self, node: Node) -> str | None:
        children = node.children
        if len(children) != 1:
            return None
        if children[0].type == "variable_expr":
            return self.text(node)
        value = self._literal(children[0]) if children[0].type == "literal_value" else None
        if isinstance(value, TerraformLiteral) and value.value is not None:
            return value.value if isinstance(value.value, str) else self.text(node)
        return None

    def _call(self, node: Node, depth: int) -> TerraformExpression:
        name = ""
        arguments: list[TerraformExpression] = []
        for child in node.named_children:
            if child.type == "identifier":
                name = f"{name}::{self.text(child)}" if name else self.text(child)
            elif child.type == "function_arguments":
                if any(one.type not in ("expression", ",", "comment") for one in child.children):
                    return self._opaque(node)
                arguments = [
                    self.expression(one, depth + 1) for one in child.named_children if one.type == "expression"
                ]
        return TerraformCall(self.span(node), name, tuple(arguments))

    def _opaque(self, node: Node) -> TerraformOpaque:
        references: dict[str, None] = {}
        waiting = [node]
        while waiting:
            one = waiting.pop()
            children = one.children
            if one.type == "expression" and children and children[0].type == "variable_expr":
                end = next((child for child in children if child.type not in (*_TRAVERSALS, "variable_expr")), None)
                stop = children[-1] if end is None else children[max(children.index(end) - 1, 0)]
                text = self.data[one.start_byte : stop.end_byte].decode("utf-8", "replace")
                if len(text) <= TEXT_LIMIT:
                    references[_SPACE.sub("", text)] = None
            elif one.type == "variable_expr" and one.parent is not None and one.parent.type != "expression":
                references[self._traversal(one)] = None
            waiting.extend(reversed(children))
        return TerraformOpaque(self.span(node), self.text(node)[:TEXT_LIMIT], tuple(references))

    def _traversal(self, node: Node) -> str:
        """The traversal that begins at a variable among the operands of an operation."""
        last = node
        sibling = node.next_sibling
        while sibling is not None and sibling.type in _TRAVERSALS:
            last = sibling
            sibling = sibling.next_sibling
        text = self.data[node.start_byte : last.end_byte].decode("utf-8", "replace")
        return _SPACE.sub("", text[:TEXT_LIMIT])


def _dedented(parts: list[TerraformExpression]) -> list[TerraformExpression]:
    """The parts of an indented heredoc, without the indentation that all its lines share."""
    mark = "\x00"
    texts = [str(part.value).replace(mark, "") if isinstance(part, TerraformLiteral) else mark for part in parts]
    rest = textwrap.dedent("".join(texts)).split(mark)
    made: list[TerraformExpression] = []
    for part in parts:
        if not isinstance(part, TerraformLiteral):
            made.append(part)
            rest.pop(0)
        elif rest[0]:
            made.append(TerraformLiteral(part.at, rest[0]))
    return made


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_replacement, text) if "\\" in text or "{" in text else text


def _replacement(match: re.Match[str]) -> str:
    code = match[1]
    if code is None:
        return match[0][0]
    if code[0] in "uU" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return _ESCAPES.get(code, code)


def _number(text: str) -> int | float | str:
    try:
        if text.isdigit() and len(text) < 19:
            return int(text)
        value = float(text)
    except ValueError:
        return text
    return value if abs(value) != float("inf") else text
