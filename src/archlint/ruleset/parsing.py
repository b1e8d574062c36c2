"""The text of an expression into a tree: bounded in length, size and depth before anything else looks at it."""

from __future__ import annotations

import ast
import keyword
import re

from archlint.ruleset.errors import ExpressionError

MAX_LENGTH = 2_000
SMALL = 120
"""A text as short as this can be neither large nor deep."""
MAX_NODES = 300
MAX_DEPTH = 25


def parse(text: str, name: str) -> ast.expr:
    """The tree of an expression, with offsets of code points in the whole text; the subject is called ``name`` in it.

    Raises:
        ExpressionError: the text is no expression, or too large.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters")
    flat = text.replace("\n", " ")
    indent = len(flat) - len(flat.lstrip())
    try:
        tree = ast.parse(flat.strip(), mode="eval").body
    except SyntaxError as error:
        offset = min((error.offset or MAX_LENGTH) - 1, len(flat.strip()))
        word = re.match(r"[a-z]+", flat.strip()[offset:])
        called = f"; the subject is called {name!r} here" if word and keyword.iskeyword(word[0]) else ""
        raise ExpressionError(f"not an expression: {error.msg}{called}", indent + offset) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError("the expression is nested too deeply") from None
    if len(text) > SMALL:
        _check_size(tree)
    _count_from_the_start(tree, flat.strip(), indent)
    return tree


def _check_size(tree: ast.expr) -> None:
    count, depth = 0, 0
    level: list[ast.AST] = [tree]
    while level:
        depth += 1
        count += len(level)
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise ExpressionError("the expression is too large: put the concept into the model, and name it")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _count_from_the_start(tree: ast.expr, text: str, indent: int) -> None:
    """Turn Python's byte offsets into offsets of code points in the whole text."""
    if indent == 0 and text.isascii():
        return
    encoded = text.encode()
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset = indent + len(encoded[: node.col_offset].decode())
            node.end_col_offset = indent + len(encoded[: node.end_col_offset].decode())
