"""Keyword arguments that a call gets unpacked (``**kwargs``): what they carry under one name.

In: the name, the mapping, and the way in which its function runs. Out: what is carried, whether more may be that is not
seen, and whether it may carry nothing.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Expression,
    Item,
    Literal,
    Parameter,
    PythonCall,
    Reference,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.model.code.calls.ways import ALONE, Way
from archlint.model.code.objects import call_of, member_of
from archlint.model.code.scope import assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.program.things import argument_for

_MOST_DEPTH = 8


@dataclass(frozen=True)
class Carried:
    """A value that a mapping carries, and the argument that gives it, where one does."""

    value: Expression
    module: Module
    at: Span | None


Answer = tuple[list[Carried], bool, bool]
"""What is carried; whether more may be; whether there may be nothing."""

_OPEN: Answer = ([], True, False)
_ABSENT: Answer = ([], False, True)


def carried(draft: Draft, name: str, mapping: Expression, module: Module, way: Way = ALONE, depth: int = 0) -> Answer:
    """What a mapping carries under a name."""
    if depth > _MOST_DEPTH:
        return _OPEN
    if isinstance(mapping, Dictionary):
        return _of_display(draft, name, mapping, module, way, depth)
    if isinstance(mapping, Choice):
        return _either([carried(draft, name, one, module, way, depth + 1) for one in mapping.options])
    if isinstance(mapping, Literal):
        return _ABSENT
    if isinstance(mapping, Parameter):
        return _of_parameter(draft, name, mapping, module, way, depth)
    if isinstance(mapping, Reference):
        value, home = assigned_value(draft, mapping, module)
        if value is mapping:
            return _OPEN
        found = carried(draft, name, value, home, way, depth + 1)
        added = _added(draft, name, mapping, module)
        return (added, False, False) if added else found
    call = call_of(mapping, module)
    return _of_call(draft, name, call, module, way, depth) if call is not None else _OPEN


def _of_display(draft: Draft, name: str, display: Dictionary, module: Module, way: Way, depth: int) -> Answer:
    found: list[Carried] = []
    is_open = False
    for key, value in reversed(display.entries):
        if isinstance(key, Literal):
            if key.value == name:
                return ([*found, Carried(value, module, None)], is_open, False)
            continue
        if key is not None:
            is_open = True
            continue
        inner = carried(draft, name, value, module, way, depth + 1)
        found += inner[0]
        is_open = is_open or inner[1]
        if not inner[2] and not inner[1]:
            return found, is_open, False
    return found, is_open, not is_open


def _either(answers: list[Answer]) -> Answer:
    return (
        [one for found, _, _ in answers for one in found],
        any(is_open for _, is_open, _ in answers),
        any(is_absent for _, _, is_absent in answers),
    )


def _of_parameter(draft: Draft, name: str, parameter: Parameter, module: Module, way: Way, depth: int) -> Answer:
    function = module.function(parameter.function)
    run = way.calls.get(function.name) if function is not None else None
    if function is None or run is None:
        return _OPEN
    call, home = run
    kind = next((one.kind for one in function.parameters if one.name == parameter.name), "")
    if kind != "**":
        passed = argument_for(call, function, parameter.name)
        if passed is not None:
            return carried(draft, name, passed[0], home, way, depth + 1)
        default = next((one.default for one in function.parameters if one.name == parameter.name), None)
        return carried(draft, name, default, module, way, depth + 1) if default is not None else _OPEN
    return passed_on(draft, name, call, home, way, depth + 1)


def passed_on(draft: Draft, name: str, call: PythonCall, module: Module, way: Way = ALONE, depth: int = 0) -> Answer:
    """What the keyword arguments of a call carry under a name."""
    answers = []
    for argument in call.arguments:
        if argument.name == name:
            return ([Carried(argument.value, module, argument.at)], False, False)
        if argument.name == "**":
            answers.append(carried(draft, name, argument.value, module, way, depth))
    if not answers:
        return _ABSENT
    found = _either(answers)
    return (found[0], found[1], found[2] and not found[0] and not found[1])


def _of_call(draft: Draft, name: str, call: PythonCall, module: Module, way: Way, depth: int) -> Answer:
    last = member_of(call.callee)
    if last in ("copy", "deepcopy", "dict") and (call.arguments or last == "copy"):
        base = getattr(call.callee, "base", None) if not call.arguments else None
        named = passed_on(draft, name, call, module, way, depth + 1)
        first = next((one.value for one in call.arguments if one.name is None), base)
        if named[0] or named[1] or first is None:
            return named
        return carried(draft, name, first, module, way, depth + 1)
    functions = draft.program.called_functions(call, module)
    returns = [(one, home) for function, home in functions for one in function.returns]
    if not returns:
        return _OPEN
    return _either([carried(draft, name, one, home, way, depth + 1) for one, home in returns[:4]])


def _added(draft: Draft, name: str, mapping: Reference, module: Module) -> list[Carried]:
    """What ``MAPPING[name] = value`` gives a mapping that is no local variable."""
    return [
        Carried(one.value, module, one.value_at)
        for one in module.facts.assignments
        if isinstance(one.target, Item) and one.target.base == mapping and one.target.key == Literal(name)
    ]


__all__ = ["Answer", "Carried", "carried", "passed_on"]
