"""Functions that are handed on to be run: ``submit(f, url)``, ``Thread(target=f)``, ``partial(f, timeout=3)``.

In: a call that may run a function. Out: the call as if it were made directly; None where what the function will be
given is not seen.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Argument,
    Dictionary,
    Display,
    Element,
    Expression,
    Literal,
    PythonCall,
    PythonFunction,
    Result,
)
from archlint.core.values import Unknown
from archlint.model.code.objects import member_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

RUNNING = frozenset(
    {
        "run_in_executor",
        "to_thread",
        "submit",
        "run_sync",
        "run_in_threadpool",
        "start_soon",
        "apply_async",
        "sync_to_async",
        "async_to_sync",
        "spawn",
        "spawn_later",
        "spawn_n",
        "defer_to_thread",
        "deferToThread",
        "run_in_thread",
        "add_task",
        "call_soon",
        "call_soon_threadsafe",
        "ensureDeferred",
        "partial",
        "Singleton",
        "ThreadSafeSingleton",
        "ContextLocalSingleton",
        "Factory",
        "Resource",
        "Callable",
        "Coroutine",
    }
)
"""Calls that run the function that is handed to them with the arguments behind it."""

MAPPING = frozenset({"map", "starmap", "imap", "imap_unordered", "map_async"})
"""Calls that run it once for each of the items behind it."""

STARTING = frozenset({"Thread", "Process", "Timer"})
"""Classes that run ``target`` with ``args`` and ``kwargs``."""

HANDED_ON = RUNNING | MAPPING | STARTING


def handed_arguments(call: PythonCall, position: int) -> tuple[Argument, ...]:
    """The arguments that a function gets which stands among the arguments of a running call at that position."""
    name = member_of(call.callee)
    if name in STARTING:
        found = []
        args, kwargs = call.argument("args", 2), call.argument("kwargs", 3)
        if args is not None:
            items = args.value.items if isinstance(args.value, Display) else None
            if items is None:
                found.append(Argument(args.at, "*", args.value))
            else:
                found += [Argument(args.at, None, one) for one in items]
        if kwargs is not None:
            entries = kwargs.value.entries if isinstance(kwargs.value, Dictionary) else ((None, kwargs.value),)
            for key, value in entries:
                known = isinstance(key, Literal) and isinstance(key.value, str)
                found.append(Argument(kwargs.at, str(key.value) if known else "**", value))  # type: ignore[union-attr]
        return tuple(found)
    rest = call.arguments[position + 1 :]
    if name in MAPPING:
        return tuple(Argument(one.at, None, Element(one.value)) for one in rest if one.name is None)
    return rest


def direct_call(draft: Draft, call: PythonCall, module: Module, function: PythonFunction) -> PythonCall | None:
    """The call that runs a function of the workspace, as if it were made directly."""
    names = {function.name.rpartition(".")[2], (function.owner or "").rpartition(".")[2]}
    callee = member_of(call.callee)
    if callee in names or callee == "__init__":
        return call
    if callee not in HANDED_ON:
        return None if any(stands_for(draft, one.value, module, function) for one in call.arguments) else call
    for position, argument in enumerate(call.arguments):
        if stands_for(draft, argument.value, module, function):
            given = handed_arguments(call, position)
            inner = argument.value
            made = module.call(inner.call) if isinstance(inner, Result) else None
            if made is not None:
                given = (*made.arguments[1:], *given)
            if callee == "partial":
                given = (*given, Argument(call.at, "**", Unknown("what the partial function is called with")))
            return PythonCall(call.at, call.callee, given, call.function)
    return None


def stands_for(draft: Draft, expression: Expression, module: Module, function: PythonFunction) -> bool:
    """Whether the expression names that function."""
    found = draft.program.function_of(expression, module)
    return found is not None and found[0] is function
