"""Two-phase commit: where code, SQL or configuration asks several resources to commit as one.

In: calls and SQL of the services' code, and configuration values. Out: one TwoPhaseCommit a function or file. A library
that implements the protocol for others is no service and is left out.
"""

from __future__ import annotations

import re

from archlint.core.facts.documents import ConfigValue
from archlint.core.facts.python import Literal, PythonCall
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.consistency import TwoPhaseCommit
from archlint.core.values import Place
from archlint.model.code.messaging.message_effects import sql_of
from archlint.model.code.messaging.message_libraries import SQL_CALLS
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.production import is_production, service_name_at
from archlint.model.program.program import Module

_METHODS = frozenset(
    [
        "tpc_begin",
        "tpc_prepare",
        "begin_twophase",
        "prepare_twophase",
        "begin_prepared",
        "sessionmaker",
        "async_sessionmaker",
        "Session",
        "scoped_session",
        "SQLAlchemy",
        "configure",
    ]
)
"""PEP 249's optional extension (psycopg, python-oracledb), and SQLAlchemy's
https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#enabling-two-phase-commit"""

_SQL = pattern(r"\s*(PREPARE\s+TRANSACTION|XA\s+(?:START|BEGIN|PREPARE))\b", re.IGNORECASE)
"""https://www.postgresql.org/docs/current/sql-prepare-transaction.html,
https://dev.mysql.com/doc/refman/8.4/en/xa-statements.html"""

_KEY = pattern(
    r"\bxa-data-?source|\bjta\.(atomikos|bitronix|narayana)\.|\bxa\.properties\.|\bseata\.tx-service-group",
    re.IGNORECASE,
)
_VALUE = pattern(r"(XADataSource|XAConnectionFactory)(Bean|Wrapper)?$")
"""https://docs.spring.io/spring-boot/docs/2.7.x/reference/html/io.html#io.jta"""


def add_two_phase_commits(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    for module in scope.modules():
        found: dict[int | None, list[tuple[Span, str]]] = {}
        for call in module.calls_named(_METHODS | SQL_CALLS):
            how = _how(draft, call, module)
            if how is not None:
                found.setdefault(call.function, []).append((call.at, how))
        for function, places in found.items():
            one = module.function(function)
            where = one.name if one is not None else module.name
            for service in scope.owners(module):
                draft.add(_subject(service, where, places))
    for path, places in _configured(draft).items():
        draft.add(_subject(service_name_at(draft, path), path, places))


def _subject(service: str | None, where: str, places: list[tuple[Span, str]]) -> TwoPhaseCommit:
    (at, how), *others = places
    return TwoPhaseCommit(
        at=at,
        name=how,
        key=f"{service or ''} {where} {how}",
        how=how,
        service=service,
        related=tuple(Place(one, what) for one, what in others[:5]),
    )


def _how(draft: Draft, call: PythonCall, module: Module) -> str | None:
    last = call.name.rpartition(".")[2]
    if last in SQL_CALLS:
        text = sql_of(draft, call, module) if call.arguments else None
        match = _SQL.match(text) if text else None
        return " ".join(match[1].upper().split()) if match is not None else None
    if last in ("sessionmaker", "async_sessionmaker", "Session", "scoped_session", "SQLAlchemy", "configure"):
        given = call.argument("twophase")
        return "twophase=True" if given is not None and given.value == Literal(True) else None
    return f"{last}()"


def _configured(draft: Draft) -> dict[str, list[tuple[Span, str]]]:
    found: dict[str, list[tuple[Span, str]]] = {}
    for one in draft.index.of(ConfigValue):
        by_key = _KEY.search(one.key)
        if by_key is None and not (isinstance(one.value, str) and _VALUE.search(one.value)):
            continue
        if is_production(one.at.path, draft.config):
            found.setdefault(one.at.path, []).append((one.at, str(one.value) if by_key is None else one.key))
    return found
