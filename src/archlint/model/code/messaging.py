"""Consumers and publishers of messages.

In: the services' code. Out: a Consumer for each handler of each service, with what its handling changes, what makes a
second delivery harmless, when it acknowledges and where failed messages go; a Publisher for each place that publishes.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import PythonCall, PythonFunction, Reference
from archlint.core.span import Span
from archlint.core.system.base import link
from archlint.core.system.calls import HttpCall
from archlint.core.system.messaging import Consumer, Effect, Publisher
from archlint.core.values import UNKNOWN, Place, Setting, Truth, Unknown, is_unknown, known
from archlint.model.code.dead_letters import Declaration, dead_letter_of, declarations
from archlint.model.code.message_effects import FoundEffect, deduplication_of, effects_of
from archlint.model.code.message_guards import Handled, recognition
from archlint.model.code.publications import publications
from archlint.model.code.publishing import channels_of
from archlint.model.code.registrations import Handling, handlings, items_of
from archlint.model.code.scope import CodeScope, ServiceCode, code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_CALLS = 1500
_DEPTH = 6
_WELL_KNOWN = ("logging.", "json.", "redis.", "pymongo.", "sqlalchemy.", "pika.", "aio_pika.", "requests.", "httpx.")
"""Libraries whose objects are not injected in place of the service's own."""


def add_messaging(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    written = {one.at: one.method for one in draft.select(HttpCall) if isinstance(one.method, str)}
    declared = declarations(draft, scope)
    found: dict[tuple[str, Span, str], Consumer] = {}
    for handling in handlings(draft, list(scope.modules())):
        if handling.function is None and handling.calls is None:
            continue
        for service in _services(scope, handling):
            code = scope.code(service)
            if code is not None:
                consumer = _consumer(draft, handling, service, code, declared, written)
                found.setdefault((service, consumer.at, consumer.handler), consumer)
    consumers = list(found.values())
    draft.add(*consumers)
    draft.add(*(effect for consumer in consumers for effect in consumer.effects))
    publishers = list(_publishers(draft, scope))
    draft.add(*publishers)
    for owner in draft.services:
        mine = tuple(one for one in consumers if one.service == owner.name)
        theirs = tuple(one for one in publishers if one.service == owner.name)
        if mine or theirs:
            link(owner, consumers=mine, publishers=theirs)


def _services(scope: CodeScope, handling: Handling) -> tuple[str, ...]:
    path = handling.registered_at.path
    module = scope.draft.program.modules.get(path)
    if module is None:
        return ()
    if handling.call is not None and handling.call.at == handling.registered_at:
        return scope.services_running(handling.call, module)
    return scope.owners(module)


def _consumer(
    draft: Draft,
    handling: Handling,
    service: str,
    code: ServiceCode,
    declared: list[Declaration],
    written: dict[Span, str],
) -> Consumer:
    handled = _handled(draft, handling, code)
    calls = handled.calls
    effects = list(effects_of(draft, calls, written))
    deduplication: Setting[str] | Unknown | None = deduplication_of(
        draft, [*calls, *_wrapper_calls(draft, handling)], effects
    )
    if deduplication is None:
        deduplication = recognition(draft, handled, effects)
    dead_letter, declared_at = dead_letter_of(draft, handling, service, code, declared)
    name = handling.function.name.rpartition(".")[2] if handling.function is not None else "module"
    channel = known(handling.channel)
    where = f"{service}.{name}"
    return Consumer(
        at=handling.registered_at,
        name=where,
        key=f"{where} consumes {channel or 'a channel'}",
        service=service,
        broker=handling.broker,
        library=handling.library,
        channel=handling.channel,
        handler=handling.function.name if handling.function is not None else "",
        handler_at=_handler_at(handling),
        effects=tuple(
            Effect(
                at=one.at,
                name=one.what,
                key=f"{where} {one.kind} {one.what}",
                kind=one.kind,
                is_absolute=one.is_absolute,
            )
            for one in effects
        ),
        changes_state=bool(effects) or _may_change(calls),
        is_repeatable=_is_repeatable(effects),
        deduplication=_once(handling, calls, effects, deduplication),
        acknowledgement=_acknowledgement(handling),
        dead_letter=dead_letter,
        related=(*(Place(one.at, f"{one.kind}: {one.what}") for one in effects[:10]), *declared_at),
    )


def _handler_at(handling: Handling) -> Span:
    if handling.calls is not None or handling.function is None:
        return handling.registered_at
    return handling.function.at


def _is_repeatable(effects: list[FoundEffect]) -> Truth:
    """Whether every change leaves the same state when it is made twice."""
    if any(one.is_absolute is False for one in effects):
        return False
    return next((one.is_absolute for one in effects if is_unknown(one.is_absolute)), True)


def _may_change(calls: Iterable[object]) -> Truth:
    return False if calls else UNKNOWN


def _once(
    handling: Handling,
    calls: list[tuple[PythonCall, Module]],
    effects: list[FoundEffect],
    found: Setting[str] | Unknown | None,
) -> Setting[str] | Unknown | None:
    """Celery acknowledges before it runs a task, so that nothing runs twice unless the task retries. A task with one
    change retries because that one failed: only with a second one is the first made again."""
    if handling.library == "celery" and handling.acknowledged_early is True and found is None:
        automatic = handling.call.argument("autoretry_for") if handling.call is not None else None
        # What is retried for an error of its own only is told by the call that raises it, the last one made.
        after_any = automatic is not None and any(
            isinstance(one, Reference) and one.name in ("Exception", "BaseException")
            for one in items_of(automatic.value)
        )
        retries = after_any or any(call.name.endswith(".retry") for call, _ in calls)
        if not retries:
            return Unknown("the task is acknowledged before it runs")
        return None if sum(one.is_absolute is False for one in effects) > 1 else Unknown("the one change is retried")
    return found


def _acknowledgement(handling: Handling) -> str | Unknown:
    if isinstance(handling.acknowledged_early, Unknown):
        return handling.acknowledged_early
    return "auto" if handling.acknowledged_early else "after"


def _handled(draft: Draft, handling: Handling, code: ServiceCode) -> Handled:
    """All calls that handling a message may make, nearest first, and how the code comes to them."""

    def targets_of(call: PythonCall, module: Module) -> tuple[tuple[PythonFunction, Module], ...]:
        return draft.program.called_functions(call, module) or _by_unique_name(draft, code, call, module)

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


def _wrapper_calls(draft: Draft, handling: Handling) -> list[tuple[PythonCall, Module]]:
    return [
        (call, module) for function, module in handling.wrappers for call in draft.program.calls_in(function, module)
    ]


def _publishers(draft: Draft, scope: CodeScope) -> Iterable[Publisher]:
    for one in publications(draft, scope):
        module, call = one.module, one.call
        found = module.function(one.function)
        function = found.name if found is not None else ""
        channels = (one.channel,) if one.channel is not None else channels_of(draft, call, module)
        for service in scope.services_running(call, module):
            for channel in channels:
                yield Publisher(
                    at=call.at,
                    name=f"{service}.{function.rpartition('.')[2]}",
                    key=f"{service} publishes {known(channel) or 'a message'} in {function}",
                    service=service,
                    broker=one.broker,
                    library=draft.program.callee(call, module).partition(".")[0],
                    channel=channel,
                    function=function,
                )
