"""What a call changes in a database: SQL that it runs, records that it adds, counts or deletes.

In: a call and its module. Out: a FoundEffect, or None where it changes nothing that is known to be stored.
"""

from __future__ import annotations

import re

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
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Truth, Unknown
from archlint.model.code.messaging.effect_values import (
    entry_of,
    is_generated,
    is_keyed,
    is_relative,
    is_relative_update,
    parameters_of,
)
from archlint.model.code.messaging.message_libraries import (
    KEY_NAMES,
    LOOKUPS,
    MONGO_ABSOLUTE,
    MONGO_INSERT,
    MONGO_UPDATE,
    ORM_ADD,
    RELATIVE,
    SESSION,
    SQL,
    SQL_CALLS,
    UPSERT,
    UPSERTING,
)
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE, Module

_TABLE = pattern(r"\b(?:INTO|UPDATE|FROM)\s+(?:ONLY\s+)?[\"`]?([\w.]{1,80})", re.I)
_COLUMNS = pattern(r"INTO\s+\S{1,80}\s*\(([^()]{1,2000})\)\s*VALUES\s*\(([^()]{1,2000})\)", re.I)
_GRIDFS_NAME = pattern(r"(^|\.|_)(grid)?fs(_|\.|$)")
_COUNTED_UP = pattern(r"\bADD\b|(\S+)\s*=\s*(if_not_exists\s*\(\s*)?\1\b", re.I)
_QUERY = pattern(r"objects|filter|filter_by|query|get_queryset|exclude|all|where")


@dataclass(frozen=True)
class FoundEffect:
    """One change: what, where, and whether doing it twice leaves the same state."""

    kind: str
    at: Span
    what: str
    is_absolute: Truth


def stored_effect(draft: Draft, call: PythonCall, module: Module) -> FoundEffect | None:
    """What the call changes in a database."""
    last = call.name.rpartition(".")[2]
    if last in SQL_CALLS and call.arguments:
        found = _sql(draft, call, module)
        if found is not None:
            return found
    if last in MONGO_INSERT:
        document = call.argument("document", 0)
        key = entry_of(document.value, "_id") if document is not None else None
        keyed = key is not None and not is_generated(key, module)
        return FoundEffect("insert", call.at, last, UNKNOWN if keyed else False)
    if last in MONGO_UPDATE:
        relative = any(is_relative_update(one.value) for one in call.arguments)
        known = any(isinstance(one.value, Dictionary) for one in call.arguments[1:])
        return FoundEffect(
            "increment" if relative else "update", call.at, last, False if relative else known or UNKNOWN
        )
    if last in MONGO_ABSOLUTE:
        return FoundEffect("update", call.at, last, True)
    if last in ("put_item", "update_item"):
        return _dynamo(draft, call, module, last)
    if last == "index" and draft.program.callee(call, module).startswith(("elasticsearch.", "opensearchpy.")):
        return FoundEffect("insert", call.at, "index()", call.argument("id") is not None)
    if last in ("put", "upload_from_stream"):
        return _gridfs(draft, call, module, last)
    return _record(draft, call, module, last)


def sql_of(draft: Draft, call: PythonCall, module: Module) -> str | None:
    """The SQL that a call runs, as far as it is known."""
    return _sql_text(draft, call.arguments[0].value, module)


def _sql(draft: Draft, call: PythonCall, module: Module) -> FoundEffect | None:
    text = _sql_text(draft, call.arguments[0].value, module)
    match = SQL.match(text) if text else None
    if not match or text is None:
        return None
    verb = match[1].upper()
    table = _TABLE.search(text)
    what = f"{verb} {table[1]}" if table is not None else verb
    if verb == "INSERT" and _imports(module, "cassandra"):
        return FoundEffect("insert", call.at, what, True)  # CQL's INSERT writes over what is there
    if verb == "INSERT":
        upsert: Truth = bool(UPSERT.search(text)) or (UNKNOWN if _inserts_key(text, call, module) else False)
        return FoundEffect("insert", call.at, what, upsert)
    if verb == "UPDATE":
        relative = bool(RELATIVE.search(text))
        return FoundEffect("increment" if relative else "update", call.at, what, not relative)
    return FoundEffect("delete" if verb in ("DELETE", "TRUNCATE") else "update", call.at, what, True)


