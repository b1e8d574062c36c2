"""Operators and conditional expressions of one Python file: what they stand for, their operands being read.

In: nodes and the reader of their file. Out: expressions. What has no static meaning is UNKNOWN.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from archlint.core.facts.python import Choice, Expression, Literal, Result
from archlint.readers.python.mappings import united
from archlint.readers.python.operands import (
    COMPUTED,
    FALSE,
    LONG,
    TRUE,
    add,
    arithmetic,
    same_place,
    tested_for_presence,
)
from archlint.readers.python.scopes import choice, fallback
from archlint.readers.python.texts import percent

if TYPE_CHECKING:
    from archlint.readers.python.expressions import Expressions


def binary(reader: Expressions, node: ast.BinOp) -> Expression:
    """Sums, texts put together, numbers."""
    if node.op.__class__ is ast.Add:
        operands: list[ast.expr] = []
        left: ast.expr = node
        while left.__class__ is ast.BinOp and left.op.__class__ is ast.Add:
            operands.append(left.right)
            left = left.left
        operands.append(left)
        return add([reader.read(one) for one in reversed(operands)])
    one, other = reader.read(node.left), reader.read(node.right)
    if node.op.__class__ is ast.Mod and isinstance(one, Literal) and isinstance(one.value, str):
        return percent(one.value, other)
    if node.op.__class__ is ast.BitOr and isinstance(one, Result | Choice) and isinstance(other, Result):
        return choice(one, other)  # conditions that are made and joined: whichever holds first
    if node.op.__class__ is ast.BitOr:
        both = united(one, other)
        if both is not None:
            return both
    return arithmetic(node.op, one, other)


def boolean(reader: Expressions, node: ast.BoolOp) -> Expression:
    """``a or b`` and ``a and b``."""
    values = [reader.read(one) for one in node.values]
    if node.op.__class__ is ast.And:
        return choice(values[-1], *values[:-1])
    return fallback(*values)


def unary(reader: Expressions, node: ast.UnaryOp) -> Expression:
    """A sign or ``not``."""
    value = reader.read(node.operand)
    if isinstance(value, Literal) and isinstance(value.value, int | float):
        if node.op.__class__ is ast.USub:
            return Literal(-value.value) if value.value != -(2**63) else LONG
        if node.op.__class__ is ast.Not:
            return FALSE if value.value else TRUE
    return COMPUTED


def conditional(reader: Expressions, node: ast.IfExp) -> Expression:
    """``a if c else b``."""
    reader.read(node.test)
    branch, reader.branch = reader.branch, True
    body, other = reader.read(node.body), reader.read(node.orelse)
    reader.branch = branch
    tested = tested_for_presence(node.test)
    if tested is not None:
        subject, is_present = tested
        if same_place(subject, node.body if is_present else node.orelse):
            return fallback(body, other) if is_present else fallback(other, body)
    return choice(body, other)
