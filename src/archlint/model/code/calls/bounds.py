"""Bounds around a call that it does not carry itself: ``asyncio.timeout``, ``asyncio.wait_for``, decorators.

In: a call and its module. Out: the timeout that the surroundings give, None where they give none.
"""

from __future__ import annotations

from archlint.core.facts.python import Argument, PythonCall, Result
from archlint.core.values import Unknown
from archlint.model.code.calls.http_libraries import TIMEOUT_CONTEXTS
from archlint.model.code.calls.timeouts import Timeout, timeout_of
from archlint.model.code.calls.ways import Way
from archlint.model.code.objects import call_of, member_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module


def bound_around(draft: Draft, call: PythonCall, module: Module, waited: Argument | None, way: Way) -> Timeout:
    """The bound around a call; ``waited`` is the timeout of the ``asyncio.wait_for`` that waits for it, if one does."""
    if waited is not None:
        found = timeout_of(draft, waited.value, module, waited.at, way=way)
        if found is not None:
            return found
    for context in reversed(call.contexts):
        made = call_of(context, module)
        if made is not None and draft.program.callee(made, module) in TIMEOUT_CONTEXTS and made.arguments:
            found = timeout_of(draft, made.arguments[0].value, module, made.at, way=way)
            if found is not None:
                return found
    if call.function is not None:
        for decorator in module.facts.functions[call.function].decorators:
            made = call_of(decorator, module)
            name = member_of(made.callee if made is not None else decorator).lower()
            if "timeout" in name or "time_limit" in name:
                return Unknown("a decorator that may bound it")
    return None


def waited_for(module: Module) -> dict[int, Argument]:
    """The calls that ``asyncio.wait_for`` waits for, by their index, with its timeout."""
    found: dict[int, Argument] = {}
    for call in module.calls_named({"wait_for"}):
        if call.arguments and isinstance(call.arguments[0].value, Result):
            timeout = call.argument("timeout", 1)
            if timeout is not None:
                found[call.arguments[0].value.call] = timeout
    return found
