"""Datastores that Python code connects to: calls of client libraries, framework settings, databases named by use.

In: a service's modules. Out: what each place connects to, as expressions that are evaluated for each environment.
Refuses an address that only a condition or an unread library knows: it stays UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field, replace

import msgspec

from archlint.core.facts.documents import ConfigValue
from archlint.core.facts.python import (
    Argument,
    Dictionary,
    Expression,
    Item,
    Literal,
    Member,
    PythonCall,
    Reference,
)
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.system.workloads import EnvironmentVariable
from archlint.core.values import UNKNOWN, Place, Truth, Unknown
from archlint.model.code.datastores.connection_urls import NAMED_DATABASES, parse_address
from archlint.model.code.datastores.datastore_libraries import CONSTRUCTORS, MONGO_CLIENTS, Connection, connection_of
from archlint.model.code.datastores.datastore_settings import settings_connections
from archlint.model.code.scope import CodeScope, Surroundings, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE, Module, Resolved

_ACCOUNT_NAME = pattern(r"USER|LOGIN|ACCOUNT", re.IGNORECASE)
_DATABASE_NAME = pattern(r"DB|DATABASE|NAME", re.IGNORECASE)
_HOST_NAME = pattern(r"HOST|SERVER|ADDR|ENDPOINT", re.IGNORECASE)
_MONGO_MEMBERS = frozenset(
    [
        "admin",
        "close",
        "server_info",
        "list_database_names",
        "list_databases",
        "database_names",
        "start_session",
        "drop_database",
        "watch",
        "address",
        "nodes",
        "is_primary",
        "max_pool_size",
        "topology_description",
        "get_io_loop",
        "HOST",
        "PORT",
        "codec_options",
        "aconnect",
    ]
)
_REDIS_WRITES = frozenset(
    [
        "set",
        "setex",
        "setnx",
        "psetex",
        "mset",
        "msetnx",
        "hset",
        "hmset",
        "hsetnx",
        "hincrby",
        "hincrbyfloat",
        "incr",
        "incrby",
        "decr",
        "decrby",
        "lpush",
        "rpush",
        "sadd",
        "zadd",
        "zincrby",
        "delete",
        "unlink",
        "expire",
        "xadd",
        "append",
        "getset",
        "lrem",
        "srem",
        "zrem",
        "hdel",
        "rename",
        "pfadd",
        "geoadd",
        "setbit",
    ]
)


@dataclass(frozen=True, eq=False)
class CodeUse:
    """A datastore that a place connects to. Parts are values; ``chain`` leads to where they are written. The lowest
    ``rank`` says it best."""

    engine: str
    at: Span
    host: str | Unknown | None = None
    port: int | Unknown | None = None
    database: str | Unknown | None = None
    account: str | Unknown | None = None
    account_at: Span | None = None
    chain: tuple[Place, ...] = ()
    rank: int = 0


@dataclass(frozen=True, eq=False)
class Connected:
    """A connection of the code, to be resolved for each environment. ``databases`` are named where they are used."""

    connection: Connection
    module: Module
    databases: tuple[tuple[str, Span], ...] = field(default=())

    def resolve(self, draft: Draft, around: Surroundings) -> Iterator[CodeUse]:
        """What it connects to in one environment."""
        use = _resolved(draft, self.connection, self.module, around)
        if use is None:
            return
        if self.databases and not isinstance(use.database, str):
            for name, at in self.databases:
                note = Place(at, f"database {name} is used here")
                yield replace(
                    use, database=name, at=at, chain=(*use.chain, Place(use.at, "connected here"), note), rank=2
                )
            return
        yield use


def code_uses(draft: Draft, scope: CodeScope, service: str) -> list[Connected]:
    """The connections that the service's processes open."""
    known = draft.memo.get("connections by service")
    by_service: dict[str, list[Connected]] = known if isinstance(known, dict) else {}
    if not isinstance(known, dict):
        draft.memo["connections by service"] = by_service
        for module in scope.modules():
            for services, connected in _of_module(draft, scope, module):
                for name in services:
                    by_service.setdefault(name, []).append(connected)
    found = by_service.get(service, [])
    code = scope.code(service)
    if code is None or not any(one.connection.engine == "mongodb" for one in found):
        return found
    return _with_databases(draft, found, [*code.modules])


_CONSTRUCTORS = frozenset(CONSTRUCTORS)


