"""Clients of datastores as code makes them: which call, which URL, which arguments of the driver.

In: a call of the table of makers. Out: a ``MadeClient``, not yet evaluated; None where the connection is handed in.
"""

from __future__ import annotations

from archlint.core.facts.python import Dictionary, Expression, Literal, PythonCall, Result
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import Place
from archlint.model.code.datastores.datastore_code import spread
from archlint.model.code.datastores.datastore_waits import GIVEN_CLIENTS, Maker
from archlint.model.code.scope import assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

Given = tuple[Expression, Module]
"""An argument's value and the module that it is written in."""

_LIMITS = frozenset({"wait_for", "timeout", "fail_after", "move_on_after"})


@dataclass(frozen=True, eq=False)
class MadeClient:
    """A client that code makes. ``arguments`` are those of the driver itself, ``is_open`` says that there are more.

    ``setting`` is the key of a configuration file that holds the URL.
    """

    at: Span
    module: Module
    maker: Maker
    url: Expression | None
    arguments: dict[str, Given]
    is_open: bool = False
    setting: str = ""
    related: tuple[Place, ...] = ()


def client_of_call(draft: Draft, maker: Maker, call: PythonCall, module: Module) -> MadeClient | None:
    """The client that a call makes."""
    call = spread(draft, call, module)
    first = call.argument("service_name", 0) if maker.first else None
    if maker.first and (first is None or first.value != Literal(maker.first)):
        return None
    if any(one.name in GIVEN_CLIENTS and one.value != Literal(None) for one in call.arguments):
        return None
    arguments = {one.name: (one.value, module) for one in call.arguments if one.name and one.name not in ("*", "**")}
    for name, position in maker.positions:
        given = call.argument(name, position)
        if given is not None:
            arguments.setdefault(name, (given.value, module))
    url = next((one.value for name in maker.url[0] if (one := call.argument(name)) is not None), None)
    if url is None and maker.url[1] is not None:
        positional = call.argument(maker.url[0][0], maker.url[1])
        url = positional.value if positional is not None else None
    is_open = call.is_open or _is_limited_outside(call, module)
    if maker.driver_arguments:
        outer, *rest = maker.driver_arguments.split(".")
        held = call.argument(outer)
        arguments, closed = entries_of(draft, held.value if held is not None else None, module)
        is_open = is_open or not closed
        for name in rest:
            arguments, closed = entries_of(draft, *arguments.get(name, (None, module)))
            is_open = is_open or not closed
    return MadeClient(call.at, module, maker, url, arguments, is_open, maker.setting)


def entries_of(draft: Draft, expression: Expression | None, module: Module) -> tuple[dict[str, Given], bool]:
    """The entries of a dict by their literal keys, and whether these are all."""
    if expression is None or expression == Literal(None):
        return {}, True
    value, home = assigned_value(draft, expression, module)
    if not isinstance(value, Dictionary):
        return {}, False
    found: dict[str, Given] = {}
    closed = True
    for key, inner in value.entries:
        if isinstance(key, Literal) and isinstance(key.value, str):
            found[key.value] = inner, home
        else:
            closed = False
    return found, closed


def _is_limited_outside(call: PythonCall, module: Module) -> bool:
    """Whether ``wait_for(connect(...), 5)`` or ``async with timeout(5)`` may bound the call."""
    for context in call.contexts:
        made = module.call(context.call) if isinstance(context, Result) else None
        if made is not None and "timeout" in made.name:
            return True
    return any(
        isinstance(argument.value, Result) and module.call(argument.value.call) is call
        for outer in module.calls_named(_LIMITS)
        for argument in outer.arguments
    )
