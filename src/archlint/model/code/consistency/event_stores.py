"""What is done to stored events beside appending them: changes and removals, and replays from the very first one.

In: the event stores of each service (``event_tables``), its SQL and records, and the code that applies events. Out: an
EventMutation for each change or removal, an EventReplay for each place that rebuilds an aggregate. Marking an event as
published changes nothing of what happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import Dictionary, Literal, PythonCall
from archlint.core.record import pattern
from archlint.core.system.consistency import EventMutation
from archlint.model.code.consistency.event_replays import add_event_replays
from archlint.model.code.consistency.event_tables import event_tables, is_event_store
from archlint.model.code.consistency.stored_changes import StoredChange, chain_of, change_of
from archlint.model.code.messaging.message_libraries import SQL_CALLS
from archlint.model.code.objects import call_of
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_CHANGING = SQL_CALLS | {
    "exec",
    "update",
    "aupdate",
    "delete",
    "adelete",
    "delete_instance",
    "bulk_update",
    "bulk_update_mappings",
    "update_one",
    "update_many",
    "replace_one",
    "find_one_and_update",
    "find_one_and_replace",
    "find_one_and_delete",
    "delete_one",
    "delete_many",
    "update_item",
    "delete_item",
}
_PROGRESS = pattern(
    r"^(is_)?(published|dispatched|sent|delivered|relayed|processed|handled|status|state|attempts?|retries|retry_count|"
    r"locked(_until|_by|_at)?|claimed(_at|_by)?|error|last_error|exported|archived)(_at|_on)?$",
    re.IGNORECASE,
)


def add_event_stores(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    tables = event_tables(draft, scope)
    for module in scope.modules() if tables else ():
        for service in scope.owners(module):
            mine = tables.get(service)
            if mine:
                draft.add(*_mutations(draft, service, module, mine))
    add_event_replays(draft, scope, tables)


def _mutations(draft: Draft, service: str, module: Module, tables: frozenset[str]) -> Iterator[EventMutation]:
    for call in module.calls_named(_CHANGING):
        change = change_of(draft, call, module)
        if change is None or change.verb not in ("update", "delete") or not is_event_store(change.table, tables):
            continue
        if change.verb == "update" and _only_progress(call, change, module):
            continue
        function = module.function(call.function)
        name = function.name if function is not None else module.name
        yield EventMutation(
            at=call.at,
            name=f"{service}.{name.rpartition('.')[2]}",
            key=f"{service} {name} {change.verb} {change.table}",
            service=service,
            table=change.table or "",
            verb=change.verb,
            function=name,
        )


def _only_progress(call: PythonCall, change: StoredChange, module: Module) -> bool:
    """Whether the update only says how far the event has come on its way to those who wait for it."""
    columns = list(change.columns)
    for link in chain_of(call, module):
        columns += _set(link)
        for argument in link.arguments:
            inner = call_of(argument.value, module)
            if inner is not None:
                columns += [name for each in chain_of(inner, module) for name in _set(each)]
    return bool(columns) and all(_PROGRESS.match(one) for one in columns)


def _set(call: PythonCall) -> Iterator[str]:
    """The columns that ``values(…)`` or ``update({…})`` sets."""
    if call.name.rpartition(".")[2] not in ("values", "update", "aupdate", "update_one", "update_many"):
        return
    for argument in call.arguments:
        if argument.name not in (None, "*", "**", "synchronize_session"):
            yield str(argument.name)
        if isinstance(argument.value, Dictionary):
            for key, value in argument.value.entries:
                if isinstance(key, Literal) and key.value == "$set" and isinstance(value, Dictionary):
                    yield from (str(one.value) for one, _ in value.entries if isinstance(one, Literal))
                elif isinstance(key, Literal) and call.name.rpartition(".")[2] in ("values", "update"):
                    yield str(key.value)
