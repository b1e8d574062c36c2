"""Which calls ask a database, a cache or another service.

In: the calls that running a function may make, and the remote calls that were found. Out: what each asks, in words, or
nothing. Making a client asks nobody, a broker is none of the three, and what is not known to ask does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archlint.core.facts.python import Literal, Member, PythonCall, Reference
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall
from archlint.model.code.messaging.message_effects import sql_of
from archlint.model.code.messaging.message_libraries import SQL_CALLS
from archlint.model.code.names import words_of
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.program.program import Module

_LIBRARIES = pattern(
    r"(?:sqlalchemy|sqlmodel|flask_sqlalchemy|psycopg2?|psycopg_pool|asyncpg|aiopg|pg8000|pymysql|MySQLdb|mysql\.connector|aiomysql|"
    r"asyncmy|flask_mysqldb|pyodbc|pymssql|oracledb|peewee|playhouse|tortoise|databases|django\.db|pymongo|motor|mongoengine|"
    r"beanie|flask_pymongo|redis|aioredis|flask_redis|django_redis|django\.core\.cache|pymemcache|elasticsearch|cassandra|neo4j|"
    r"clickhouse_driver|clickhouse_connect)\."
)
_CACHES = pattern(r"(?:redis|aioredis|flask_redis|django_redis|django\.core\.cache|pymemcache)\.")
_ASKING = names(
    "execute exec executemany exec_driver_sql scalar scalars query all first one one_or_none count get get_or_none "
    "fetch fetchone fetchall fetchrow fetchval fetch_one fetch_all fetch_val connect aconnect begin acquire getconn "
    "connection raw_connection cursor ensure_connection is_usable ping command find find_one find_one_or_404 aggregate "
    "server_info list_database_names list_databases list_collection_names count_documents estimated_document_count "
    "info set setex incr exists keys llen hget hgetall dbsize health search index reconnect select run "
    "verify_connectivity create_pool"
)
_NOT_ASKING = pattern(
    r"(?:sqlalchemy|sqlmodel)\.(?:.*\.)?(?:select|text|func\.\w+|create_engine|create_async_engine)$|"
    r"asyncpg\.pool\.|psycopg_pool\.\w+$|peewee\.\w+$|\.select\.where$"
)
_STORE_WORDS = names(
    "db database redis cache mongo mongodb postgres pg mysql engine session cursor conn connection pool elasticsearch "
    "es cassandra dynamodb"
)
_PROBING = names("ping server_info ensure_connection verify_connectivity list_database_names")
_READS = re.compile(r"\s*(?:SELECT|SHOW|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


class Touching:
    """What calls ask."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._remote: dict[Span, str] = {}
        for call in (*draft.select(HttpCall), *draft.select(GrpcCall)):
            if call.is_loopback is False and call.target_kind != "infrastructure" and call.target != call.service:
                self._remote[call.at] = f"another service ({call.target})" if call.target else "another service"

    def first(self, calls: Iterable[tuple[PythonCall, Module]]) -> tuple[PythonCall, str] | None:
        """The first of the calls that asks, and what."""
        for call, module in calls:
            asked = self.asked(call, module)
            if asked is not None:
                return call, asked
        return None

    def asked(self, call: PythonCall, module: Module) -> str | None:
        """What the call asks: ``the database``, ``the cache``, ``another service (orders)``; None for nobody."""
        remote = self._remote.get(call.at)
        if remote is not None:
            return remote
        last = call.name.rpartition(".")[2]
        if ".objects." in call.name and last not in ("none", "using"):
            return "the database"
        if last not in _ASKING:
            return None
        name = self._draft.program.callee(call, module)
        if _LIBRARIES.match(name):
            if _NOT_ASKING.search(name):
                return None
            return "the cache" if _CACHES.match(name) else "the database"
        if self._draft.program.function_named(name) is not None:
            return None
        if last in SQL_CALLS and call.arguments and _READS.match(sql_of(self._draft, call, module) or ""):
            return "the database"
        words = words_of(_base(call))
        if last in _PROBING and words & _STORE_WORDS:
            return "the cache" if words & {"redis", "cache"} else "the database"
        if last == "command" and call.arguments and call.arguments[0].value == Literal("ping"):
            return "the database"
        return None


def _base(call: PythonCall) -> str:
    if isinstance(call.callee, Member | Reference):
        return call.name.rpartition(".")[0]
    return ""