def redis_writes(draft: Draft, scope: CodeScope, service: str) -> Truth:
    """Whether the service writes to Redis."""
    code = scope.code(service)
    if code is None:
        return Unknown("the service's code is not read")
    doubtful = False
    for module in code.modules:
        for call in module.calls_named(_REDIS_WRITES):
            if call.arguments:
                name = draft.program.callee(call, module)
                if name.startswith(("redis.", "aioredis.")):
                    return True
                doubtful = doubtful or name.startswith("?")
    return Unknown("a client is not known") if doubtful else False


def _of_module(draft: Draft, scope: CodeScope, module: Module) -> Iterator[tuple[tuple[str, ...], Connected]]:
    for call in module.calls_named(_CONSTRUCTORS):
        connection = connection_of(draft.program.callee(call, module), spread(draft, call, module))
        if connection is not None:
            services = scope.services_running(call, module)
            if services:
                yield services, Connected(connection, module)
    services = scope.owners(module)
    if services:
        for connection in settings_connections(draft, module):
            yield services, Connected(connection, module)


def spread(draft: Draft, call: PythonCall, module: Module) -> PythonCall:
    """The call with ``**settings`` written out, where the dict is one of this module and its keys are literal."""
    arguments: list[Argument] = []
    for one in call.arguments:
        value, where = assigned_value(draft, one.value, module) if one.name == "**" else (one.value, module)
        if one.name == "**" and where is module and isinstance(value, Dictionary):
            entries = [(key.value, inner) for key, inner in value.entries if isinstance(key, Literal)]
            if len(entries) == len(value.entries):
                arguments += (Argument(one.at, str(key), inner) for key, inner in entries)
                continue
        arguments.append(one)
    return msgspec.structs.replace(call, arguments=tuple(arguments)) if call.is_open else call


def _resolved(draft: Draft, connection: Connection, module: Module, around: Surroundings) -> CodeUse | None:
    chain: list[Place] = [Place(connection.at, "connected here")]
    engine, at = connection.engine, connection.at
    host: str | Unknown | None = None
    port: int | Unknown | None = None
    database: str | Unknown | None = None
    account: str | Unknown | None = None
    url = _value(draft, connection.url, module, around)
    if isinstance(url, Resolved) and isinstance(url.value, str):
        address = parse_address(url.value, engine or None)
        if address is None:
            if connection.host is None and "://" not in url.value and engine == "":
                return None
        else:
            chain.extend(url.chain)
            engine = engine or address.engine
            host, port, database, account = address.host, address.port, address.database, address.account
            if address.engine == "sqlite":
                host = f"a file of {around.service}"
    elif connection.url is not None and connection.host is None:
        host, database, account = UNKNOWN, UNKNOWN, UNKNOWN
    for part in ("host", "port", "database", "account"):
        expression: Expression | None = getattr(connection, part)
        if expression is None or (part == "host" and isinstance(host, str)):
            continue
        value = _value(draft, expression, module, around)
        found: str | Unknown = UNKNOWN
        if isinstance(value, Resolved):
            if value.value is None:
                continue
            found = str(value.value) if value.is_exact else UNKNOWN
            chain.extend(value.chain)
        if part == "host":
            host = found.rstrip("/") if isinstance(found, str) and "://" not in found else UNKNOWN
        elif part == "port":
            port = int(found) if isinstance(found, str) and found.isdigit() else UNKNOWN
        elif part == "database":
            database = found
        else:
            account = found
    if host is None:
        host = UNKNOWN if connection.is_open or connection.url is not None else connection.default_host or UNKNOWN
    if database is None and not (connection.is_open and connection.default_database):
        database = connection.default_database
    if account is None and connection.is_open:
        account = UNKNOWN
    if isinstance(host, str) and ":" in host and host.rpartition(":")[2].isdigit():
        host, _, written = host.rpartition(":")
        port = int(written)
    whole = url.value if isinstance(url, Resolved) else None
    place = _place(draft, around, database, (whole, None), (database, _DATABASE_NAME), (host, _HOST_NAME))
    account_at = _place(draft, around, account, (whole, None), (account, _ACCOUNT_NAME))
    if account_at is None and whole is None and isinstance(account, str):
        account_at = _written(module, account)
    written_at = next((one.at for one in reversed(chain[1:])), at)
    return CodeUse(
        engine=engine,
        at=place or (written_at if engine in NAMED_DATABASES and isinstance(url, Resolved) else at),
        host=host,
        port=port,
        database=database,
        account=account,
        account_at=account_at or (written_at if isinstance(url, Resolved) else at),
        chain=tuple(chain),
    )


