"""Which calls run under a guard: what a decorated function, a guarded block or a guarded callback makes in the end.

In: functions, spans and callbacks. Out: the calls of the workspace that run inside, nearest first. Decorators and
helpers of the workspace that guard whatever function they are given are followed to where they are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Generic, TypeVar

from archlint.core.facts.python import (
    Expression,
    Lambda,
    Member,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.model.code.objects import Key, call_of, key_of, member_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

Found = tuple[PythonCall, Module]

_DEPTH = 5
_MOST_CALLS = 2000
_HANDING = frozenset(
    {"run_in_executor", "to_thread", "submit", "partial", "call", "run_sync", "wait_for", "call_async"}
)

GuardT = TypeVar("GuardT", bound="Guard")


@dataclass(eq=False)
class Guard:
    """Something that guards calls. ``own`` are those seen in its own block or function, ``calls`` all, by identity."""

    module: Module
    function: int | None
    own: list[Found] = field(default_factory=list)
    calls: dict[int, Found] = field(default_factory=dict)
    functions: list[tuple[PythonFunction, Module]] = field(default_factory=list)
    """The functions that it guards."""

    def add(self, draft: Draft, found: Iterable[Found], *, own: bool = False) -> None:
        """Guard calls, and what the functions of the workspace that they run call."""
        for call, module in found:
            if own:
                self.own.append((call, module))
            self.calls.setdefault(id(call), (call, module))
            for target, home in _targets(draft, call, module):
                for one in reached(draft, target, home):
                    self.calls.setdefault(id(one[0]), one)

    def add_function(self, draft: Draft, function: PythonFunction, module: Module) -> None:
        """Guard all that a function does."""
        self.functions.append((function, module))
        self.own += [(one, module) for one in draft.program.calls_in(function, module)]
        for one in reached(draft, function, module):
            self.calls.setdefault(id(one[0]), one)

    def add_callbacks(self, draft: Draft, call: PythonCall, module: Module) -> None:
        """Guard the functions among a call's arguments."""
        for argument in call.arguments:
            value = argument.value
            if isinstance(value, Lambda):
                self.add(draft, calls_within(module, argument.at), own=True)
            elif isinstance(value, Reference | Member | Result):
                if isinstance(value, Result):
                    made = call_of(value, module)
                    if made is None or not made.name.endswith("partial"):
                        self.add(draft, [(made, module)] if made is not None else (), own=True)
                        continue
                function = draft.program.function_of(value, module)
                if function is not None:
                    self.add_function(draft, *function)


def reached(draft: Draft, function: PythonFunction, module: Module) -> tuple[Found, ...]:
    """The calls that running a function may make, nearest first. What a helper is given to run belongs to the caller
    that gives it, not to all callers of the helper."""
    memo = draft.memo.setdefault("guarded reach", {})
    assert isinstance(memo, dict)
    known: tuple[Found, ...] | None = memo.get(id(function))
    if known is not None:
        return known
    calls: dict[int, Found] = {}
    seen = {id(function)}
    level: list[tuple[PythonFunction, Module]] = [(function, module)]
    for _ in range(_DEPTH):
        following: list[tuple[PythonFunction, Module]] = []
        for one, home in level:
            for call in draft.program.calls_in(one, home):
                if id(call) in calls:
                    continue
                calls[id(call)] = (call, home)
                for target in _targets(draft, call, home):
                    if id(target[0]) not in seen:
                        seen.add(id(target[0]))
                        following.append(target)
        level = following
        if not level or len(calls) > _MOST_CALLS:
            break
    result = memo[id(function)] = tuple(calls.values())
    return result


def _targets(draft: Draft, call: PythonCall, module: Module) -> list[tuple[PythonFunction, Module]]:
    """The functions that a call runs, those among its arguments too; none where it runs its own parameter."""
    if isinstance(call.callee, Parameter):
        return []
    found = list(draft.program.called_functions(call, module))
    names = _function_names(draft)
    for argument in call.arguments:
        value = argument.value
        if isinstance(value, Reference | Member) and member_of(value) in names:
            function = draft.program.function_of(value, module)
            if function is not None and function not in found:
                found.append(function)
    return found


def _function_names(draft: Draft) -> frozenset[str]:
    """The last names of all functions of the workspace."""
    found = draft.memo.get("function names")
    if not isinstance(found, frozenset):
        found = draft.memo["function names"] = frozenset(
            one.name.rpartition(".")[2] for module in draft.program.modules.values() for one in module.facts.functions
        )
    return found


