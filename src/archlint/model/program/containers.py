"""Values out of containers: items and elements of displays, the environment by name, an application's configuration.

In: an evaluation and expressions. Out: values; a hole where they are not known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archlint.core.facts.python import (
    Comprehension,
    Dictionary,
    Display,
    Element,
    Expression,
    Literal,
    Parameter,
    Reference,
    Result,
)
from archlint.core.values import UNKNOWN, Place
from archlint.model.program.bindings import Binding, is_configuration, owner_of
from archlint.model.program.index import Module
from archlint.model.program.resolved import HOLES, NOT_KNOWN, Resolved, some, through
from archlint.model.program.structures import entries, structure

if TYPE_CHECKING:
    from archlint.model.program.values import Evaluation


def item(
    evaluation: Evaluation, base: Expression, key: Expression, module: Module, depth: int, bound: Binding | None
) -> list[Resolved]:
    """``base[key]`` of displays, the environment and an application's configuration."""
    pair = _pair(evaluation, base, key, module, depth, bound)
    if pair is not None:
        return pair
    if isinstance(base, Reference) and evaluation.definitions.canonical(base.name, module) == "os.environ":
        return read_by_name(evaluation, key, None, module, depth, bound)
    keys: list[Expression] = [key]
    if not isinstance(key, Literal):
        computed = evaluation.of(key, module, depth - 1, bound)
        keys = [Literal(one.value) if one.is_exact else UNKNOWN for one in computed]
    if isinstance(base, Parameter) and bound is not None:
        function = module.function(base.function)
        given = bound.get((function.name, base.name)) if function is not None else None
        if given is not None:
            return item(evaluation, given[0], keys[0], given[1], depth - 1, given[2])
    found = structure(evaluation.objects, base, module)
    if found is not None:
        inner = bound if found[1] is module else None
        values = [
            value
            for one in keys
            for entry, home in entries(found, one)
            for value in evaluation.of(entry, home, depth - 1, inner)
        ]
        if values:
            return some(values)
    if isinstance(key, Literal) and isinstance(key.value, str) and is_configuration(base):
        return _configured(evaluation, key.value, module, depth)
    return HOLES


def _configured(evaluation: Evaluation, key: str, module: Module, depth: int) -> list[Resolved]:
    """``app.config["KEY"]``."""
    assignments = evaluation.settings.configured(key, module)
    if assignments:
        return evaluation.assigned_by(assignments, key, depth)
    for argument, home in evaluation.settings.configured_by_keyword(key, module):
        return through(Place(argument.at, f"sets {key}"), evaluation.of(argument.value, home, depth - 1, None))
    for name in evaluation.settings.configuration_names(key, module):
        return evaluation.name(name, module, depth - 1)
    return HOLES


def _pair(
    evaluation: Evaluation, base: Expression, key: Expression, module: Module, depth: int, bound: Binding | None
) -> list[Resolved] | None:
    """The parts of ``for key, value in mapping.items()`` and ``for index, item in enumerate(items)``."""
    if not (isinstance(base, Element) and isinstance(base.iterable, Result) and isinstance(key, Literal)):
        return None
    call = module.call(base.iterable.call)
    if call is None:
        return None
    if call.name == "enumerate" and key.value == 1 and call.arguments:
        return evaluation.of(Element(call.arguments[0].value), module, depth - 1, bound)
    owner = owner_of(call, "items")
    found = structure(evaluation.objects, owner, module) if owner is not None else None
    if found is not None and isinstance(found[0], Dictionary):
        parts = [one if key.value == 0 else value for one, value in found[0].entries if one is not None]
        return some(value for one in parts for value in evaluation.of(one, found[1], depth - 1, None))
    return None


def elements(
    evaluation: Evaluation, iterable: Expression, module: Module, depth: int, bound: Binding | None
) -> list[Resolved]:
    """What a loop over something gives: the items of a display, the keys or values of a dict."""
    of_values = False
    if isinstance(iterable, Result):
        call = module.call(iterable.call)
        for method in ("values", "keys"):
            owner = owner_of(call, method) if call is not None else None
            if owner is not None:
                iterable, of_values = owner, method == "values"
    found = structure(evaluation.objects, iterable, module)
    if found is None:
        return HOLES
    value, home = found
    inner = bound if home is module else None
    parts: list[Expression] = []
    if isinstance(value, Comprehension):
        parts = [value.element]
    elif isinstance(value, Display):
        parts = list(value.items)
    elif isinstance(value, Dictionary):
        parts = [item if of_values else key for key, item in value.entries if key is not None]
    return some(one for part in parts for one in evaluation.of(part, home, depth - 1, inner))


def read_by_name(
    evaluation: Evaluation,
    key: Expression,
    default: Expression | None,
    module: Module,
    depth: int,
    bound: Binding | None,
) -> list[Resolved]:
    """An environment variable whose name is itself an expression. The helper that reads whatever it is asked for is no
    place that a person would edit: who asks it is."""
    values: list[Resolved] = []
    for one in evaluation.of(key, module, depth - 1, bound):
        if one.is_exact and isinstance(one.value, str):
            at = one.chain[-1].at if one.chain else module.facts.at
            for found in evaluation.environment([one.value], default, at, module, depth, bound):
                chain = tuple(place for place in found.chain if place.at != module.facts.at)
                values.append(found if len(chain) == len(found.chain) else replace(found, chain=chain))
        else:
            values.append(NOT_KNOWN)
    return some(values)