def line_with(draft: Draft, variable: EnvironmentVariable, part: str | Unknown | None) -> Span:
    """Where a part of a variable's value is written: of a text with a value of an env file in it, the env file's line
    only where that value has the part."""
    if variable.source == "interpolation" and variable.chain and isinstance(part, str):
        given = next((one for one in draft.index.at(variable.at.path) if one.at == variable.at), None)
        if isinstance(given, ConfigValue) and given.value != variable.value and part not in str(given.value):
            return variable.chain[-1].at
    return variable.at


def _written(module: Module, account: str) -> Span | None:
    """The entry of settings, or the keyword, that names the account."""
    for one in module.facts.strings:
        if one.value == account and one.context in ("entry", "keyword") and one.name.lower() in ("user", "username"):
            return one.at
    return None


def _place(
    draft: Draft,
    around: Surroundings,
    part: str | Unknown | None,
    *wanted: tuple[object, re.Pattern[str] | None],
) -> Span | None:
    """The variable that gives one of the values, by value and by what such variables are called: the line of it that
    has the part."""
    for value, names in wanted:
        if not isinstance(value, str) or not value:
            continue
        for container in around.containers:
            for variable in container.variables:
                if (
                    variable.value == value
                    and (names is None or names.search(variable.name))
                    and variable.source != "image"
                ):
                    return line_with(draft, variable, part)
    return None


def _value(
    draft: Draft, expression: Expression | None, module: Module, around: Surroundings
) -> Resolved | Unknown | None:
    if expression is None:
        return None
    values = draft.program.evaluate(expression, module, around.lookup)
    if isinstance(values, Unknown) or not values:
        return UNKNOWN
    first = values[0]
    if isinstance(first.value, str) and first.value == HOLE:
        return UNKNOWN
    return first


def _with_databases(draft: Draft, found: list[Connected], modules: list[Module]) -> list[Connected]:
    """Mongo clients name their databases where they use them: ``client.orders``, ``client["orders"]``."""
    clients = {one.connection.at: one for one in found if one.connection.engine == "mongodb"}
    names: dict[Span, dict[str, Span]] = {}
    for module in modules:
        for base, name, at in _accesses(module):
            made = draft.program.origin(base, module)
            if made is None or made[0].at not in clients or draft.program.callee(*made) not in MONGO_CLIENTS:
                continue
            names.setdefault(made[0].at, {}).setdefault(name, at)
    return [
        replace(one, databases=tuple(names[one.connection.at].items())) if one.connection.at in names else one
        for one in found
    ]


def _accesses(module: Module) -> Iterator[tuple[Expression, str, Span]]:
    """Everything that may be a database of a client: its base, its name, its place."""
    if not any(one.module.split(".")[0] in ("pymongo", "motor") for one in module.facts.imports):
        prefixed = False
    else:
        prefixed = True
    for assignment in module.facts.assignments:
        yield from _inside(assignment.value, assignment.value_at, prefixed, 0)
    for call in module.facts.calls:
        callee = call.callee
        if isinstance(callee, Member | Reference):
            last = call.name.rpartition(".")[2]
            if last in ("get_database", "get_default_database") and call.arguments:
                given = call.arguments[0].value
                base = callee.base if isinstance(callee, Member) else Reference(callee.name.rpartition(".")[0])
                if isinstance(given, Literal) and isinstance(given.value, str):
                    yield base, given.value, call.at
            yield from _inside(callee, call.at, prefixed, 0)
        for argument in call.arguments:
            yield from _inside(argument.value, argument.at, prefixed, 0)


def _inside(expression: Expression, at: Span, prefixed: bool, depth: int) -> Iterator[tuple[Expression, str, Span]]:
    if depth > 6:
        return
    if isinstance(expression, Member):
        if (
            not expression.name.startswith("_")
            and expression.name not in _MONGO_MEMBERS
            and not isinstance(expression.base, Literal)
        ):
            yield expression.base, expression.name, at
        yield from _inside(expression.base, at, prefixed, depth + 1)
    elif isinstance(expression, Item):
        if isinstance(expression.key, Literal) and isinstance(expression.key.value, str):
            yield expression.base, expression.key.value, at
        yield from _inside(expression.base, at, prefixed, depth + 1)
    elif isinstance(expression, Reference) and prefixed and expression.name.count(".") > 1:
        base, _, name = expression.name.rpartition(".")
        if name not in _MONGO_MEMBERS and not name.startswith("_"):
            yield Reference(base), name, at
        yield from _inside(Reference(base), at, prefixed, depth + 1)
