"""Consumers of messages, judged as a reviewer would.

In: the services' code. Out: a Consumer for each handler of each service, with what its handling changes, what makes a
second delivery harmless, when it acknowledges and where failed messages go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archlint.core.facts.python import Literal, PythonCall, Reference
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall
from archlint.core.system.messaging import Consumer, Effect
from archlint.core.values import UNKNOWN, Place, Setting, Truth, Unknown, is_unknown, known
from archlint.model.code.access.purposes import only_reads
from archlint.model.code.calls.http_methods import http_methods
from archlint.model.code.messaging.acknowledgement import acknowledgement_of
from archlint.model.code.messaging.consuming_loops import looped
from archlint.model.code.messaging.dapr_subscriptions import dapr_handlings
from archlint.model.code.messaging.dead_letters import Declaration, dead_letter_of, declarations
from archlint.model.code.messaging.effect_values import is_reply
from archlint.model.code.messaging.handler_paths import Handled, handled_by, levels_of
from archlint.model.code.messaging.lambda_handlers import lambda_handlings
from archlint.model.code.messaging.lost_failures import swallowed_at
from archlint.model.code.messaging.message_effects import FoundEffect, effects_of
from archlint.model.code.messaging.message_guards import recognition
from archlint.model.code.messaging.message_recognition import decorated_once, deduplication_of
from archlint.model.code.messaging.registered_callbacks import listening, registered
from archlint.model.code.messaging.registrations import Handling, decorated, items_of
from archlint.model.code.messaging.task_failures import failures_of_task, is_only_scheduled
from archlint.model.code.scope import CodeScope, ServiceCode
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MOST_PLACES = 10
_POLICIES = frozenset({"RetryPolicy"})
_SENDS_BACK = pattern(r"retry|requeue|republish|redeliver|dead_?letter|dlq|dlx|send_back|_nack|reject", re.IGNORECASE)
_CHANGES = {
    "insert": "an insert",
    "update": "an update",
    "increment": "a relative change",
    "delete": "a delete",
    "publish": "a published message",
    "remote-write": "a remote write",
    "mail": "a mail",
    "payment": "a payment",
    "file": "a written file",
}


def consumers_of(draft: Draft, scope: CodeScope) -> list[Consumer]:
    """The consumers of all services."""
    written = http_methods(draft)
    written |= {one.at: f"rpc {one.rpc}" for one in draft.select(GrpcCall) if isinstance(one.rpc, str)}
    # A POST that only asks something changes nothing, whatever its method says.
    written |= {one.at: "GET" for one in draft.select(HttpCall) if isinstance(one.path, str) and _asks(one.path)}
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
    for handling, code in lambda_handlings(draft, scope):
        consumer = _consumer(draft, handling, code.service.name, code, declared, written)
        found.setdefault((code.service.name, consumer.at, consumer.handler), consumer)
    return list(found.values())


def handlings(draft: Draft, modules: list[Module]) -> Iterator[Handling]:
    """All code of the modules that handles messages."""
    for module in modules:
        yield from decorated(draft, module)
        yield from registered(draft, module)
        yield from looped(draft, module)
    yield from listening(draft)
    yield from dapr_handlings(draft)


def _asks(path: str) -> bool:
    return path.rstrip("/").rpartition("/")[2] in ("token", "tokens", "login", "authenticate") or only_reads(path, "")


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
    handled = handled_by(draft, handling, code)
    calls = handled.calls
    answers = next((call for call, _ in calls if _answers(handling, call)), None)
    effects = [one for one in effects_of(draft, calls, written) if not _sends_back(handled, one)]
    deduplication: Setting[str] | Unknown | None = deduplication_of(
        draft, [*calls, *_wrapper_calls(draft, handling)], effects
    ) or decorated_once(draft, handling)
    if deduplication is None:
        deduplication = recognition(draft, handled, effects)
    dead_letter, declared_at = dead_letter_of(draft, handling, service, code, declared)
    failures_at = handling.registered_at
    if handling.library == "dapr" and handling.call is None and handling.declared_at is not None:
        failures_at = handling.declared_at
    failing = ""
    if handling.library in ("celery", "arq"):
        dead_letter, setup = failures_of_task(draft, handling, code) if effects else (UNKNOWN, None)
        failures_at, failing = setup or failures_at, f"{service}'s {handling.library.capitalize()} application"
    if answers is not None and handling.broker == "nats":
        deduplication = Unknown("the caller waits for the answer, as for any call")
    if answers is not None:
        dead_letter = Unknown("the caller waits for the answer, and learns of a failure")
    elif isinstance(dead_letter, Unknown):
        swallowed = swallowed_at(handling, handled, effects)
        if swallowed is not None:
            dead_letter, declared_at = (
                None,
                (*declared_at, Place(swallowed, "every error ends here, and is only logged")),
            )
    acknowledgement, acknowledged = acknowledgement_of(draft, handling, handled, effects)
    name = handling.function.name.rpartition(".")[2] if handling.function is not None else "module"
    channel = known(handling.channel)
    where = f"{service}.{name}"
    first = next((one for one in effects if one.is_absolute is False), effects[0] if effects else None)
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
        change=f"{_CHANGES[first.kind]} ({first.what})" if first is not None else "",
        changes_state=bool(effects) or _may_change(calls),
        is_repeatable=_is_repeatable(effects),
        deduplication=_once(draft, handling, code, handled, effects, deduplication),
        acknowledgement=acknowledgement,
        acknowledged_at=acknowledged.at,
        dead_letter=dead_letter,
        failing=failing or where,
        failures_at=failures_at,
        related=(*_places(effects), acknowledged, *declared_at),
    )


def _answers(handling: Handling, call: PythonCall) -> bool:
    """Whether a message is answered: who sent it waits, as for any call."""
    if handling.broker == "nats" and call.name.endswith(".respond"):
        return True
    return "publish" in call.name and is_reply(call)


def _places(effects: list[FoundEffect]) -> Iterator[Place]:
    """The changes, those first that a second delivery makes again."""
    for one in sorted(effects, key=lambda one: one.is_absolute is not False)[:_MOST_PLACES]:
        again = "made again by a second delivery" if one.is_absolute is False else "the same when it is made twice"
        yield Place(one.at, f"{one.kind}: {one.what}" + ("" if is_unknown(one.is_absolute) else f", {again}"))


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


def _sends_back(handled: Handled, effect: FoundEffect) -> bool:
    """Whether a message is sent back for another attempt, or to where the failed ones go: that is no change."""
    place = handled.places.get(effect.at)
    if effect.kind != "publish" or place is None:
        return False
    functions = (level.module.function(level.function) for level in levels_of(handled, *place))
    return any(one is not None and _SENDS_BACK.search(one.name.rpartition(".")[2]) for one in functions)


def _once(
    draft: Draft,
    handling: Handling,
    code: ServiceCode,
    handled: Handled,
    effects: list[FoundEffect],
    found: Setting[str] | Unknown | None,
) -> Setting[str] | Unknown | None:
    """Celery and rq take a task before they run it, so that nothing runs twice unless the task retries. A task with one
    change retries because that one failed: only with a second one is the first made again. What only a schedule starts
    has no message that could come again."""
    if found is not None:
        return found
    if handling.library == "celery" and is_only_scheduled(draft, handling):
        return Unknown("nothing hands the task a message: a schedule runs it")
    if _runs_once(handling, code):
        return Unknown("a single attempt")
    if handling.library in ("celery", "dramatiq", "rq", "arq") and not _takes_anything(handling):
        return Unknown("a task that is given nothing starts what a schedule would start")
    if handling.acknowledges == "once":
        given = handling.call.argument("autoretry_for") if handling.call is not None else None
        # What is retried for an error of its own only is told by the call that raises it, the last one made.
        after_any = given is not None and any(
            isinstance(one, Reference) and one.name in ("Exception", "BaseException") for one in items_of(given.value)
        )
        again = handling.call is not None and handling.library == "rq" and handling.call.argument("retry") is not None
        retries = [one for one in handled.calls if one[0].name.endswith(".retry")]
        if not (after_any or again or retries):
            return Unknown("the task is acknowledged before it runs")
        relative = [one for one in effects if one.is_absolute is False]
        if not (after_any or again):
            relative = [one for one in relative if any(_precedes(handled, one, *retry) for retry in retries)]
        return None if len(relative) > 1 else Unknown("the one change is retried")
    return None


def _takes_anything(handling: Handling) -> bool:
    """Whether a task has a parameter beside itself and the worker's context."""
    parameters = handling.function.parameters if handling.function is not None else ()
    return any(one.name not in ("self", "cls", "ctx", "context", "task") for one in parameters)


def _runs_once(handling: Handling, code: ServiceCode) -> bool:
    """Whether Temporal or arq is told to try a single time: then a second run never comes."""
    if handling.library == "temporal":
        calls = (call for module in code.modules for call in module.calls_named(_POLICIES))
        return any(
            one.name == "maximum_attempts" and one.value == Literal(1) for call in calls for one in call.arguments
        )
    tries = handling.call.argument("max_tries") if handling.library == "arq" and handling.call is not None else None
    return tries is not None and tries.value == Literal(1)


def _precedes(handled: Handled, effect: FoundEffect, retry: PythonCall, module: Module) -> bool:
    """Whether a change is made above a retry, in the function that makes or leads to both."""
    place = handled.places.get(effect.at)
    if place is None:
        return False
    before = {(one.module.path, one.function): one for one in levels_of(handled, *place)}
    for level in levels_of(handled, retry, module):
        common = before.get((level.module.path, level.function))
        if common is not None:
            return (common.at.line, common.at.column) <= (level.at.line, level.at.column)
    return False


def _wrapper_calls(draft: Draft, handling: Handling) -> list[tuple[PythonCall, Module]]:
    return [
        (call, module) for function, module in handling.wrappers for call in draft.program.calls_in(function, module)
    ]
