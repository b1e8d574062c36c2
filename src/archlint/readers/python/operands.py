"""What operators, conditions and unpackings make of expressions that are already read."""

from __future__ import annotations

import ast

from archlint.core.facts.python import (
    Choice,
    Display,
    EnvironmentRead,
    Expression,
    Item,
    Literal,
    Operation,
    Parameter,
    Reference,
    Result,
)
from archlint.core.values import Unknown
from archlint.readers.python.texts import concatenation

MAX_ENTRIES = 256
COMPUTED = Unknown("computed")
COMPARISON = Unknown("comparison")
LAMBDA = Unknown("lambda")
MANY = Unknown("too many entries")
LONG = Unknown("too long")

_SYMBOLS: dict[type, str] = {ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//"}
_NUMERIC = (Literal, Reference, EnvironmentRead, Parameter, Choice, Result, Operation)

NONE, TRUE, FALSE = Literal(None), Literal(True), Literal(False)


def name_of(node: ast.expr) -> str | None:
    """The last name of a target or operand: ``x`` of ``x``, ``self.x`` and ``d["x"]``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        return node.slice.value
    return None


def tested_for_presence(test: ast.expr) -> tuple[ast.expr, bool] | None:
    """What a condition tests for being there, and whether it holds when that is there: ``x``, ``not x``,
    ``x is None``, ``x is not None``."""
    if isinstance(test, ast.Name | ast.Attribute | ast.Subscript):
        return test, True
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = tested_for_presence(test.operand)
        return None if inner is None else (inner[0], not inner[1])
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        right = test.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None:
            if isinstance(test.ops[0], ast.Is | ast.Eq):
                return test.left, False
            if isinstance(test.ops[0], ast.IsNot | ast.NotEq):
                return test.left, True
    return None


def same_place(one: ast.expr, other: ast.expr) -> bool:
    """Whether two expressions are the same plain name or attribute."""
    while isinstance(one, ast.Attribute) and isinstance(other, ast.Attribute) and one.attr == other.attr:
        one, other = one.value, other.value
    return isinstance(one, ast.Name) and isinstance(other, ast.Name) and one.id == other.id


def changes_place(target: ast.expr, value: ast.expr) -> bool:
    """Whether a value is reckoned from the attribute that takes it: ``item.stock = item.stock - 1``."""
    if not isinstance(target, ast.Attribute) or not isinstance(value, ast.BinOp):
        return False
    return same_place(target, value.left) or same_place(target, value.right)


def parts_of(value: Expression, targets: list[ast.expr]) -> list[Expression]:
    """What each target of an unpacking gets."""
    starred = next((place for place, one in enumerate(targets) if isinstance(one, ast.Starred)), None)
    if starred is None:
        if isinstance(value, Display) and len(value.items) == len(targets):
            return list(value.items)
        return [Item(value, Literal(place)) for place in range(len(targets))]
    return [
        Item(value, Literal(place))
        if place < starred
        else COMPUTED
        if place == starred
        else Item(value, Literal(place - len(targets)))
        for place in range(len(targets))
    ]


def add(operands: list[Expression]) -> Expression:
    """A sum: numbers are added, lists joined, all else is text put together."""
    if all(isinstance(one, Literal) and isinstance(one.value, int | float) for one in operands):
        result = operands[0]
        for one in operands[1:]:
            result = arithmetic(ast.Add(), result, one)
        return result
    if all(isinstance(one, Display) for one in operands):
        items = [item for one in operands if isinstance(one, Display) for item in one.items]
        return Display(tuple(items)) if len(items) <= MAX_ENTRIES else MANY
    return concatenation(operands)


def arithmetic(operator: ast.operator, one: Expression, other: Expression) -> Expression:
    """The number, where both operands are numbers and small; an Operation on what may be numbers elsewhere."""
    if not (isinstance(one, Literal) and isinstance(other, Literal)):
        symbol = _SYMBOLS.get(operator.__class__)
        kinds = (*_NUMERIC, Item) if symbol in ("*", "/") else _NUMERIC
        known = symbol is not None and isinstance(one, kinds) and isinstance(other, kinds)
        return Operation(symbol, one, other) if known and symbol is not None else COMPUTED
    left, right = one.value, other.value
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return COMPUTED
    try:
        match operator:
            case ast.Add():
                result: int | float = left + right
            case ast.Sub():
                result = left - right
            case ast.Mult():
                result = left * right
            case ast.Div():
                result = left / right
            case ast.FloorDiv():
                result = left // right
            case ast.Pow() if abs(left) <= 1024 and 0 <= right <= 64:
                result = left**right
            case _:
                return COMPUTED
    except (ArithmeticError, TypeError, ValueError):
        return COMPUTED
    return Literal(result) if isinstance(result, int | float) and abs(result) < 2**63 else COMPUTED
