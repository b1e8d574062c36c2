"""What an expression is made from.

In: an expression of a module. Out: the expressions inside it; those of a call's result are what it is called on and
its arguments. Each call is looked into once, and what is too large ends in UNKNOWN.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Lambda,
    Member,
    Result,
    Template,
)
from archlint.core.values import Unknown
from archlint.model.code.objects import base_of
from archlint.model.program.program import Module

_MOST_PARTS = 2000


def all_parts(value: Expression, module: Module) -> Iterator[Expression]:
    """The expression itself and all that it is made from, the nearest first."""
    waiting = deque([value])
    called: set[int] = set()
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        one = waiting.popleft()
        if isinstance(one, Result):
            if one.call in called:
                continue
            called.add(one.call)
        yield one
        waiting.extend(_parts_of(one, module))
    yield Unknown("it is made from too much")


def _parts_of(value: Expression, module: Module) -> Iterator[Expression]:
    if isinstance(value, Result):
        made = module.call(value.call)
        if made is not None:
            base = base_of(made.callee)
            if base is not None:
                yield base
            yield from (one.value for one in made.arguments)
    elif isinstance(value, Member):
        yield value.base
    elif isinstance(value, Element):
        yield value.iterable
    elif isinstance(value, Item):
        yield value.base
        yield value.key
    elif isinstance(value, Template):
        yield from value.parts
    elif isinstance(value, Display):
        yield from value.items
    elif isinstance(value, Choice):
        yield from value.options
    elif isinstance(value, Dictionary):
        for key, one in value.entries:
            if key is not None:
                yield key
            yield one
    elif isinstance(value, Comprehension):
        yield value.element
    elif isinstance(value, Lambda):
        yield value.value
    elif isinstance(value, EnvironmentRead) and value.default is not None:
        yield value.default
