"""What a condition looks at: the operands of its tests, each with what is asked of it.

In: the test of an ``if``. Out: Looks. Conditions on texts and numbers alone say nothing and are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from archlint.core.facts.python import Expression, Item, Literal, Look, Member, Parameter, Reference
from archlint.core.values import Unknown
from archlint.readers.python.expressions import Expressions
from archlint.readers.python.scopes import bounded

_OPPOSITE = {"present": "absent", "absent": "present", "in": "not in", "not in": "in", "equal": "equal"}
_WRAPPERS = frozenset({"len", "bool"})
_MOST = 6


def looks_of(reader: Expressions, test: ast.expr) -> tuple[Look, ...]:
    """Read the test and say what it looks at."""
    return tuple(
        [Look(bounded(value), asks) for value, asks in _looks(reader, test, False) if not _says_nothing(value)][:_MOST]
    )


def _looks(reader: Expressions, test: ast.expr, negated: bool) -> Iterator[tuple[Expression, str]]:
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, negated = test.operand, not negated
    if isinstance(test, ast.BoolOp):
        for one in test.values:
            yield from _looks(reader, one, negated)
        return
    asks = "present"
    if isinstance(test, ast.Compare):
        unwrapped = _unwrapped(test.left)
        if unwrapped is not test.left and len(test.ops) == 1:
            # ``len(x) > 0`` asks for ``x``.
            value = reader.read(unwrapped)
            reader.read(test.comparators[0])
            asks = _asks(test.ops[0], test.comparators[0]) or "equal"
        else:
            operands = reader.compared(test)
            value = operands[0]
            if len(test.ops) == 1:
                operator = test.ops[0]
                if isinstance(operator, ast.In | ast.NotIn):
                    value, asks = operands[0], "equal"
                    if _says_nothing(value) or not isinstance(test.comparators[0], ast.Tuple | ast.List | ast.Set):
                        value, asks = operands[1], "in" if isinstance(operator, ast.In) else "not in"
                else:
                    asks = _asks(operator, test.comparators[0]) or "equal"
                    if asks == "equal" and _says_nothing(value):
                        value = operands[1]
            else:
                asks = "equal"
    else:
        value = reader.read(_unwrapped(test))
    yield value, _OPPOSITE[asks] if negated else asks


def _unwrapped(node: ast.expr) -> ast.expr:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in _WRAPPERS:
        return node
    only = node.args[0] if len(node.args) == 1 and not node.keywords else None
    return node if only is None or isinstance(only, ast.GeneratorExp | ast.Starred) else only


def _asks(operator: ast.cmpop, other: ast.expr) -> str | None:
    """Whether a comparison with nothing, zero or one asks for something being there."""
    if not isinstance(other, ast.Constant):
        return None
    empty = other.value in (None, 0, False)
    if empty and isinstance(operator, ast.Is | ast.Eq):
        return "absent"
    if empty and isinstance(operator, ast.IsNot | ast.NotEq | ast.Gt):
        return "present"
    if other.value == 1 and isinstance(operator, ast.Eq | ast.GtE | ast.Is):
        return "present"
    if other.value == 1 and isinstance(operator, ast.Lt | ast.NotEq):
        return "absent"
    return None


def _says_nothing(value: Expression) -> bool:
    while isinstance(value, Member | Item):
        value = value.base
    return isinstance(value, Literal | Unknown | Parameter) or (isinstance(value, Reference) and "." not in value.name)
