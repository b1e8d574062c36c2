"""Conditions that make a second delivery harmless: what a lookup, a claim or a state decides on.

In: the changes that handling a message makes, and how the code comes to them. Out: a Setting where each of them stands
behind a condition on what is stored, UNKNOWN where a condition that is not understood decides on them, None where
nothing recognises a second delivery. A lookup of what is then changed is no such condition.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Iterable, Iterator

from archlint.core.facts.python import (
    Choice,
    Element,
    Expression,
    Item,
    Literal,
    Look,
    Member,
    Parameter,
    PythonCall,
    PythonFunction,
    PythonTest,
    Reference,
    Result,
    Template,
)
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.handler_paths import Handled
from archlint.model.code.message_effects import FoundEffect, sql_of
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
_MUST_STAND_BEHIND = frozenset({"insert", "increment", "mail", "payment"})
_MOST_STEPS = 8
_DEPTH = 3


def recognition(draft: Draft, handled: Handled, effects: Iterable[FoundEffect]) -> Setting[str] | Unknown | None:
    """What recognises a second delivery before the changes that it would make twice."""
    places = handled.places
    verdicts = [
        (effect.kind, _protection(draft, handled, *places[effect.at]))
        for effect in effects
        if effect.is_absolute is False and effect.at in places
    ]
    if not verdicts:
        return None
    found = next((one for _, one in verdicts if isinstance(one, Setting)), None)
    unsure = next((one for _, one in verdicts if isinstance(one, Unknown)), None)
    if unsure is None:
        unsure = _of_wrappers(draft, handled)
    open_ones = {kind for kind, one in verdicts if one is None}
    if not open_ones:
        return found if unsure is None else unsure
    if found is not None and not open_ones & _MUST_STAND_BEHIND:
        return Unknown("one of the changes stands behind a check")
    return unsure if unsure is not None and found is None else None


def _protection(draft: Draft, handled: Handled, call: PythonCall, module: Module) -> Setting[str] | Unknown | None:
    unsure: Unknown | None = None
    for _ in range(_MOST_STEPS):
        functions = list(_around(call.function, module))
        for test in _tests(draft, module, functions):
            side = _side(test, call.at)
            if side is None:
                continue
            verdict = _verdict(draft, handled, test, side, module)
            if isinstance(verdict, Setting):
                return verdict
            unsure = verdict if unsure is None else unsure
        entry = next(
            (
                handled.entries[module.facts.functions[one].name]
                for one in functions
                if one is not None and module.facts.functions[one].name in handled.entries
            ),
            None,
        )
        if entry is None:
            break
        call, module = entry
    return unsure


def _of_wrappers(draft: Draft, handled: Handled) -> Unknown | None:
    for function, module in handled.wrappers:
        index = next((place for place, one in enumerate(module.facts.functions) if one is function), None)
        for test in _tests(draft, module, [index]):
            for side in ("body", "else"):
                if _verdict(draft, handled, test, side, module) is not None:
                    return Unknown("what calls the handler checks what is stored")
    return None


def _around(function: int | None, module: Module) -> Iterator[int | None]:
    yield function
    while function is not None:
        function = module.facts.functions[function].parent
        if function is not None:
            yield function


def _tests(draft: Draft, module: Module, functions: list[int | None]) -> Iterator[PythonTest]:
    memo = draft.memo.setdefault("tests by function", {})
    assert isinstance(memo, dict)
    index: dict[int | None, list[PythonTest]] | None = memo.get(module.path)
    if index is None:
        index = memo[module.path] = {}
        for test in module.facts.tests:
            index.setdefault(test.function, []).append(test)
    for one in functions:
        yield from index.get(one, ())


def _side(test: PythonTest, at: Span) -> str | None:
    """Whether the condition holds (``body``) or not (``else``) where the code stands; None where it says nothing."""
    if _holds(test.body, at):
        return "body"
    if test.other is not None and _holds(test.other, at):
        return "else"
    end = max(test.body.end_line, test.other.end_line if test.other is not None else 0)
    if test.leaves and at.line > end and (test.until is None or at.line <= test.until):
        return "else"
    return None


def _holds(block: Span, at: Span) -> bool:
    return (block.line, block.column) <= (at.line, at.column) and (at.end_line, at.end_column) <= (
        block.end_line,
        block.end_column,
    )


def _verdict(
    draft: Draft, handled: Handled, test: PythonTest, side: str, module: Module
) -> Setting[str] | Unknown | None:
    unsure: Unknown | None = None
    for look in test.looks:
        kind = _kind(draft, handled, look.value, module, 0)
        new = (look.asks == "present" and side == "else") or (look.asks == "absent" and side == "body")
        unlisted = (look.asks == "in" and side == "else") or (look.asks == "not in" and side == "body")
        if kind == "claim":
            return Setting("a claim that only the first delivery gets", "code", test.at)
        if kind == "state" and look.asks != "in":
            return Setting("a check of the stored state", "code", test.at)
        if kind in ("stored", "attribute", "state") and (new or unlisted):
            return Setting("a lookup of what is stored", "code", test.at)
        if (kind == "unknown" and look.asks != "equal") or (unlisted and _is_memory(look)):
            unsure = Unknown("a condition that may recognise a second delivery")
    return unsure


def _is_memory(look: Look) -> bool:
    return isinstance(look.value, Reference | Member)


def _kind(draft: Draft, handled: Handled, value: Expression, module: Module, depth: int) -> str | None:
    """What a value is: ``stored``, a ``state`` or other ``attribute`` of it, a ``claim``, ``unknown``; else None."""
    if depth > _DEPTH:
        return None
    if isinstance(value, Choice):
        kinds = [_kind(draft, handled, one, module, depth + 1) for one in value.options]
        return next((one for one in kinds if one is not None), None)
    if isinstance(value, Element):
        return _kind(draft, handled, value.iterable, module, depth + 1)
    if isinstance(value, Result):
        return _of_call(draft, handled, module.facts.calls[value.call], module, depth)
    if isinstance(value, Member | Item):
        name = value.name if isinstance(value, Member) else str(getattr(value.key, "value", ""))
        if name in _CHANGED:
            return "claim"
        base = _kind(draft, handled, value.base, module, depth + 1)
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
        found = None if isinstance(base, Parameter) else _kind(draft, handled, base, module, depth + 1)
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
    given = [_kind(draft, handled, one, module, depth + 1) for one in function.returns]
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