def _imports(module: Module, package: str) -> bool:
    return any(one.module.partition(".")[0] == package for one in module.facts.imports)


def _inserts_key(text: str, call: PythonCall, module: Module) -> bool:
    """Whether a row is inserted with a key of its own from the message: a second one would be refused."""
    match = _COLUMNS.search(text)
    if match is None:
        return False
    if HOLE in match[1]:
        return True  # which columns are written is decided elsewhere
    columns = [one.strip(' "`\n\t') for one in match[1].split(",")]
    table = _TABLE.search(text)
    singular = table[1].rpartition(".")[2].removesuffix("s") + "_id" if table is not None else ""
    values = parameters_of(call)
    for place, column in enumerate(columns):
        if column.lower() in ("id", "uuid", "_id", singular.lower()) or KEY_NAMES.match(column):
            written = match[2].split(",")[place].strip() if place < match[2].count(",") + 1 else ""
            if "(" in written or written.lower() == "default":
                continue
            value = values[place] if len(values) == len(columns) else None
            if value is None or not is_generated(value, module):
                return True
    return False


def _sql_text(draft: Draft, expression: Expression, module: Module) -> str | None:
    if isinstance(expression, Template) and expression.parts and isinstance(expression.parts[0], Literal):
        # The whole text counts: the table may be a constant, and what follows it says how rows are written.
        return "".join(_part(draft, one, module) for one in expression.parts)
    made = draft.program.origin(expression, module)
    if made is None and isinstance(expression, Result):
        call = module.call(expression.call)
        made = (call, module) if call is not None else None
    if made is not None and made[0].name.rpartition(".")[2] in ("text", "SQL") and made[0].arguments:
        return _sql_text(draft, made[0].arguments[0].value, made[1])
    if made is not None:
        built = _built(made[0], made[1])
        if built is not None:
            return built
    values = draft.program.evaluate(expression, module)
    if isinstance(values, Unknown) or not values:
        return None
    return str(values[0].value)


def _part(draft: Draft, part: Expression, module: Module) -> str:
    if isinstance(part, Literal):
        return str(part.value)
    values = draft.program.evaluate(part, module) if isinstance(part, Reference) else ()
    return str(values[0].value) if not isinstance(values, Unknown) and len(values) == 1 else HOLE


def _built(call: PythonCall, module: Module) -> str | None:
    """A statement of SQLAlchemy's builder, as SQL: ``insert(Order).values(…)``, ``update(I).values(n=I.n - 1)``."""
    steps = [call]
    while len(steps) < 8 and isinstance(steps[-1].callee, Member) and isinstance(steps[-1].callee.base, Result):
        inner = module.call(steps[-1].callee.base.call)
        if inner is None:
            break
        steps.append(inner)
    names = [one.name.rpartition(".")[2] for one in steps]
    if any(one.startswith(("on_conflict", "on_duplicate")) for one in names):
        return "INSERT ON CONFLICT"
    first = names[-1]
    every = {part for one in steps for part in one.name.split(".")}
    if "insert" in every or first.endswith("insert") or (names[0] == "values" and "update" not in every):
        return "INSERT"
    if "update" in every or first == "update":
        relative = any(is_relative(argument.value, module) for one in steps for argument in one.arguments)
        return "UPDATE it SET n = n + 1" if relative else "UPDATE it SET n = 1"
    return "DELETE" if "delete" in every else None


def _dynamo(draft: Draft, call: PythonCall, module: Module, last: str) -> FoundEffect:
    if last == "put_item":
        item = call.argument("Item")
        fresh = item is not None and isinstance(item.value, Dictionary) and _first_is_generated(item.value, module)
        return FoundEffect("insert" if fresh else "update", call.at, last, not fresh)
    expression = call.argument("UpdateExpression")
    values = draft.program.evaluate(expression.value, module) if expression is not None else UNKNOWN
    text = "" if isinstance(values, Unknown) or not values else str(values[0].value)
    counted = bool(_COUNTED_UP.search(text[:500]))
    if counted and call.argument("ConditionExpression") is None:
        return FoundEffect("increment", call.at, last, False)
    return FoundEffect("update", call.at, last, UNKNOWN)


def _first_is_generated(item: Dictionary, module: Module) -> bool:
    return any(
        isinstance(key, Literal)
        and str(key.value).lower() in ("id", "pk", "_id", "uuid")
        and is_generated(value, module)
        for key, value in item.entries
    )


