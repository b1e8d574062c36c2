"""The functions that in the end handle messages: handlers followed through the wrappers of the workspace.

In: a handler as a registration names it, with the channel that it is registered for. Out: the functions, with the call
in the service's code that passes them on, and the channel as it is named there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import (
    Choice,
    Display,
    Expression,
    Lambda,
    Member,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_HOPS = 6


_HANDLER_NAME = pattern(r"handler|callback|func|fn|process|consumer|on_|^cb$", re.IGNORECASE)


_Traced = tuple[
    PythonFunction, Module, PythonCall, Module, Expression | None, tuple[tuple[PythonFunction, Module], ...]
]


def trace(
    draft: Draft, handler: Expression, channel: Expression | None, call: PythonCall, module: Module, argument_at: Span,
    wrappers: tuple[tuple[PythonFunction, Module], ...], depth: int,
) -> Iterator[_Traced]:  # fmt: skip
    """The functions that a handler expression leads to, and where in the code each is passed on last."""
    if depth > _MOST_HOPS:
        return
    facts = module.facts
    if isinstance(handler, Choice):
        for option in handler.options:
            yield from trace(draft, option, channel, call, module, argument_at, wrappers, depth + 1)
        return
    if isinstance(handler, Parameter):
        yield from _through(draft, handler, channel, module, wrappers, depth)
        return
    if isinstance(handler, Unknown | Lambda):
        yield from _through_lambda(draft, channel, call, module, argument_at, wrappers, depth)
        return
    if isinstance(handler, Result):
        inner = facts.calls[handler.call]
        if inner.name.rpartition(".")[2] in ("partial", "wraps", "create_task", "sync_to_async", "lru_cache"):
            bound = list(_bound(draft, inner, module))
            if bound:
                for value, at, wrapper in bound:
                    yield from trace(draft, value, channel, call, module, at, (*wrappers, wrapper), depth + 1)
                return
            for argument in inner.arguments[:1]:
                yield from trace(draft, argument.value, channel, call, module, argument_at, wrappers, depth + 1)
            return
    found = draft.program.function_of(handler, module)
    if found is not None:
        inner_parameters = list(_called_parameters(draft, *found))
        if inner_parameters:
            for parameter in inner_parameters:
                yield from _through(draft, parameter, channel, found[1], (*wrappers, found), depth)
            return
        attributes = list(_called_attributes(draft, *found))
        produced = False
        for attribute in attributes:
            for one in _through_attribute(draft, attribute, channel, found[1], (*wrappers, found), depth):
                produced = True
                yield one
        if not produced:
            yield found[0], found[1], call, module, channel, wrappers
        return
    if isinstance(handler, Reference):
        yield from _through_attribute(draft, handler.name, channel, module, wrappers, depth)


def _bound(
    draft: Draft, made: PythonCall, module: Module
) -> Iterator[tuple[Expression, Span, tuple[PythonFunction, Module]]]:
    """The handlers that a partial binds: ``partial(self._deliver, callback=handle)``, where ``_deliver`` calls it."""
    first = made.arguments[0].value if made.arguments else None
    found = draft.program.function_of(first, module) if first is not None else None
    if found is None:
        return
    function, home = found
    for call in draft.program.calls_in(function, home):
        if isinstance(call.callee, Parameter) and home.facts.functions[call.callee.function] is function:
            given = made.argument(call.callee.name)
            if given is not None:
                yield given.value, given.at, found


def _called_parameters(draft: Draft, function: PythonFunction, module: Module) -> Iterator[Parameter]:
    """Parameters of an outer function that a nested handler calls: the real handlers."""
    if function.parent is None:
        return
    outer = function.parent
    for call in draft.program.calls_in(function, module):
        if isinstance(call.callee, Parameter) and call.callee.function == outer:
            yield call.callee


def _called_attributes(draft: Draft, function: PythonFunction, module: Module) -> Iterator[str]:
    around, method = function, function.owner
    while method is None and around.parent is not None:
        around = module.facts.functions[around.parent]
        method = around.owner
    if method is None:
        return
    for call in draft.program.calls_in(function, module):
        owner, _, name = call.callee.name.rpartition(".") if isinstance(call.callee, Reference) else ("", "", "")
        if owner != method or not _HANDLER_NAME.search(name):
            continue
        if draft.program.function_named(f"{owner}.{name}") is None:
            yield f"{owner}.{name}"


def _through(
    draft: Draft, parameter: Parameter, channel: Expression | None, module: Module,
    wrappers: tuple[tuple[PythonFunction, Module], ...], depth: int,
) -> Iterator[_Traced]:  # fmt: skip
    wrapper = module.facts.functions[parameter.function]
    if wrapper.name.endswith(".__init__") and wrapper.owner is not None:
        sites = draft.program.instantiated(wrapper.owner)
    else:
        sites = draft.program.callers(wrapper, module)
    for site, site_module in sites:
        given = argument_for(wrapper, parameter.name, site)
        if given is None:
            continue
        value, at = given
        name = substituted(draft, channel, wrapper, module, site, site_module)
        yield from trace(
            draft, value, name, site, site_module, at or site.at, (*wrappers, (wrapper, module)), depth + 1
        )


def _through_attribute(
    draft: Draft, name: str, channel: Expression | None, module: Module,
    wrappers: tuple[tuple[PythonFunction, Module], ...], depth: int,
) -> Iterator[_Traced]:  # fmt: skip
    for assignment in module.facts.assignments:
        target, value = assignment.target, assignment.value
        if isinstance(target, Reference) and target.name == name and isinstance(value, Parameter):
            yield from _through(draft, value, channel, module, wrappers, depth)


def _through_lambda(
    draft: Draft, channel: Expression | None, call: PythonCall, module: Module, argument_at: Span,
    wrappers: tuple[tuple[PythonFunction, Module], ...], depth: int,
) -> Iterator[_Traced]:  # fmt: skip
    """What a lambda hands its message to: a parameter of the function around it, or functions that it calls."""
    for inner in module.facts.calls:
        if inner is call or not (
            argument_at.line <= inner.at.line <= argument_at.end_line
            and (inner.at.line > argument_at.line or inner.at.column >= argument_at.column)
            and (inner.at.end_line < argument_at.end_line or inner.at.end_column <= argument_at.end_column)
        ):
            continue
        if isinstance(inner.callee, Parameter):
            yield from _through(draft, inner.callee, channel, module, wrappers, depth)
            continue
        passed = [
            one.value
            for one in inner.arguments
            if isinstance(one.value, Parameter) and _HANDLER_NAME.search(one.value.name)
        ]
        if passed:
            middle = tuple(draft.program.called_functions(inner, module))
            for parameter in passed:
                yield from _through(draft, parameter, channel, module, (*wrappers, *middle), depth)
            continue
        for function, home in draft.program.called_functions(inner, module):
            yield function, home, call, module, channel, wrappers


def argument_for(function: PythonFunction, name: str, site: PythonCall) -> tuple[Expression, Span | None] | None:
    """What a call gives for a parameter of the function that it calls: its argument, else the default."""
    names = [one.name for one in function.parameters if one.kind == "positional"]
    if function.owner is not None and names and names[0] in ("self", "cls"):
        names = names[1:]
    found = site.argument(name, names.index(name) if name in names else None)
    if found is not None:
        return found.value, found.at
    for one in function.parameters:
        if one.name == name and one.default is not None:
            return one.default, None
    return None


def substituted(
    draft: Draft, expression: Expression | None, function: PythonFunction, module: Module, site: PythonCall,
    site_module: Module,
) -> Expression | None:  # fmt: skip
    """An expression inside a function, as its caller sees it: parameters and attributes of the instance filled in."""
    if isinstance(expression, Parameter) and module.facts.functions[expression.function] is function:
        given = argument_for(function, expression.name, site)
        return given[0] if given is not None else Unknown("not given")
    if isinstance(expression, Reference):
        owner, _, _ = expression.name.rpartition(".")
        parameter = _attribute_parameter(draft, owner, expression.name)
        base = site.callee.base if isinstance(site.callee, Member) else None
        if isinstance(site.callee, Reference):
            base = Reference(site.callee.name.rpartition(".")[0])
        if parameter is None or base is None:
            return expression
        made = draft.program.origin(base, site_module)
        if made is None:
            return expression
        found = made[0].argument(parameter)
        if found is None:
            name = draft.program.callee(*made)
            init = draft.program.function_named(f"{name}.__init__") or draft.program.function_named(f"{owner}.__init__")
            given = argument_for(init[0], parameter, made[0]) if init is not None else None
            return given[0] if given is not None else expression
        return found.value
    return expression


def _attribute_parameter(draft: Draft, owner: str, name: str) -> str | None:
    """The constructor's parameter that an attribute is set from, in the class or one of its bases."""
    attribute = name.rpartition(".")[2]
    bases = draft.program.bases(owner)
    for one in (owner, *(() if isinstance(bases, Unknown) else bases)):
        init = draft.program.function_named(f"{one}.__init__")
        if init is None:
            continue
        for assignment in init[1].facts.assignments:
            target, value = assignment.target, assignment.value
            if isinstance(target, Reference) and target.name == f"{one}.{attribute}" and isinstance(value, Parameter):
                return value.name
    return None


