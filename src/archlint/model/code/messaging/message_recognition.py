"""What makes a second delivery harmless by what it is called: an inbox, a claim, a handled unique constraint.

In: the calls that handling a message makes, and its changes. Out: the deduplication that is seen, None where none is.
Conditions on what is stored are ``message_guards``' affair.
"""

from __future__ import annotations

from archlint.core.facts.python import PythonCall, Reference, Result
from archlint.core.values import Setting
from archlint.model.code.messaging.effect_values import has_key, has_text
from archlint.model.code.messaging.message_libraries import (
    CHECK_WORDS,
    CONFLICTS,
    COUNTED,
    INBOX,
    INSERT_ONCE,
    KEY_NAMES,
    LOGS,
    LOOKUPS,
    SQL_CALLS,
)
from archlint.model.code.messaging.registrations import Handling
from archlint.model.code.messaging.stored_effects import FoundEffect, sql_of
from archlint.model.code.names import words_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_LISTED = LOOKUPS | {"get", "filter", "where"}
_ONCE = frozenset({"once", "singleton", "unique", "idempotent", "idempotency"})
_FAUST = frozenset({"App"})
_TRANSACTIONS = frozenset({"send_offsets_to_transaction", "commit_transaction"})
_EVENTS = frozenset({"publish", "emit", "send", "handle", "handler", "on", "notify", "dispatch", "produce", "route"})
_KEYS = ("idempotency_key", "MessageDeduplicationId", "deduplication_id", "job_id", "_job_id")


def deduplication_of(
    draft: Draft, calls: list[tuple[PythonCall, Module]], effects: list[FoundEffect]
) -> Setting[str] | None:
    """What makes a second delivery harmless by what it is called: None where nothing does."""
    for call, module in calls:
        last = call.name.rpartition(".")[2]
        if last in SQL_CALLS and call.arguments:
            text = sql_of(draft, call, module) or ""
            if INSERT_ONCE.search(text) and INBOX.search(text):
                return Setting("an inbox table", "code", call.at)
        if _asks(call.name, last):
            return Setting("a check of what was processed", "code", call.at)
        if any(CONFLICTS.search(name) for name in call.catches) and effects:
            return Setting("a handled unique constraint", "code", call.at)
        if last in ("setnx", "hsetnx") or (last == "set" and call.argument("nx") is not None):
            return Setting("set if absent", "code", call.at)
        if last in _TRANSACTIONS:
            return Setting("a transaction of Kafka with the offsets in it", "library", call.at)
        if call.argument("ConditionExpression") is not None:
            return Setting("a conditional write", "code", call.at)
        for argument in call.arguments:
            if argument.name is not None and KEY_NAMES.match(argument.name) and last in _LISTED:
                return Setting("a lookup of the message's key", "code", call.at)
            if argument.name in _KEYS:
                return Setting("an idempotency key", "code", argument.at)
            if last in ("find_one", "count_documents", "get_item") and has_key(argument.value):
                return Setting("a lookup of the message's key", "code", call.at)
            if argument.name == "headers" and (
                has_text(argument.value, "idempotency-key") or has_text(argument.value, "nats-msg-id")
            ):
                return Setting("an idempotency key", "code", argument.at)
    return None


def decorated_once(draft: Draft, handling: Handling) -> Setting[str] | None:
    """A decorator of the handler, or a guarantee of the library, that lets every message through once."""
    function, module = handling.function, handling.function_module
    if function is None or module is None:
        return None
    for decorator, at in zip(function.decorators, function.decorator_spans, strict=False):
        made = module.call(decorator.call) if isinstance(decorator, Result) else None
        name = draft.program.qualify(made.callee if made is not None else decorator, module)
        if words_of(name) & (CHECK_WORDS | _ONCE):
            return Setting("a decorator that lets a message through once", "code", at)
    if handling.library == "celery" and handling.call is not None:
        base = handling.call.argument("base")
        if base is not None and isinstance(base.value, Reference) and words_of(base.value.name) & _ONCE:
            return Setting("a base class that lets a task through once", "code", base.at)
    if handling.library == "faust":
        for call in module.calls_named(_FAUST):
            given = call.argument("processing_guarantee")
            if given is not None:
                return Setting("exactly-once processing", "library", given.at)
    return None


def _asks(name: str, last: str) -> bool:
    """Whether a call asks or notes what was processed. An event that is called so (``PaymentProcessed``,
    ``publish_payment_processed``) does neither."""
    if last in COUNTED or last[:1].isupper() or name.startswith(LOGS):
        return False
    words = words_of(name)
    return bool(words & CHECK_WORDS) and not words & _EVENTS