def _gridfs(draft: Draft, call: PythonCall, module: Module, last: str) -> FoundEffect | None:
    name = draft.program.callee(call, module)
    imports = {one.module.split(".")[0] for one in module.facts.imports}
    if "gridfs" in name or (name.startswith("?") and "gridfs" in imports):
        return FoundEffect("insert", call.at, "GridFS " + last, False)
    if name.startswith("?") and last == "put" and _GRIDFS_NAME.search(call.name.rpartition(".")[0]):
        return FoundEffect("insert", call.at, "GridFS put", False)
    return None


def _record(draft: Draft, call: PythonCall, module: Module, last: str) -> FoundEffect | None:
    """Records of an ORM."""
    if last in UPSERTING and "." in call.name and (last != "merge" or is_session(draft, call, module)):
        return FoundEffect("insert" if last == "get_or_create" else "update", call.at, f"{last}()", True)
    if last in ORM_ADD and call.arguments and is_session(draft, call, module):
        return FoundEffect("insert", call.at, f"{last}()", _is_stored_already(draft, call, module))
    if last == "commit" and call.function is not None and _counts(call, module) and is_session(draft, call, module):
        return FoundEffect("increment", call.at, "commit()", False)
    if last in ("create", "acreate", "bulk_create", "abulk_create") and ".objects." in call.name:
        ignored: Truth = call.argument("ignore_conflicts") is not None
        if ignored is False and is_keyed(draft, call, module):
            ignored = UNKNOWN
        return FoundEffect("insert", call.at, f"objects.{last}", ignored)
    if last in ("save", "asave") and not call.arguments:
        if _counts(call, module):
            return FoundEffect("increment", call.at, "save()", False)
        return FoundEffect("update", call.at, "save()", UNKNOWN)
    if last in ("update", "aupdate") and call.arguments and _is_query(call, module):
        relative = any(is_relative(one.value, module) for one in call.arguments)
        return FoundEffect("increment" if relative else "update", call.at, "update()", not relative)
    if last in ("delete", "adelete") and (
        (not call.arguments and _is_query(call, module)) or (call.arguments and is_session(draft, call, module))
    ):
        return FoundEffect("delete", call.at, "delete()", True)
    return None


def _is_query(call: PythonCall, module: Module) -> bool:
    """Whether a method is called on a query: ``Product.objects.filter(…).update(…)``."""
    base = call.callee.base if isinstance(call.callee, Member) else None
    made = module.call(base.call) if isinstance(base, Result) else None
    if made is None:
        return ".objects." in call.name
    return bool(_QUERY.fullmatch(made.name.rpartition(".")[2])) and "." in made.name


def is_session(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether a method is one of a session of SQLAlchemy, by its name or class."""
    base = call.name.rpartition(".")[0]
    if SESSION.search(base):
        return True
    return bool(SESSION.search(draft.program.callee(call, module).rpartition(".")[0]))


def _is_stored_already(draft: Draft, call: PythonCall, module: Module) -> Truth:
    """Whether what is added to a session was fetched from it, or is told by its own key: adding that twice changes
    nothing."""
    value = call.arguments[0].value
    options = value.options if isinstance(value, Choice) else (value,)
    found: list[Truth] = []
    for one in options:
        made = module.call(one.call) if isinstance(one, Result) else None
        last = made.name.rpartition(".")[2] if made is not None else ""
        given = made.argument("id") or made.argument("uuid") or made.argument("pk") if made is not None else None
        if last in LOOKUPS or last == "get":
            found.append(True)
        elif given is not None and not isinstance(given.value, Result | Literal):
            found.append(UNKNOWN)
        else:
            found.append(UNKNOWN if made is not None and is_keyed(draft, made, module) else False)
    if True in [one for one in found if not isinstance(one, Unknown)] and len(found) > 1:
        return UNKNOWN
    return found[0]


def _counts(call: PythonCall, module: Module) -> bool:
    """Whether the function changes an attribute of a saved or committed record by what it was (``item.stock -= 1``)."""
    saved = call.callee.base if isinstance(call.callee, Member) else None
    return any(
        one.augmented
        and one.function == call.function
        and isinstance(one.target, Member)
        and (
            one.target.base == saved
            if call.name.endswith("save")
            else isinstance(one.target.base, Result | Element | Choice)
        )
        for one in module.facts.assignments
    )
