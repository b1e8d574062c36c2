"""Places of a service's code that create tables, and whether serving runs them.

In: the services' production code (migrations are none). Out: a ``SchemaCreation`` for each function that creates
tables. It runs when serving if a way leads to it from a module that the process imports, from an application's start or
from a request; command-line tools, and scripts that nothing imports, are no such way. Where nobody is seen to call it,
that is UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archlint.core.facts.python import (
    Argument,
    Expression,
    Literal,
    Member,
    PythonCall,
    PythonFunction,
    Reference,
    dotted,
)
from archlint.core.record import pattern
from archlint.core.system.data import SchemaCreation
from archlint.core.values import Truth, Unknown
from archlint.model.code.code_starts import start_of_call
from archlint.model.code.messaging.message_effects import sql_of
from archlint.model.code.names import words_of
from archlint.model.code.objects import is_instance, member_of, values_of
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.production import is_alembic_environment
from archlint.model.program.program import Module

_CREATE_TABLE = pattern(
    r"\bCREATE\s+(?:(?:OR\s+REPLACE|UNLOGGED|FOREIGN|COLUMN|EXTERNAL)\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[`\"\[]?(?P<table>[\w.$\"]+)",
    re.IGNORECASE,
)
_IN_BYTES = pattern(rb"create\s(?:\w+\s)?table", re.IGNORECASE)
_SCHEMA_FILE = pattern(r"(?i)(?:^|[/_-])(?:schema|tables?|ddl|init(?:ial|db|_db)?|create\w*|structure)[\w-]*\.sql$")
_OWN_TABLES = pattern(r"(?i)(?:schema|alembic|db|yoyo|flyway)_?(?:migrations?|versions?|history)|migrations?")
_RUNS_SQL = frozenset(
    {
        "execute",
        "executescript",
        "exec_driver_sql",
        "execute_async",
        "command",
        "run",
        "query",
        "fetch",
        "execute_query",
    }
)
_CALLS = frozenset(
    {
        "create",
        "create_all",
        "run_sync",
        "create_tables",
        "create_table",
        "generate_schemas",
        "register_tortoise",
        "generate_mapping",
        "sync_table",
        "init_vectorstore_table",
        "ainit_vectorstore_table",
    }
)
_PEEWEE = frozenset(
    {
        "peewee.Database",
        "peewee.Model",
        "peewee.SqliteDatabase",
        "peewee.PostgresqlDatabase",
        "peewee.MySQLDatabase",
        "peewee.DatabaseProxy",
        "peewee.Proxy",
        "playhouse.db_url.connect",
        "playhouse.pool.PooledPostgresqlDatabase",
        "playhouse.pool.PooledMySQLDatabase",
        "playhouse.pool.PooledSqliteDatabase",
        "playhouse.postgres_ext.PostgresqlExtDatabase",
        "playhouse.sqlite_ext.SqliteExtDatabase",
        "playhouse.flask_utils.FlaskDB",
    }
)
_VERSIONING = frozenset({"stamp", "upgrade"})
_MIGRATING = frozenset({"migration", "migrations", "migrate", "migrator", "migrators"})
_MEMORY = frozenset({"sqlite://", "sqlite:///:memory:", ":memory:", "sqlite+aiosqlite://", "sqlite+pysqlite://"})


def add_schema_creations(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    speaking = {module.path for module in scope.modules() if _speaks_of_tables(module)}
    found: dict[tuple[str, str, int | None], SchemaCreation] = {}
    for module in scope.modules():
        if words_of(module.path.rpartition("/")[2]) & _MIGRATING or is_alembic_environment(module.facts):
            continue
        names = _CALLS
        if module.path in speaking or speaking & set(draft.program.imports_of(module.path)):
            names = _CALLS | _RUNS_SQL
        for call in module.calls_named(names):
            statement = _statement(draft, call, module)
            if statement is None:
                continue
            for service in scope.services_running(call, module):
                key = (service, module.path, call.function)
                if key in found:
                    continue
                start = start_of_call(draft, call, module, service)
                where = module.function(call.function)
                at_start: Truth = start.serves
                if _in_memory(draft, call, module) or (where is not None and _is_versioned(draft, where, module)):
                    at_start = False
                found[key] = SchemaCreation(
                    at=call.at,
                    name=f"{statement} in {service}",
                    key=f"{service} {module.name} {where.name if where is not None else ''} {statement}",
                    service=service,
                    statement=statement,
                    at_start=at_start,
                    related=start.chain,
                )
    draft.add(*found.values())


def _is_versioned(draft: Draft, function: PythonFunction, module: Module) -> bool:
    """Whether the function also puts the schema under Alembic's version control."""
    return any(
        member_of(call.callee) in _VERSIONING and draft.program.callee(call, home).startswith("alembic.command.")
        for call, home in draft.program.reachable(function, module, 2)
    )


