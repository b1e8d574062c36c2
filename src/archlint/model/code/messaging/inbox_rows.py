"""Rows that mark a message as handled, and are committed before it is: when the work then fails, the next delivery is
taken for a second one.

In: the calls that handling a message makes and its changes. Out: the commit. A row that is taken back when the work
fails is no such row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import PythonCall, Result
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.model.code.messaging.handler_paths import Handled, comes_before, levels_of
from archlint.model.code.messaging.message_libraries import ORM_ADD, SQL_CALLS
from archlint.model.code.messaging.stored_effects import FoundEffect, is_session, sql_of
from archlint.model.code.names import words_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_NAMES = frozenset({"inbox", "processed", "handled", "idempotency", "idempotent", "consumed"})
_TABLE = pattern(r"\b(?:INTO|FROM)\s+\S{0,40}(?:inbox|processed|dedup|handled|idempot)", re.IGNORECASE)


def committed_early(draft: Draft, handled: Handled, effects: list[FoundEffect]) -> Span | None:
    """The commit of a row of the inbox that stands before a change; None where there is none."""
    rows = list(_rows(draft, handled))
    if not rows:
        return None
    marked = {call.at for call, _ in rows}
    changes = [handled.places[one.at] for one in effects if one.at in handled.places and one.at not in marked]
    for commit, module in handled.calls:
        if not commit.name.endswith(".commit") or commit.arguments:
            continue
        levels = levels_of(handled, commit, module)
        if not any(comes_before(levels_of(handled, *row), levels) for row in rows):
            continue
        if any(comes_before(levels, levels_of(handled, *change)) for change in changes):
            return commit.at
    return None


def _rows(draft: Draft, handled: Handled) -> Iterator[tuple[PythonCall, Module]]:
    """The calls that insert into the inbox; none where one takes a row back."""
    found: list[tuple[PythonCall, Module]] = []
    for call, module in handled.calls:
        last = call.name.rpartition(".")[2]
        if last in SQL_CALLS and call.arguments:
            text = (sql_of(draft, call, module) or "")[:500]
            table = _TABLE.search(text)
            if table is not None and text.lstrip().upper().startswith("DELETE"):
                return
            if table is not None and text.lstrip().upper().startswith("INSERT"):
                found.append((call, module))
        elif last == "delete" and words_of(call.name) & _NAMES:
            return
        elif last in ORM_ADD and call.arguments and is_session(draft, call, module):
            value = call.arguments[0].value
            made = module.call(value.call) if isinstance(value, Result) else None
            if made is not None and words_of(made.name.rpartition(".")[2]) & _NAMES:
                found.append((call, module))
    yield from found
