"""Comprehensions and lambdas of one Python file: expressions with names of their own.

In: nodes and the reader of their file. Out: expressions; the names are gone behind them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from archlint.core.facts.python import Comprehension, Element, Expression, Lambda, Loop
from archlint.readers.python.operands import COMPUTED, LAMBDA
from archlint.readers.python.scopes import bounded

if TYPE_CHECKING:
    from archlint.readers.python.expressions import Expressions


_Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def comprehension(reader: Expressions, node: _Comprehension) -> Expression:
    """A comprehension: its parts run in a loop of their own."""
    scope, loop, names = reader.scope, reader.loop, reader.scope.names
    over = reader.read(node.generators[0].iter)
    scope.names = inner = dict(names)
    for position, generator in enumerate(node.generators):
        iterable = over if position == 0 else reader.read(generator.iter)
        span = reader.at(node)
        reader.loop = Loop(span, "comprehension", bounded(iterable))
        reader.bind(generator.target, Element(bounded(iterable)), inner)
        for condition in generator.ifs:
            reader.read(condition)
    if isinstance(node, ast.DictComp):
        reader.read(node.key)
        reader.read(node.value)
        result: Expression = COMPUTED
    else:
        result = Comprehension(reader.read(node.elt))
    scope.names, reader.loop = names, loop
    return result


def lambda_(reader: Expressions, node: ast.Lambda) -> Expression:
    """A lambda, by what it returns."""
    scope, names = reader.scope, reader.scope.names
    arguments = node.args
    for default in (*arguments.defaults, *arguments.kw_defaults):
        if default is not None:
            reader.read(default)
    scope.names = dict(names)
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if one is not None:
            scope.names[one.arg] = LAMBDA
    value = reader.read(node.body)
    scope.names = names
    return Lambda(bounded(value))
