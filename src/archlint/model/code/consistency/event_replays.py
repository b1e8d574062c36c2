"""Aggregates that are rebuilt from all of their events.

In: loops that apply the events of one stream one after the other, and the `eventsourcing` library's repositories. Out:
an EventReplay for each, at the place that loads the events. Whatever is called a snapshot in the service's code spares
the old ones; a load from some version on is UNKNOWN. Projections are rebuilt from all events by design.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Element,
    Expression,
    Literal,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
)
from archlint.core.record import pattern
from archlint.core.system.consistency import EventReplay
from archlint.core.values import Setting, Unknown
from archlint.model.code.consistency.event_tables import is_event_store
from archlint.model.code.consistency.stored_changes import chain_of
from archlint.model.code.consistency.work import callers_of
from archlint.model.code.messaging.handler_trace import argument_for
from archlint.model.code.objects import member_of
from archlint.model.code.scope import CodeScope
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.program.program import Module

_APPLYING = names(
    "apply _apply apply_event _apply_event mutate _mutate when _when evolve _evolve replay_event fold transition "
    "apply_change _apply_change"
)
_LOADING = pattern(
    r"(^|_)(get|load|read|fetch|list|find|stream|iter|retrieve|events?|history|all|select|query|filter)(_|$)"
)
_STORE = pattern(r"event|stream")
_PROJECTION = pattern(r"project|read_?model|report|history|audit|view|denormali")
_FROM = names(
    "after_version from_version since since_version start_version min_version gt from_position start after version_gt"
)
_LIBRARY = frozenset(
    {
        "eventsourcing.application.Application",
        "eventsourcing.system.ProcessApplication",
        "eventsourcing.application.ProcessApplication",
    }
)
"""https://eventsourcing.readthedocs.io/en/stable/topics/application.html: snapshots are off by default"""

_Load = tuple[PythonCall, Module, str]


def add_event_replays(draft: Draft, scope: CodeScope, tables: dict[str, frozenset[str]]) -> None:
    """Add them to the draft."""
    sourced = draft.program.uses("eventsourcing")
    for module in scope.modules():
        found = [(call, module, "") for call in _of_library(draft, module)] if sourced else []
        found += _applied(draft, scope, module, tables)
        seen: set[str] = set()
        for call, home, aggregate in found:
            function = home.function(call.function)
            where = function.name if function is not None else home.name
            if where in seen:
                continue
            seen.add(where)
            bound = _bound(call)
            for service in scope.services_running(call, home):
                draft.add(
                    EventReplay(
                        at=call.at,
                        name=f"{service}.{where.rpartition('.')[2]}",
                        key=f"{service} {where} replays",
                        service=service,
                        aggregate=aggregate,
                        snapshot=_snapshot(draft, scope, service) if bound is None else bound,
                        function=where,
                    )
                )


def _of_library(draft: Draft, module: Module) -> Iterator[PythonCall]:
    """``self.repository.get(…)`` in an application without snapshots, the first of each class."""
    seen: set[str] = set()
    for call in module.calls_named({"get"}):
        function = module.function(call.function)
        if function is None or function.owner is None or function.owner in seen:
            continue
        if not call.name.endswith(".repository.get") or not call.arguments or call.argument("version") is not None:
            continue
        bases = draft.program.bases(function.owner)
        if not isinstance(bases, Unknown) and _LIBRARY.intersection(bases):
            seen.add(function.owner)
            yield call


def _applied(draft: Draft, scope: CodeScope, module: Module, tables: dict[str, frozenset[str]]) -> list[_Load]:
    """The loads whose events are applied in a loop, here or in a function that they are handed to."""
    found: list[_Load] = []
    for call in module.calls_named(_APPLYING | {"reduce"}):
        function = module.function(call.function)
        if function is None or _PROJECTION.search(function.name.lower()):
            continue
        if call.name.endswith("reduce"):
            iterable = call.arguments[1].value if len(call.arguments) > 1 else None
            if not call.arguments or member_of(call.arguments[0].value) not in _APPLYING:
                continue
        else:
            if call.loop is None or call.loop.kind != "for":
                continue
            iterable = next((one.value.iterable for one in call.arguments if isinstance(one.value, Element)), None)
        if iterable is None:
            continue
        aggregate = (function.owner or "").rpartition(".")[2]
        found += [(*one, aggregate) for one in _loads(draft, scope, iterable, function, module, tables)]
    return found


def _loads(
    draft: Draft, scope: CodeScope, iterable: Expression, function: PythonFunction, module: Module,
    tables: dict[str, frozenset[str]], hops: int = 2,
) -> Iterator[tuple[PythonCall, Module]]:  # fmt: skip
    if isinstance(iterable, Result):
        call = module.call(iterable.call)
        if call is not None and _reads_a_stream(draft, scope, call, module, tables):
            yield call, module
    elif isinstance(iterable, Parameter) and hops > 0 and module.function(iterable.function) is function:
        for caller, home, site in callers_of(draft, scope, function, module):
            given = argument_for(function, iterable.name, site)
            if given is not None and not _PROJECTION.search(caller.name.lower()):
                yield from _loads(draft, scope, given[0], caller, home, tables, hops - 1)


def _reads_a_stream(
    draft: Draft, scope: CodeScope, call: PythonCall, module: Module, tables: dict[str, frozenset[str]]
) -> bool:
    """Whether the call loads the events of one stream: of a store that is called so, or from its table."""
    for link in chain_of(call, module):
        last = link.name.rpartition(".")[2]
        if link.arguments and _STORE.search(link.name.lower()) and _LOADING.search(last):
            return True
        if last == "query" and link.arguments:
            model = member_of(link.arguments[0].value)
            return any(is_event_store(model, tables.get(one, frozenset())) for one in scope.owners(module))
        inner = link.arguments[0].value if link.arguments and last in ("list", "sorted", "tuple", "reversed") else None
        made = module.call(inner.call) if isinstance(inner, Result) else None
        if made is not None:
            return _reads_a_stream(draft, scope, made, module, tables)
    return False


def _bound(call: PythonCall) -> Unknown | None:
    """A load that may leave out the events before some version."""
    plain = [one for one in call.arguments if one.value != Literal(None)]
    if len(plain) > 1 or any(one.name in _FROM for one in call.arguments):
        return Unknown("it may load only the events since a snapshot")
    return None


def _snapshot(draft: Draft, scope: CodeScope, service: str) -> Setting[str] | None:
    """What the service's code calls a snapshot."""
    found = draft.memo.setdefault("snapshots by service", {})
    assert isinstance(found, dict)
    if service not in found:
        code = scope.code(service)
        found[service] = next(
            (one for module in (code.modules if code is not None else ()) if (one := _snapshot_in(module)) is not None),
            None,
        )
    known: Setting[str] | None = found[service]
    return known


def _snapshot_in(module: Module) -> Setting[str] | None:
    facts = module.facts
    for name, at in [(one.name, one.at) for one in facts.functions] + [(one.name, one.at) for one in facts.classes]:
        if "snapshot" in name.lower():
            return Setting(name.rpartition(".")[2], "code", at)
    for line in facts.imports:
        if "snapshot" in f"{line.module}.{line.name}".lower():
            return Setting(line.alias, "code", line.at)
    for assignment in facts.assignments:
        target = assignment.target
        if isinstance(target, Reference) and "snapshot" in target.name.lower():
            return Setting(member_of(target), "code", assignment.at)
    for call in facts.calls:
        if "snapshot" in call.name.lower() or any("snapshot" in (one.name or "").lower() for one in call.arguments):
            return Setting(call.name.rpartition(".")[2], "code", call.at)
    return None
