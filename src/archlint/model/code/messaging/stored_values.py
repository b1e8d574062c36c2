"""What a value in a handler is: something that is stored, the state of it, a claim that only one delivery gets.

In: an expression and how the code comes to it. Out: ``stored``, ``state`` or another ``attribute`` of what is stored,
``claim``, ``unknown`` where it is not understood; None where it says nothing of earlier deliveries.
"""

from __future__ import annotations

import builtins
import re
import sys

from archlint.core.facts.python import (
    Choice,
    Element,
    Expression,
    Item,
    Literal,
    Member,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
    Template,
)
from archlint.core.values import Unknown
from archlint.model.code.messaging.handler_paths import Handled
from archlint.model.code.messaging.stored_effects import sql_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

LOOKUPS = frozenset(
    [
        "first",
        "one_or_none",
        "scalar_one_or_none",
        "scalar_one",
        "scalar",
        "scalars",
        "find_one",
        "fetchone",
        "fetchrow",
        "fetchval",
        "fetch_one",
        "exists",
        "get_or_none",
        "sismember",
        "hexists",
        "hget",
        "get_item",
        "count",
        "count_documents",
        "fetchall",
        "all",
        "to_list",
        "find",
        "filter",
        "filter_by",
        "aggregate",
        "get_by_id",
        "find_by_id",
    ]
)
"""Methods that give what is stored."""

_CLAIMS = frozenset({"setnx", "hsetnx", "sadd", "get_or_create", "update_or_create"})
_CHANGED = frozenset(
    {"rowcount", "inserted_id", "upserted_id", "modified_count", "matched_count", "inserted_primary_key"}
)
_STATE = re.compile(
    r"stat(us|e)|version|processed|handled|sequence|offset|_at$|completed|paid|sent|notified|revision", re.I
)
_DATA = frozenset(
    [
        "loads",
        "json",
        "strip",
        "lower",
        "upper",
        "startswith",
        "endswith",
        "split",
        "keys",
        "items",
        "values",
        "isdigit",
        "match",
        "search",
        "fullmatch",
        "parse",
        "is_set",
        "error",
        "receive_message",
        "poll",
        "getone",
        "getmany",
        "consume",
        "xreadgroup",
        "get_message",
        "time",
        "random",
        "uniform",
        "getenv",
        "environ",
        "model_validate",
        "parse_obj",
        "decode",
        "encode",
        "isinstance",
        "hasattr",
        "getattr",
        "type",
        "value",
        "topic",
        "now",
        "utcnow",
        "int",
        "float",
        "str",
        "bool",
        "validate",
        "cast",
    ]
)
"""Calls that give what the message, the clock or the settings say, not what is stored."""

_LIBRARIES = re.compile(
    r"^(pika|aio_pika|kombu|celery|kafka|aiokafka|confluent_kafka|nats|faust|boto3|aioboto3|botocore|google|azure|nameko|"
    r"faststream|dramatiq|requests|httpx|aiohttp|urllib3|grpc|sqlalchemy|pydantic|opentelemetry|prometheus_client)\b"
)
"""Libraries whose answers are no news of earlier deliveries, what they are asked for by name apart."""

_UPSERT = re.compile(r"ON\s+CONFLICT|ON\s+DUPLICATE|INSERT\s+(OR\s+)?IGNORE", re.I)
_DEPTH = 3


def kind_of(draft: Draft, handled: Handled, value: Expression, module: Module, depth: int) -> str | None:
    """What a value is: ``stored``, a ``state`` or other ``attribute`` of it, a ``claim``, ``unknown``; else None."""
    if depth > _DEPTH:
        return None
    if isinstance(value, Choice):
        kinds = [kind_of(draft, handled, one, module, depth + 1) for one in value.options]
        return next((one for one in kinds if one is not None), None)
    if isinstance(value, Element):
        return kind_of(draft, handled, value.iterable, module, depth + 1)
    if isinstance(value, Result):
        return _of_call(draft, handled, module.facts.calls[value.call], module, depth)
    if isinstance(value, Member | Item):
        name = value.name if isinstance(value, Member) else str(getattr(value.key, "value", ""))
        if name in _CHANGED:
            return "claim"
        base = kind_of(draft, handled, value.base, module, depth + 1)
        if isinstance(value, Item) and isinstance(getattr(value.key, "value", None), int):
            return base
        if base in ("stored", "attribute"):
            return "state" if _STATE.search(name) else "attribute"
        return base
    if isinstance(value, Reference):
        owner, _, name = value.name.rpartition(".")
        if name in _CHANGED:
            return "claim"
        made = draft.program.origin(value, module)
        if made is not None:
            return _of_call(draft, handled, made[0], made[1], depth)
        if owner:
            made = draft.program.origin(Reference(owner), module)
            base = _of_call(draft, handled, made[0], made[1], depth) if made is not None else None
            if base in ("stored", "attribute"):
                return "state" if _STATE.search(name) else "attribute"
    return None


