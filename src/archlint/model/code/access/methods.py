"""The methods that a view takes where its route does not say: by its decorators, else by what it compares.

In: the declaration of a route that takes any method. Out: the methods, none where nothing names one.
"""

from __future__ import annotations

from archlint.core.facts.python import Literal, PythonFunction
from archlint.model.code.objects import call_of, items_of, member_of
from archlint.model.code.serving.found import Found
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_NAMING = frozenset({"api_view", "require_http_methods", "action", "allowed_methods"})
_ONE = {"require_POST": ("POST",), "require_GET": (), "require_safe": ()}
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def methods_allowed(draft: Draft, found: Found) -> tuple[str, ...]:
    """The methods that a function view takes."""
    handler = draft.program.function_named(found.handler) if found.handler else None
    if handler is None:
        return ()
    function, module = handler
    for decorator in function.decorators:
        call = call_of(decorator, module)
        member = member_of(call.callee if call is not None else decorator)
        if member in _ONE:
            return _ONE[member]
        if member in _NAMING:
            return _texts(draft, call.arguments[0].value, module) if call is not None and call.arguments else ()
    return _compared(function, module)


def _texts(draft: Draft, value: object, module: Module) -> tuple[str, ...]:
    items = items_of(draft, value, module)  # type: ignore[arg-type]
    return tuple(str(one.value).upper() for one, _ in items if isinstance(one, Literal))


def _compared(function: PythonFunction, module: Module) -> tuple[str, ...]:
    """``if request.method == "POST"``."""
    place = next((index for index, one in enumerate(module.facts.functions) if one is function), None)
    found = {
        one.value
        for one in module.facts.strings
        if one.function == place and one.context == "comparison" and one.value in _UNSAFE
    }
    return tuple(one for one in _UNSAFE if one in found)
