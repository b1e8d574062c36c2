"""The calls that handling a message makes, and how the code comes to each of them.

In: a handling and the code of its service. Out: all calls, nearest first, and for each function the call that enters
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from archlint.core.facts.python import (
    Dictionary,
    Expression,
    Item,
    Literal,
    Member,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.span import Span
from archlint.model.code.messaging.registrations import Handling
from archlint.model.code.scope import ServiceCode
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_CALLS = 1500
_MOST_ROUTES = 40
_DEPTH = 6
_MOST_STEPS = 8
_AWAIT = len("await ")
_WELL_KNOWN = ("logging.", "json.", "redis.", "pymongo.", "sqlalchemy.", "pika.", "aio_pika.", "requests.", "httpx.")
"""Libraries whose objects are not injected in place of the service's own."""

Targets = Callable[[PythonCall, Module], tuple[tuple[PythonFunction, Module], ...]]


@dataclass(frozen=True)
class Level:
    """A place on the way to a call: where a function (by its index) makes it, or calls what in the end makes it.
    ``branch``: it stands under a condition."""

    at: Span
    function: int | None
    module: Module
    branch: bool = False


@dataclass(frozen=True)
class Handled:
    """How the code comes to its changes: all calls that handling makes, and for each function (by name) the call that
    enters it first. ``targets`` are the functions that a call may run."""

    calls: list[tuple[PythonCall, Module]]
    entries: dict[str, tuple[PythonCall, Module]]
    targets: Targets
    wrappers: tuple[tuple[PythonFunction, Module], ...] = ()

    @cached_property
    def places(self) -> dict[Span, tuple[PythonCall, Module]]:
        """The calls by where they stand."""
        return {call.at: (call, module) for call, module in self.calls}


def handled_by(draft: Draft, handling: Handling, code: ServiceCode) -> Handled:
    """All calls that handling a message may make, nearest first, and how the code comes to them."""

    def targets_of(call: PythonCall, module: Module) -> tuple[tuple[PythonFunction, Module], ...]:
        return (
            _routed(draft, call, module)
            or draft.program.called_functions(call, module)
            or _by_unique_name(draft, code, call, module)
        )

    home = handling.function_module or handling.module
    start: list[tuple[PythonCall, Module]]
    if handling.calls is not None:
        start = [(one, handling.module) for one in handling.calls]
    elif handling.function is not None:
        start = [(one, home) for one in draft.program.calls_in(handling.function, home)]
    else:
        start = []
    found: dict[int, tuple[PythonCall, Module]] = {id(one[0]): one for one in start}
    level = start
    entered: set[str] = {handling.function.name} if handling.function is not None else set()
    entries: dict[str, tuple[PythonCall, Module]] = {}
    for _ in range(_DEPTH):
        following: list[tuple[PythonCall, Module]] = []
        for call, module in level:
            if call.name.startswith(("logger.", "logging.", "log.")) or call.name in ("print", "len", "str", "int"):
                continue
            for function, where in targets_of(call, module):
                if function.name in entered:
                    continue
                entered.add(function.name)
                entries[function.name] = (call, module)
                for one in draft.program.calls_in(function, where):
                    if id(one) not in found:
                        found[id(one)] = (one, where)
                        following.append((one, where))
        level = following
        if not level or len(found) > _MOST_CALLS:
            break
    return Handled(list(found.values()), entries, targets_of, handling.wrappers)


def levels_of(handled: Handled, call: PythonCall, module: Module) -> list[Level]:
    """The way to a call, from the call itself up to the handler."""
    found: list[Level] = []
    for _ in range(_MOST_STEPS):
        found.append(Level(call.at, call.function, module, call.branch))
        index = call.function
        entry = None
        while index is not None and entry is None:
            function = module.facts.functions[index]
            entry = handled.entries.get(function.name)
            index = function.parent
            if index is not None and entry is None:
                # What a nested function does, it does where it stands in the function around it.
                found.append(Level(function.at, index, module))
        if entry is None:
            break
        call, module = entry
    return found


def comes_before(first: list[Level], second: list[Level]) -> bool:
    """Whether whoever comes to the second place has surely come by the first one."""
    by_function = {(one.module.path, one.function): one for one in second}
    for level in first:
        common = by_function.get((level.module.path, level.function))
        if common is None:
            continue
        if (level.at.end_line, level.at.end_column) > (common.at.line, common.at.column):
            return False
        around = [block for block in _blocks(level) if block.holds(level.at)]
        if not all(block.holds(common.at) for block in around):
            return False
        # Of conditions on the message alone no block is known: then only what stands right in a known one counts.
        return not level.branch or any(level.at.column - one.column in (0, _AWAIT) for one in around)
    return False


def _blocks(level: Level) -> Iterator[Span]:
    """The bodies of conditions and ``except`` clauses of a function, and of the functions around it."""
    facts = level.module.facts
    for test in facts.tests:
        if test.function == level.function:
            yield test.body
            if test.other is not None:
                yield test.other
    for clause in facts.handlers:
        if clause.function == level.function:
            yield clause.body


def _routed(draft: Draft, call: PythonCall, module: Module) -> tuple[tuple[PythonFunction, Module], ...]:
    """The functions of a routing table: ``ROUTES[kind](event)``, ``ROUTES.get(kind)(event)``."""
    table: Expression | None = None
    if isinstance(call.callee, Item):
        table = None if isinstance(call.callee.key, Literal) else call.callee.base
    elif isinstance(call.callee, Result):
        made = module.call(call.callee.call)
        if made is not None and made.name.endswith(".get") and isinstance(made.callee, Reference | Member):
            base = made.callee
            table = base.base if isinstance(base, Member) else Reference(base.name.rpartition(".")[0])
    found = draft.program.structure(table, module) if table is not None else None
    if found is None or not isinstance(found[0], Dictionary):
        return ()
    functions = (draft.program.function_of(value, found[1]) for _, value in found[0].entries[:_MOST_ROUTES])
    return tuple(one for one in functions if one is not None)


def _by_unique_name(
    draft: Draft, code: ServiceCode, call: PythonCall, module: Module
) -> tuple[tuple[PythonFunction, Module], ...]:
    """The one method of that name in the service's own code, for objects that a framework injects."""
    last = call.name.rpartition(".")[2]
    if "." not in call.name or len(last) < 5:
        return ()
    index = _methods(draft, code)
    found = index.get(last, ())
    if len(found) != 1 or not (call.name.startswith("?") or _is_below_module(draft, code, call.name)):
        return ()
    if draft.program.callee(call, module).startswith(_WELL_KNOWN):
        return ()
    return tuple(found)


def _methods(draft: Draft, code: ServiceCode) -> dict[str, list[tuple[PythonFunction, Module]]]:
    methods = draft.memo.setdefault("methods by service", {})
    assert isinstance(methods, dict)
    index: dict[str, list[tuple[PythonFunction, Module]]] | None = methods.get(code.service.name)
    if index is None:
        index = methods[code.service.name] = {}
        for one in code.modules:
            for function in one.facts.functions:
                if function.owner is not None:
                    index.setdefault(function.name.rpartition(".")[2], []).append((function, one))
    return index


def _is_below_module(draft: Draft, code: ServiceCode, name: str) -> bool:
    """Whether a dotted name is something in one of the service's modules."""
    names = draft.memo.setdefault("names of modules by service", {})
    assert isinstance(names, dict)
    known = names.get(code.service.name)
    if known is None:
        known = names[code.service.name] = {one.facts.name for one in code.modules}
    while name:
        name = name.rpartition(".")[0]
        if name in known:
            return True
    return False