def _of_call(draft: Draft, handled: Handled, call: PythonCall, module: Module, depth: int) -> str | None:
    last = call.name.rpartition(".")[2]
    if last in _CLAIMS or (last == "set" and call.argument("nx") is not None):
        return "claim"
    if last in LOOKUPS and "." in call.name:
        return "claim" if _inserts(draft, call, module) else "stored"
    if last == "get" and "." in call.name:
        return _of_get(draft, handled, call, module, depth)
    if last in _DATA:
        return None
    targets = handled.targets(call, module)
    for function, where in targets:
        found = _of_function(draft, handled, function, where, depth)
        if found is not None:
            return found
    if targets:
        return None
    # Who asks for a message that was handled before says which one.
    if not call.arguments:
        return None
    name = draft.program.callee(call, module)
    package = name.partition(".")[0]
    if package in sys.stdlib_module_names or hasattr(builtins, package) or _LIBRARIES.match(name):
        return None
    return "unknown"


def _of_get(draft: Draft, handled: Handled, call: PythonCall, module: Module, depth: int) -> str | None:
    """``get``: of a table, a model or a cache by a key, or of a dictionary that is itself stored or data."""
    base = call.callee.base if isinstance(call.callee, Member) else Reference(call.name.rpartition(".")[0])
    first = call.arguments[0].value if call.arguments else None
    if isinstance(first, Literal) and isinstance(first.value, str):
        found = None if isinstance(base, Parameter) else kind_of(draft, handled, base, module, depth + 1)
        if found in ("stored", "attribute"):
            return "state" if _STATE.search(first.value) else "attribute"
        return found
    if isinstance(base, Parameter) and not isinstance(first, Template):
        return "unknown"
    targets = handled.targets(call, module)
    if targets:
        kinds = [_of_function(draft, handled, function, where, depth) for function, where in targets]
        return next((one for one in kinds if one is not None), None)
    return "stored"


def _of_function(draft: Draft, handled: Handled, function: PythonFunction, module: Module, depth: int) -> str | None:
    """A function of the workspace gives what is stored where it looks it up; whether its yes means known or new is
    not told where it gives a plain yes or no."""
    if depth >= _DEPTH:
        return "unknown"
    given = [kind_of(draft, handled, one, module, depth + 1) for one in function.returns]
    for kind in ("claim", "stored", "state", "attribute"):
        if kind in given:
            return kind
    looks = False
    for call in draft.program.calls_in(function, module):
        last = call.name.rpartition(".")[2]
        if (last in LOOKUPS and "." in call.name) or last in _CLAIMS:
            looks = True
        elif last in ("execute", "add", "insert_one") and any(
            "IntegrityError" in one or "Duplicate" in one for one in call.catches
        ):
            return "claim"
    if not looks:
        nested = [
            _of_function(draft, handled, *target, depth + 1)
            for call in draft.program.calls_in(function, module)
            if call.name.rpartition(".")[2] not in _DATA
            for target in handled.targets(call, module)
            if target[0] is not function
        ]
        return "unknown" if any(nested) else None
    answers = any(
        isinstance(one, Unknown) or (isinstance(one, Literal) and isinstance(one.value, bool))
        for one in function.returns
    )
    return "unknown" if answers else "stored"


def _inserts(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether what is fetched is what ``INSERT … ON CONFLICT DO NOTHING`` inserted."""
    for one in module.facts.calls:
        if one.function != call.function or one.at.line > call.at.line or not one.arguments:
            continue
        if one.name.rpartition(".")[2] in ("execute", "fetchrow", "fetchval", "fetch_one"):
            text = sql_of(draft, one, module)
            if text is not None and _UPSERT.search(text):
                return True
    return False
