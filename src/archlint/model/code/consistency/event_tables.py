"""Which tables of a service hold its events for good, and only grow.

In: the models, tables and INSERTs of the services' code. Out: the names (of tables, models and collections) of event
stores. A table called ``events`` may hold concerts: it counts only with a stream's key and a position in it among its
columns. Outboxes, inboxes, snapshots and projections are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import (
    Dictionary,
    Expression,
    Literal,
    PythonAssignment,
    PythonCall,
    Reference,
    Template,
)
from archlint.core.record import pattern
from archlint.model.code.consistency.stored_changes import collection_of, read_statement
from archlint.model.code.messaging.message_libraries import SQL_CALLS
from archlint.model.code.objects import call_of, literal_text, member_of
from archlint.model.code.scope import CodeScope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_SURE = pattern(
    r"^(\w+_)?(event_?stores?|stored_?events?|event_?journals?|event_?streams?|domain_?event_?(log|records?|entries)?s?|"
    r"domain_?events|event_?sourcing_?events?|event_?store_?(events?|entries|entry|records?))(_?(model|entity|orm|record|table))?$",
    re.IGNORECASE,
)
_MAYBE = pattern(
    r"^(\w+_)?events?(_?(model|entity|orm|record|row|table|entry|log|history))?$|^\w+event(model|entity|record|row|orm)$",
    re.IGNORECASE,
)
_NOT = pattern(
    r"outbox|inbox|snapshot|projection|read_?model|view|processed|pending|queue|audit|webhook|calendar", re.IGNORECASE
)
_STREAM = pattern(
    r"^(aggregate|stream|originator|entity|source)_?(id|uuid|name|key|type)$|^stream$|^aggregate$|^persistence_id$",
    re.IGNORECASE,
)
_POSITION = pattern(
    r"^((aggregate|stream|event|originator|entity)_?)?(version|sequence|seq|revision|playhead|sequence_?(number|num|no|nr)|"
    r"event_?number|position|seq_?no)$",
    re.IGNORECASE,
)
_CREATED = pattern(
    r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"`]?([\w.]+)[\"`]?\s*\((.{1,4000})", re.IGNORECASE | re.DOTALL
)
_COLUMN = pattern(r"(?:^|,)\s*[\"`]?(\w+)[\"`]?\s+\w", re.MULTILINE)


def event_tables(draft: Draft, scope: CodeScope) -> dict[str, frozenset[str]]:
    """The names of event stores by service, in lower case."""
    found: dict[str, set[str]] = {}
    for module in scope.modules():
        names = _names(draft, module)
        if names:
            for service in scope.owners(module):
                found.setdefault(service, set()).update(names)
    return {service: frozenset(names) for service, names in found.items()}


def _names(draft: Draft, module: Module) -> set[str]:
    names: set[str] = set()
    for model, table, fields in _models(module):
        if any(_is_store(name, fields) for name in (model, table or "")):
            names.update(name.lower() for name in (model, table or "") if name)
    for call in module.calls_named(SQL_CALLS | {"Table", "create_table", "insert_one"}):
        if not call.arguments:
            continue
        last = call.name.rpartition(".")[2]
        if last in SQL_CALLS:
            text = _text(module, call.arguments[0].value)
            named, columns = _of_sql(call, text) if text is not None else (None, ())
        elif last == "insert_one":
            named = collection_of(call.callee)
            value = call.arguments[0].value
            columns = _keys(value)
        else:
            named = literal_text(call.arguments[0].value)
            columns = tuple(filter(None, (_column(module, one.value) for one in call.arguments[1:])))
        if named is not None and _is_store(named, columns):
            names.add(named.lower())
    return names


def is_event_store(name: str | None, tables: frozenset[str]) -> bool:
    """Whether a table, model or collection is one of the event stores."""
    return name is not None and name.lower() in tables


def _is_store(name: str, columns: tuple[str, ...]) -> bool:
    if not name or _NOT.search(name):
        return False
    keyed = any(_STREAM.match(one) for one in columns)
    placed = any(_POSITION.match(one) for one in columns)
    if _SURE.match(name):
        return keyed or placed or not columns
    return bool(_MAYBE.match(name)) and keyed and placed


def _models(module: Module) -> Iterator[tuple[str, str | None, tuple[str, ...]]]:
    """The classes that are records, as they have columns or a table: name, table, columns."""
    fields: dict[str, list[PythonAssignment]] = {}
    for one in module.facts.assignments if module.facts.classes else ():
        if isinstance(one.target, Reference) and one.function is None:
            fields.setdefault(one.target.name.rpartition(".")[0], []).append(one)
    for owner in module.facts.classes:
        table: str | None = None
        columns: list[str] = []
        is_record = False
        for field in (*fields.get(owner.name, ()), *fields.get(f"{owner.name}.Meta", ())):
            last = member_of(field.target)
            if last in ("__tablename__", "db_table", "table_name", "__table_name__"):
                table, is_record = literal_text(field.value), True
                continue
            columns.append(last)
            made = call_of(field.value, module)
            kind = member_of(made.callee) if made is not None else ""
            is_record = is_record or kind in ("Column", "mapped_column") or kind.endswith("Field")
        if is_record:
            yield owner.name.rpartition(".")[2], table, tuple(columns)


def _of_sql(call: PythonCall, text: str) -> tuple[str | None, tuple[str, ...]]:
    created = _CREATED.match(text)
    if created is not None:
        return created[1].rpartition(".")[2], tuple(_COLUMN.findall(created[2]))
    change = read_statement(text, call.at)
    return (change.table, change.columns) if change is not None and change.verb == "insert" else (None, ())


def _column(module: Module, value: Expression) -> str | None:
    made = call_of(value, module)
    if made is None or member_of(made.callee) != "Column" or not made.arguments:
        return None
    return literal_text(made.arguments[0].value)


def _keys(value: Expression) -> tuple[str, ...]:
    entries = value.entries if isinstance(value, Dictionary) else ()
    return tuple(str(key.value) for key, _ in entries if isinstance(key, Literal))


def _text(module: Module, value: Expression) -> str | None:
    made = call_of(value, module)
    if made is not None and member_of(made.callee) in ("text", "SQL") and made.arguments:
        value = made.arguments[0].value
    if isinstance(value, Template) and value.parts:
        value = value.parts[0]
    return literal_text(value)
