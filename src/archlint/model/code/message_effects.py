"""What handling a message changes, and what makes a second delivery harmless.

In: the calls that handling a message makes. Out: effects, and the deduplication that is seen: an upsert, a handled
unique-constraint error, a check on the message's key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Element,
    Expression,
    Literal,
    Member,
    PythonCall,
    Reference,
    Result,
    Template,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Setting, Truth, Unknown
from archlint.model.code.message_libraries import (
    ABSOLUTE_ORM,
    BROKER,
    CHECK_WORDS,
    CONFLICTS,
    COUNTED,
    DEAD,
    HTTP_LIBRARIES,
    HTTP_VERBS,
    INBOX,
    INSERT_ONCE,
    KEY_NAMES,
    LOGS,
    LOOKUPS,
    MAIL,
    MAIL_LIBRARIES,
    MONGO_ABSOLUTE,
    MONGO_INSERT,
    MONGO_RELATIVE,
    MONGO_UPDATE,
    ORM_ADD,
    PAYMENT,
    PUBLISH,
    REDIS_ABSOLUTE,
    REDIS_RELATIVE,
    RELATIVE,
    SESSION,
    SQL,
    SQL_CALLS,
    UPSERT,
)
from archlint.model.code.names import words_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module


@dataclass(frozen=True)
class FoundEffect:
    """One change: what, where, and whether doing it twice leaves the same state."""

    kind: str
    at: Span
    what: str
    is_absolute: Truth


def effects_of(
    draft: Draft, calls: Iterable[tuple[PythonCall, Module]], written: Mapping[Span, str]
) -> Iterator[FoundEffect]:
    """The changes that the calls make. ``written`` gives the method of known HTTP calls by place."""
    for call, module in calls:
        found = _effect(draft, call, module, written)
        if found is not None:
            yield found


def deduplication_of(
    draft: Draft, calls: list[tuple[PythonCall, Module]], effects: list[FoundEffect]
) -> Setting[str] | None:
    """What makes a second delivery harmless by what it is called: None where nothing does."""
    for call, module in calls:
        last = call.name.rpartition(".")[2]
        if last in SQL_CALLS and call.arguments:
            text = _sql_text(draft, call.arguments[0].value, module) or ""
            if INSERT_ONCE.search(text) and INBOX.search(text):
                return Setting("an inbox table", "code", call.at)
        if last in ABSOLUTE_ORM and last not in ("merge", "replace"):
            return Setting("upsert", "code", call.at)
        if (words_of(call.name) & CHECK_WORDS) and last not in COUNTED and not call.name.startswith(LOGS):
            return Setting("a check of what was processed", "code", call.at)
        if any(CONFLICTS.search(name) for name in call.catches) and effects:
            return Setting("a handled unique constraint", "code", call.at)
        if last in ("setnx", "hsetnx") or (last == "set" and call.argument("nx") is not None):
            return Setting("set if absent", "code", call.at)
        if call.argument("ConditionExpression") is not None:
            return Setting("a conditional write", "code", call.at)
        for argument in call.arguments:
            if (
                argument.name is not None
                and KEY_NAMES.match(argument.name)
                and last in LOOKUPS | {"get", "filter", "where"}
            ):
                return Setting("a lookup of the message's key", "code", call.at)
            if argument.name in ("idempotency_key", "MessageDeduplicationId", "deduplication_id"):
                return Setting("an idempotency key", "code", argument.at)
            if last in ("find_one", "count_documents", "get_item") and _has_key(argument.value):
                return Setting("a lookup of the message's key", "code", call.at)
            if argument.name == "headers" and _has_text(argument.value, "idempotency-key"):
                return Setting("an idempotency key", "code", argument.at)
    return None


def _effect(draft: Draft, call: PythonCall, module: Module, written: Mapping[Span, str]) -> FoundEffect | None:
    last = call.name.rpartition(".")[2]
    if call.at in written:
        verb = written[call.at].lower()
        return _http(verb, call) if verb in HTTP_VERBS else None
    if last in SQL_CALLS and call.arguments:
        found = _sql(draft, call, module)
        if found is not None:
            return found
    if last in MONGO_INSERT:
        return FoundEffect("insert", call.at, last, False)
    if last in MONGO_UPDATE:
        relative = any(_relative_update(one.value) for one in call.arguments)
        known = any(isinstance(one.value, Dictionary) for one in call.arguments[1:])
        return FoundEffect(
            "increment" if relative else "update", call.at, last, False if relative else known or UNKNOWN
        )
    if last in MONGO_ABSOLUTE:
        return FoundEffect("update", call.at, last, True)
    if last in REDIS_RELATIVE and call.arguments and last != "append":
        return FoundEffect("publish" if last == "xadd" else "increment", call.at, last, False)
    if last in MAIL:
        return FoundEffect("mail", call.at, last, False)
    if last in (
        "save",
        "create",
        "objects.create",
        "bulk_create",
        "put",
        "upload_from_stream",
        "put_item",
        "update_item",
    ):
        return _stored(draft, call, module, last)
    if last in ORM_ADD and call.arguments and _is_session(draft, call, module):
        return FoundEffect("insert", call.at, f"{last}()", _is_stored_already(call, module))
    if last == "commit" and call.function is not None and _counts(call, module) and _is_session(draft, call, module):
        return FoundEffect("increment", call.at, "commit()", False)
    if last in PUBLISH or last in (
        "send",
        "send_message",
        "post",
        "patch",
        "put",
        "delete",
        "request",
        "sale",
        "capture",
    ):
        return _sent(draft, call, module, last)
    name = call.name
    if name.startswith("stripe.") or ("." in name and last == "create"):
        qualified = draft.program.callee(call, module)
        if PAYMENT.match(qualified):
            return FoundEffect("payment", call.at, qualified, call.argument("idempotency_key") is not None)
    if last in REDIS_ABSOLUTE and draft.program.callee(call, module).startswith(("redis.", "aioredis.")):
        return FoundEffect("update", call.at, last, True)
    if draft.program.uses("nameko") and draft.program.callee(call, module).startswith("nameko.events.EventDispatcher"):
        return FoundEffect("publish", call.at, "an event", False) if last != "EventDispatcher" else None
    return None


def _http(verb: str, call: PythonCall) -> FoundEffect:
    absolute = HTTP_VERBS[verb]
    headers = call.argument("headers")
    if not absolute and headers is not None:
        absolute = _has_text(headers.value, "idempotency-key")
    return FoundEffect("remote-write", call.at, verb.upper(), absolute)


def _sql(draft: Draft, call: PythonCall, module: Module) -> FoundEffect | None:
    text = _sql_text(draft, call.arguments[0].value, module)
    match = SQL.match(text) if text else None
    if not match or text is None:
        return None
    verb = match[1].upper()
    if verb == "INSERT":
        upsert = bool(UPSERT.search(text))
        return FoundEffect("insert", call.at, "INSERT", upsert)
    if verb == "UPDATE":
        relative = bool(RELATIVE.search(text))
        return FoundEffect("increment" if relative else "update", call.at, "UPDATE", not relative)
    return FoundEffect("delete" if verb in ("DELETE", "TRUNCATE") else "update", call.at, verb, True)


def sql_of(draft: Draft, call: PythonCall, module: Module) -> str | None:
    """The SQL that a call runs, as far as it is known."""
    return _sql_text(draft, call.arguments[0].value, module)


def _is_stored_already(call: PythonCall, module: Module) -> Truth:
    """Whether what is added to a session was fetched from it, or is told by its own key: adding that twice changes
    nothing."""
    value = call.arguments[0].value
    options = value.options if isinstance(value, Choice) else (value,)
    found: list[Truth] = []
    for one in options:
        made = module.facts.calls[one.call] if isinstance(one, Result) else None
        last = made.name.rpartition(".")[2] if made is not None else ""
        given = made.argument("id") or made.argument("uuid") or made.argument("pk") if made is not None else None
        if last in LOOKUPS or last == "get":
            found.append(True)
        elif given is not None and not isinstance(given.value, Result | Literal):
            found.append(UNKNOWN)
        else:
            found.append(False)
    if True in [one for one in found if not isinstance(one, Unknown)] and len(found) > 1:
        return UNKNOWN
    return found[0]


def _sql_text(draft: Draft, expression: Expression, module: Module) -> str | None:
    if isinstance(expression, Template) and expression.parts and isinstance(expression.parts[0], Literal):
        return str(expression.parts[0].value)
    made = draft.program.origin(expression, module)
    if made is not None and made[0].name.rpartition(".")[2] in ("text", "SQL") and made[0].arguments:
        return _sql_text(draft, made[0].arguments[0].value, made[1])
    if made is not None:
        names = made[0].name.split(".")
        if "insert" in names or names[-1] == "values":
            return "INSERT"
    values = draft.program.evaluate(expression, module)
    if isinstance(values, Unknown) or not values:
        return None
    return str(values[0].value)


def _is_session(draft: Draft, call: PythonCall, module: Module) -> bool:
    base = call.name.rpartition(".")[0]
    if SESSION.search(base):
        return True
    return bool(SESSION.search(draft.program.callee(call, module).rpartition(".")[0]))


def _stored(draft: Draft, call: PythonCall, module: Module, last: str) -> FoundEffect | None:
    name = draft.program.callee(call, module)
    if last in ("put", "upload_from_stream"):
        imports = {one.module.split(".")[0] for other in [module] for one in other.facts.imports}
        if "gridfs" in name or (name.startswith("?") and "gridfs" in imports):
            return FoundEffect("insert", call.at, "GridFS " + last, False)
        if (
            name.startswith("?")
            and last == "put"
            and re.search(r"(^|\.|_)(grid)?fs(_|\.|$)", call.name.rpartition(".")[0])
        ):
            return FoundEffect("insert", call.at, "GridFS put", False)
        return _sent(draft, call, module, last)
    if last in ("put_item", "update_item"):
        return FoundEffect("update", call.at, last, UNKNOWN if last == "update_item" else True)
    if ".objects." in call.name and last in ("create", "bulk_create"):
        ignored = call.argument("ignore_conflicts") is not None
        return FoundEffect("insert", call.at, f"objects.{last}", ignored)
    if last == "create" and PAYMENT.match(name):
        return FoundEffect("payment", call.at, name, call.argument("idempotency_key") is not None)
    if last == "save" and not call.arguments:
        if _counts(call, module):
            return FoundEffect("increment", call.at, "save()", False)
        return FoundEffect("update", call.at, "save()", UNKNOWN)
    return None


def _counts(call: PythonCall, module: Module) -> bool:
    """Whether the function changes an attribute of a saved or committed record by what it was (``item.stock -= 1``)."""
    saved = call.callee.base if isinstance(call.callee, Member) else None
    return any(
        one.augmented
        and one.function == call.function
        and isinstance(one.target, Member)
        and (
            one.target.base == saved
            if call.name.endswith(".save")
            else isinstance(one.target.base, Result | Element | Choice)
        )
        for one in module.facts.assignments
    )


def _sent(draft: Draft, call: PythonCall, module: Module, last: str) -> FoundEffect | None:
    name = draft.program.callee(call, module)
    if last in ("delay", "apply_async", "send_task"):
        return None if name.startswith(("asyncio.", "time.")) else FoundEffect("publish", call.at, f"{last}()", False)
    if last == "basic_publish" or (BROKER.match(name) and (last in PUBLISH or last in ("send", "send_message", "put"))):
        if DEAD.search(" ".join(_texts(draft, call, module))):
            return None
        return FoundEffect("publish", call.at, "a message", False)
    if (
        last == "publish"
        and name.startswith("?")
        and any(one.name in ("routing_key", "exchange", "topic", "subject", "channel") for one in call.arguments)
    ):
        return FoundEffect("publish", call.at, "a message", False)
    if last == "send_message" and call.argument("QueueUrl") is not None:
        return FoundEffect("publish", call.at, "a message", False)
    if last == "publish" and (call.argument("TopicArn") is not None or call.argument("TargetArn") is not None):
        return FoundEffect("publish", call.at, "a message", False)
    if MAIL_LIBRARIES.match(name):
        return FoundEffect("mail", call.at, "a mail", False)
    if PAYMENT.match(name):
        return FoundEffect("payment", call.at, name, call.argument("idempotency_key") is not None)
    if HTTP_LIBRARIES.match(name) and last in HTTP_VERBS:
        return _http(last, call)
    return None


def _texts(draft: Draft, call: PythonCall, module: Module) -> Iterator[str]:
    for argument in call.arguments:
        if argument.name in (None, "routing_key", "exchange", "topic", "subject", "queue"):
            values = draft.program.evaluate(argument.value, module)
            if not isinstance(values, Unknown):
                for one in values[:1]:
                    if isinstance(one.value, str) and len(one.value) < 100:
                        yield one.value


def _relative_update(value: Expression) -> bool:
    return isinstance(value, Dictionary) and any(
        isinstance(key, Literal) and key.value in MONGO_RELATIVE for key, _ in value.entries
    )


def _has_key(value: Expression) -> bool:
    return isinstance(value, Dictionary) and any(
        isinstance(key, Literal) and isinstance(key.value, str) and KEY_NAMES.match(key.value)
        for key, _ in value.entries
    )


def _has_text(value: Expression, text: str) -> bool:
    return isinstance(value, Dictionary) and any(
        isinstance(key, Literal | Reference) and text in str(getattr(key, "value", "")).lower()
        for key, _ in value.entries
    )