def texts_of(
    draft: Draft, expression: Expression | None, call: PythonCall, module: Module, depth: int = 0
) -> Iterator[str | Unknown]:
    """The texts that an expression in a call may be, followed to every place that calls the functions around it."""
    function = module.facts.functions[call.function] if call.function is not None else None
    follows = isinstance(expression, Parameter) or (
        isinstance(expression, Reference)
        and function is not None
        and function.owner is not None
        and expression.name.startswith(f"{function.owner}.")
        and _attribute_parameter(draft, function.owner, expression.name) is not None
    )
    if function is None or not follows or depth > _MOST_HOPS:
        yield text_of(draft, expression, module)
        return
    sites = draft.program.callers(function, module)
    if not sites:
        yield text_of(draft, expression, module)
    for site, site_module in sites:
        given = substituted(draft, expression, function, module, site, site_module)
        yield from texts_of(draft, given, site, site_module, depth + 1)


def text_of(draft: Draft, expression: Expression | None, module: Module) -> str | Unknown:
    """The one text that an expression is, else UNKNOWN."""
    if expression is None:
        return UNKNOWN
    if isinstance(expression, Display):
        expression = expression.items[0] if len(expression.items) == 1 else UNKNOWN
    values = draft.program.evaluate(expression, module)
    if isinstance(values, Unknown) or not values:
        return UNKNOWN
    exact = {one.value for one in values if one.is_exact and isinstance(one.value, str)}
    if len(exact) == 1 and len(values) == 1 and exact != {""}:
        return str(next(iter(exact)))
    return UNKNOWN
