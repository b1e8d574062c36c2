"""What a call gives the parameters of a function, and what a call is called on.

In: calls and functions. Out: expressions with the modules that they are written in.
"""

from __future__ import annotations

from collections.abc import Mapping

from archlint.core.facts.python import Expression, Lambda, Member, PythonCall, PythonFunction, Reference
from archlint.core.values import UNKNOWN
from archlint.model.program.index import Module
from archlint.model.program.things import argument_for

Binding = Mapping[tuple[str, str], "tuple[Expression, Module, Binding | None]"]
"""What one call gives each parameter (by function and name): an expression, its module, and what bound its own."""

Given = tuple[Expression, Module]
"""What a parameter is given: an expression and the module that it is written in."""


def bind(function: PythonFunction, home: Module, call: PythonCall, module: Module, outer: Binding | None) -> Binding:
    """What a call gives each parameter of a function, defaults included."""
    bound: dict[tuple[str, str], tuple[Expression, Module, Binding | None]] = {}
    for parameter in function.parameters:
        given = argument_for(call, function, parameter.name)
        if given is not None:
            bound[function.name, parameter.name] = (given[0], module, outer)
        elif parameter.kind in ("positional", "keyword"):
            missing: Expression = UNKNOWN if call.is_open or parameter.default is None else parameter.default
            bound[function.name, parameter.name] = (missing, home, None)
    return bound


def owner_of(call: PythonCall, method: str) -> Expression | None:
    """What a method without arguments is called on."""
    if call.arguments:
        return None
    if isinstance(call.callee, Member) and call.callee.name == method:
        return call.callee.base
    if isinstance(call.callee, Reference) and call.callee.name.endswith(f".{method}"):
        return Reference(call.callee.name.removesuffix(f".{method}"))
    return None


def is_configuration(base: Expression) -> bool:
    """Whether an expression is an application's configuration (``app.config``)."""
    return isinstance(base, Reference | Member) and base.name.rpartition(".")[2] == "config"


def is_direct(call: PythonCall, function: PythonFunction) -> bool:
    """Whether a call names the function (or its class), and does not only pass it on as an argument."""
    names = {function.name.rpartition(".")[2], (function.owner or "").rpartition(".")[2]}
    if isinstance(call.callee, Reference | Member):
        return call.callee.name.rpartition(".")[2] in names
    return not any(isinstance(one.value, Reference | Member | Lambda) for one in call.arguments)
