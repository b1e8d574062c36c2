"""One piece of work: a function, the calls of its own body, and who makes it run as a part of theirs.

In: functions of the services' code. Out: their calls, without those of the functions inside them, and the callers that
wait for the function or have it run by a pool, a hook or a task within the same piece of work.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import Expression, Member, PythonCall, PythonFunction, Reference, Result
from archlint.core.span import Span
from archlint.model.code.scope import CodeScope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_CALLERS = 40
_RUNS_WHAT_IT_IS_GIVEN = frozenset(
    [
        "on_commit",
        "submit",
        "add_task",
        "to_thread",
        "run_in_executor",
        "create_task",
        "ensure_future",
        "start_soon",
        "run_sync",
        "run_in_threadpool",
        "run_coroutine_threadsafe",
        "partial",
        "Thread",
        "spawn",
        "call_soon",
        "sync_to_async",
        "async_to_sync",
    ]
)
"""Calls that run a function they are given within the same piece of work."""

_USUAL = frozenset({"get", "post", "put", "patch", "delete", "run", "handle", "execute", "process", "create", "update"})


def index_of(function: PythonFunction, module: Module) -> int:
    """The index of a function in its module."""
    return next((place for place, one in enumerate(module.facts.functions) if one is function), -1)


def shown(function: PythonFunction) -> str:
    """What a message calls the function: a method that many classes have goes by its class too."""
    last = function.name.rpartition(".")[2]
    if function.owner is not None and (last.startswith("__") or last in _USUAL):
        return f"{function.owner.rpartition('.')[2]}.{last}"
    return last


def body_of(draft: Draft, function: PythonFunction, module: Module) -> list[PythonCall]:
    """The calls in the function itself, not in the functions inside it."""
    bodies = draft.memo.setdefault("bodies of functions", {})
    assert isinstance(bodies, dict)
    mine: dict[int, list[PythonCall]] | None = bodies.get(module.path)
    if mine is None:
        by_index: dict[int | None, list[PythonCall]] = {}
        for call in module.facts.calls:
            by_index.setdefault(call.function, []).append(call)
        mine = bodies[module.path] = {
            id(one): by_index.get(place, []) for place, one in enumerate(module.facts.functions)
        }
    return mine.get(id(function), [])


def callers_of(
    draft: Draft, scope: CodeScope, function: PythonFunction, module: Module
) -> Iterator[tuple[PythonFunction, Module, PythonCall]]:
    """The functions of the services that run the function as a part of their own work, and the call that does it."""
    last = function.name.rpartition(".")[2]
    for call, home in draft.program.callers(function, module)[:_MOST_CALLERS]:
        caller = home.function(call.function)
        if caller is None or caller is function or not scope.owners(home):
            continue
        called = call.name.rpartition(".")[2]
        if called == last or last in ("__init__", "__call__") or called in _RUNS_WHAT_IT_IS_GIVEN:
            yield caller, home, call


def in_handler(index: int, module: Module, at: Span) -> bool:
    """Whether a place of the function runs only where something failed."""
    return any(one.function == index and one.body.holds(at) for one in module.facts.handlers)


def are_exclusive(index: int, module: Module, first: Span, second: Span) -> bool:
    """Whether no run of the function comes to both places, as far as its branches tell."""
    for test in module.facts.tests:
        if test.function != index or not (test.body.holds(first) or (test.other and test.other.holds(first))):
            continue
        in_body = test.body.holds(first)
        if in_body and test.other is not None and test.other.holds(second):
            return True
        if not in_body and test.body.holds(second):
            return True
        if in_body and test.leaves and not test.body.holds(second) and second.line > first.line:
            return True
    return _are_switched(index, module, first, second)


def _are_switched(index: int, module: Module, first: Span, second: Span) -> bool:
    """``if is_queued(): …`` and later ``if not is_queued(): …``: one switch tells which of the two runs."""
    around = [
        {(switch, look.asks) for look in test.looks if (switch := _switch_of(look.value, module))}
        for place in (first, second)
        for test in module.facts.tests
        if test.function == index
        and test.body.holds(place)
        and not (test.body.holds(first) and test.body.holds(second))
    ]
    asked = frozenset().union(*around)
    return any((switch, "absent") in asked for switch, asks in asked if asks == "present")


def _switch_of(value: Expression, module: Module) -> str:
    """What stays as it is while a function runs: a function that takes nothing, a constant; else nothing."""
    if isinstance(value, Result):
        made = module.call(value.call)
        return f"{made.name}()" if made is not None and not made.arguments and type(made.callee) is Reference else ""
    name = value.name if isinstance(value, Reference | Member) else ""
    return name if name.rpartition(".")[2].isupper() else ""


def is_in_test(index: int, module: Module, at: Span) -> bool:
    """Whether a branch of the function that is read holds the place."""
    return any(
        one.function == index and (one.body.holds(at) or (one.other is not None and one.other.holds(at)))
        for one in module.facts.tests
    )