def _speaks_of_tables(module: Module) -> bool:
    facts = module.facts
    return any(
        ((b"TABLE" in one or b"table" in one) and _IN_BYTES.search(one) is not None) or b".sql" in one
        for one in (facts.encoded_calls, facts.encoded_strings)
    )


def _statement(draft: Draft, call: PythonCall, module: Module) -> str | None:
    """How the call creates tables; None where it does not."""
    last = member_of(call.callee)
    if last in _RUNS_SQL:
        return _sql(draft, call, module)
    if last == "run_sync":
        passed = dotted(call.arguments[0].value) if call.arguments else ""
        return "create_all()" if passed.endswith("metadata.create_all") else None
    if last == "create_all":
        return "create_all()" if not draft.program.called_functions(call, module) else None
    if last == "create":
        return "Table.create()" if call.name.endswith(".__table__.create") else None
    name = draft.program.callee(call, module)
    if last in ("create_tables", "create_table"):
        return f"{last}()" if _is_peewee(draft, name) else None
    if last == "generate_schemas":
        return "generate_schemas()" if name.startswith("tortoise.") else None
    if last == "register_tortoise":
        given = call.argument("generate_schemas")
        return "generate_schemas=True" if given is not None and _is_true(draft, given, module) else None
    if last == "generate_mapping":
        given = call.argument("create_tables")
        return "create_tables=True" if given is not None and _is_true(draft, given, module) else None
    if last == "sync_table":
        return "sync_table()" if name.startswith("cassandra.") else None
    return f"{last}()"


def _is_peewee(draft: Draft, name: str) -> bool:
    owner = name.rpartition(".")[0]
    return owner in _PEEWEE or is_instance(draft, owner, _PEEWEE) is not None or owner.startswith("piccolo.")


def _is_true(draft: Draft, given: Argument, module: Module) -> bool:
    values = values_of(draft, given.value, module)
    return not isinstance(values, Unknown) and bool(values) and values[0].value is True


def _sql(draft: Draft, call: PythonCall, module: Module) -> str | None:
    if not call.arguments:
        return None
    text = sql_of(draft, call, module)
    match = _CREATE_TABLE.search(text) if text else None
    if match is None:
        return _sql_file(draft, call, module) if text is None else None
    table = match["table"].strip('"`[]')
    return None if _OWN_TABLES.fullmatch(table) else f"CREATE TABLE {table}"


def _sql_file(draft: Draft, call: PythonCall, module: Module) -> str | None:
    """The script that the call runs, where the function around it opens one that makes the schema by its name."""
    function = module.function(call.function)
    around = (
        draft.program.calls_in(function, module) if function is not None else draft.program.module_scope_calls(module)
    )
    for one in around:
        for argument in one.arguments:
            text = argument.value.value if isinstance(argument.value, Literal) else None
            if isinstance(text, str) and _SCHEMA_FILE.search(text):
                return text.rpartition("/")[2]
    return None


def _in_memory(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether the tables are made in an in-memory database: that of the engine or connection that is used."""
    used: Iterable[Expression] = [one.value for one in call.arguments if one.name in (None, "bind", "engine")][:1]
    if member_of(call.callee) in _RUNS_SQL | {"create_tables"}:
        base = call.callee.base if isinstance(call.callee, Member) else _owner(call.callee)
        used = [base] if base is not None else []
    for one in used:
        made = draft.program.origin(one, module)
        hops = 0
        while made is not None and hops < 4:
            hops += 1
            for argument in made[0].arguments[:1]:
                values = values_of(draft, argument.value, made[1])
                if not isinstance(values, Unknown) and values and values[0].value in _MEMORY:
                    return True
            inner = made[0].callee
            base = inner.base if isinstance(inner, Member) else _owner(inner)
            made = draft.program.origin(base, made[1]) if base is not None else None
    return False


def _owner(callee: Expression) -> Expression | None:
    if isinstance(callee, Reference) and "." in callee.name:
        return Reference(callee.name.rpartition(".")[0])
    return None