def calls_within(module: Module, span: Span) -> list[Found]:
    """The calls of a module inside a span, in order."""
    start, end = (span.line, span.column), (span.end_line, span.end_column)
    return [
        (one, module)
        for one in module.facts.calls
        if start <= (one.at.line, one.at.column) and (one.at.end_line, one.at.end_column) <= end
    ]


def decorated(draft: Draft, modules: Iterable[Module]) -> Iterator[tuple[PythonFunction, Module, Expression, Span]]:
    """All decorators of functions: the function, its module, the decorator and its place."""
    for module in modules:
        for function in module.facts.functions:
            yield from (
                (function, module, one, at)
                for one, at in zip(function.decorators, function.decorator_spans, strict=False)
            )


class Spread(Generic[GuardT]):
    """Finds where guards are used that code of the workspace passes on: decorators and helpers of its own."""

    def __init__(self, draft: Draft, guards: Mapping[Key, GuardT]) -> None:
        self._draft = draft
        self._guards = guards
        self.helpers: dict[str, list[GuardT]] = {}
        """Functions of the workspace that guard what they are given, by qualified name."""
        self._names: set[str] = set()
        self.names = _names_of(guards)
        """The last names by which code speaks of the guards that it keeps."""

    def learn(self, guards: Iterable[GuardT]) -> None:
        """Note the functions that hand their own parameter to a guard."""
        for guard in guards:
            for call, module in guard.own:
                for parameter in _run_parameters(call):
                    self._learn(guard, parameter.function, module)

    def learn_function(self, guard: GuardT, index: int | None, module: Module) -> None:
        """Note a function that makes a guard for whatever it is given."""
        if index is not None:
            self._learn(guard, index, module)

    def _learn(self, guard: GuardT, index: int | None, module: Module) -> None:
        while index is not None and 0 <= index < len(module.facts.functions):
            function = module.facts.functions[index]
            known = self.helpers.setdefault(function.name, [])
            if guard not in known:
                known.append(guard)
            names = [function.name.rpartition(".")[2]]
            if names[0] in ("__call__", "__init__") and function.owner is not None:
                names.append(function.owner.rpartition(".")[2])
                self.helpers.setdefault(function.owner, []).append(guard)
            self._names.update(names)
            index = function.parent

    def of_decorator(self, decorator: Expression, module: Module) -> list[GuardT]:
        """The guards that a decorator is."""
        made = call_of(decorator, module) if isinstance(decorator, Result) else None
        last = member_of(made.callee if made is not None else decorator)
        if made is not None and key_of(made) in self._guards:
            return [self._guards[key_of(made)]]
        if last in self._names:
            expression = made.callee if made is not None else decorator
            name = self._draft.program.qualify(expression, module)
            if name in self.helpers:
                return self.helpers[name]
        if last in self.names:
            for expression in (decorator, *((made.callee,) if made is not None else ())):
                origin = self._draft.program.origin(expression, module)
                if origin is not None and key_of(origin[0]) in self._guards:
                    return [self._guards[key_of(origin[0])]]
        return []

    def follow_helpers(self) -> None:
        """Guard what is handed to helpers of the workspace."""
        for name, guards in list(self.helpers.items()):
            function = self._draft.program.function_named(name)
            if function is None or function[0].parent is not None:
                continue
            for call, module in self._draft.program.callers(*function):
                for guard in guards:
                    guard.add_callbacks(self._draft, call, module)


def _names_of(guards: Mapping[Key, Guard]) -> set[str]:
    """The last names by which code may speak of guards that it keeps: variables, attributes, factories."""
    found: set[str] = set()
    keys = set(guards)
    for module in {one.module.path: one.module for one in guards.values()}.values():
        for assignment in module.facts.assignments:
            if _makes(assignment.value, module, keys):
                found.add(member_of(assignment.target))
        for function in module.facts.functions:
            if any(_makes(one, module, keys) for one in function.returns):
                found.add(function.name.rpartition(".")[2])
    return found


def _makes(value: Expression, module: Module, keys: set[Key]) -> bool:
    made = call_of(value, module)
    return made is not None and key_of(made) in keys


def _run_parameters(call: PythonCall) -> Iterator[Parameter]:
    """The parameters that a call runs as functions."""
    callee = call.callee
    if isinstance(callee, Parameter):
        yield callee
    if member_of(callee) in _HANDING:
        yield from (one.value for one in call.arguments if isinstance(one.value, Parameter))
