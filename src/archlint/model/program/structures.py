"""The displays that expressions stand for: dicts, lists and comprehensions, and their entries.

In: expressions and the modules that they are written in. Out: displays, and entries by their keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Expression,
    Item,
    Literal,
    Reference,
    Result,
)
from archlint.model.program.index import Module
from archlint.model.program.things import MAX_DEPTH

if TYPE_CHECKING:
    from archlint.model.program.objects import Objects


def structure(
    objects: Objects, expression: Expression, module: Module, depth: int = MAX_DEPTH
) -> tuple[Expression, Module] | None:
    """The dict or list display that the expression stands for, and the module it is written in."""
    if depth <= 0:
        return None
    match expression:
        case Dictionary() | Display() | Comprehension():
            return expression, module
        case Reference(name=name):
            known = objects.definitions.canonical(name, module)
            for assignment, home in reversed(objects.definitions.assignments.get(known, ())):
                if not assignment.augmented and assignment.value != expression:
                    found = structure(objects, assignment.value, home, depth - 1)
                    if found is not None:
                        return found
        case Choice(options=options):
            for one in options:
                found = structure(objects, one, module, depth - 1)
                if found is not None:
                    return found
        case Item(base=base, key=key):
            for one, home in entries(structure(objects, base, module, depth - 1), key):
                return structure(objects, one, home, depth - 1)
        case Result(call=index):
            call = module.call(index)
            if call is None:
                return None
            name = call.name.rpartition(".")[2]
            if name in ("list", "tuple", "set", "sorted", "frozenset", "dict") and call.arguments:
                return structure(objects, call.arguments[0].value, module, depth - 1)
            function = objects.definitions.functions.get(objects.called_name(call, module, depth - 1))
            if function is not None:
                for one in function[0].returns:
                    found = structure(objects, one, function[1], depth - 1)
                    if found is not None:
                        return found
    return None


def entries(found: tuple[Expression, Module] | None, key: Expression) -> Iterator[tuple[Expression, Module]]:
    """The values of a display under a key: of one if the key is a literal, else of all."""
    if found is None:
        return
    value, module = found
    if isinstance(value, Dictionary):
        for one, item in value.entries:
            if one is not None and (not isinstance(key, Literal) or one == key):
                yield item, module
    elif isinstance(value, Display):
        if isinstance(key, Literal) and isinstance(key.value, int):
            if -len(value.items) <= key.value < len(value.items):
                yield value.items[key.value], module
        else:
            for item in value.items:
                yield item, module
    elif isinstance(value, Comprehension):
        yield value.element, module
