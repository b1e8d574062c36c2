"""What a connection string says: engine, host, port, database and account.

In: text, in which ``HOLE`` stands for what is not known. Out: an Address whose unknown parts are UNKNOWN and whose
absent parts are None; None for text that is no connection string of a datastore. Brokers' URLs are none.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from archlint.core.record import dataclass, pattern
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.program.program import HOLE

ENGINES = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "pgsql": "postgresql",
    "postgis": "postgresql",
    "timescaledb": "postgresql",
    "cockroachdb": "postgresql",
    "cockroach": "postgresql",
    "pgvector": "postgresql",
    "asyncpg": "postgresql",
    "psycopg": "postgresql",
    "psycopg2": "postgresql",
    "postgresqlext": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
    "percona": "mysql",
    "mssql": "mssql",
    "sqlserver": "mssql",
    "oracle": "oracle",
    "mongodb": "mongodb",
    "mongo": "mongodb",
    "redis": "redis",
    "rediss": "redis",
    "valkey": "redis",
    "cassandra": "cassandra",
    "neo4j": "neo4j",
    "bolt": "neo4j",
    "clickhouse": "clickhouse",
    "couchdb": "couchdb",
    "influxdb": "influxdb",
    "sqlite": "sqlite",
}
"""Engines by URL scheme or image name."""

PORTS = {
    5432: "postgresql",
    26257: "postgresql",
    3306: "mysql",
    1433: "mssql",
    1521: "oracle",
    27017: "mongodb",
    6379: "redis",
    9042: "cassandra",
    7687: "neo4j",
}
"""Engines by their usual port."""

NAMED_DATABASES = frozenset({"postgresql", "mysql", "mssql", "mongodb", "oracle", "clickhouse", "couchdb"})
"""Engines with accounts and named databases."""

_URL = pattern(r"^(?:jdbc:)?(?P<scheme>[A-Za-z][A-Za-z0-9]*)(?:\+[\w.{}-]+)?://(?P<rest>.*)$", re.DOTALL)
_GO_DSN = pattern(
    r"^(?P<user>[^:@/\s]+):(?P<password>[^@]*)@(?:tcp)?\((?P<host>[^):]+)(?::(?P<port>\d+))?\)/(?P<db>\w+)"
)
_KEY_VALUE = pattern(r"(?P<key>[A-Za-z_][\w ]*?)\s*=\s*(?P<value>'[^']*'|\"[^\"]*\"|[^;\s]+(?: [^;=\s]+(?=;))?)")
_LONGEST = 4096


@dataclass(frozen=True)
class Address:
    """Where a datastore is and who connects."""

    engine: str
    host: str | Unknown | None
    port: int | Unknown | None = None
    database: str | Unknown | None = None
    account: str | Unknown | None = None


def parse_address(text: str, engine: str | None = None) -> Address | None:
    """The address in a connection string; ``engine`` is what the library speaks, for forms without a scheme."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    match = _URL.match(text)
    if match:
        found = ENGINES.get(match["scheme"].lower())
        return _from_url(found, match["rest"]) if found else None
    match = _GO_DSN.match(text)
    if match:
        port = int(match["port"]) if match["port"] else None
        return Address(engine or "mysql", match["host"], port, match["db"], _part(match["user"]))
    if "=" in text:
        return _from_pairs(text, engine)
    return None


def _from_url(engine: str, rest: str) -> Address | None:
    if engine == "sqlite":
        return Address("sqlite", None, None, rest.lstrip("/") or None)
    rest = rest.split("#", 1)[0]
    rest, _, query = rest.partition("?")
    if ";" in rest:
        # jdbc:sqlserver://host:1433;databaseName=orders;user=sa
        head, _, tail = rest.partition(";")
        pairs = {
            key.strip().lower(): value.strip() for key, _, value in (one.partition("=") for one in tail.split(";"))
        }
        given = _from_url(engine, head)
        if given is None:
            return None
        named = pairs.get("databasename") or pairs.get("database")
        return Address(engine, given.host, given.port, _part(named), _part(pairs.get("user") or pairs.get("username")))
    authority, _, path = rest.partition("/")
    account: str | Unknown | None = None
    if "@" in authority:
        login, _, authority = authority.rpartition("@")
        account = _part(login.partition(":")[0])
    hosts = authority.split(",")
    host_text, _, port_text = hosts[0].rpartition(":") if re.search(r":[^\]]*$", hosts[0]) else (hosts[0], "", "")
    host: str | Unknown | None = _part(
        ",".join(sorted(one.partition(":")[0] for one in hosts)) if len(hosts) > 1 else host_text.strip("[]")
    )
    database: str | Unknown | None = _part(path.strip("/").partition("/")[0])
    if database is None:
        match = re.search(r"(?:^|&)(?:dbname|database|databaseName)=([^&]+)", query)
        database = _part(match[1]) if match else None
    if host is None:
        match = re.search(r"(?:^|&)host=([^&]+)", query)
        host = _part(unquote(match[1])) if match else None
    if account is None:
        match = re.search(r"(?:^|&)(?:user|username)=([^&]+)", query)
        account = _part(match[1]) if match else None
    return Address(engine, host, _port(port_text), database, account)


def _from_pairs(text: str, engine: str | None) -> Address | None:
    """libpq's ``host=db dbname=orders user=app`` and ADO's ``Server=db;Database=orders;User Id=sa``."""
    pairs = {match["key"].strip().lower(): match["value"].strip("'\"") for match in _KEY_VALUE.finditer(text)}
    host = next((pairs[key] for key in ("host", "server", "data source", "addr") if key in pairs), None)
    database = next((pairs[key] for key in ("dbname", "database", "initial catalog") if key in pairs), None)
    if host is None or database is None:
        return None
    account = next((pairs[key] for key in ("user", "user id", "uid", "username") if key in pairs), None)
    if engine is None:
        engine = "postgresql" if "dbname" in pairs or "host" in pairs else "mssql"
    port = pairs.get("port", "")
    host = host.removeprefix("tcp:")
    if "," in host:
        host, _, port = host.partition(",")
    return Address(engine, _part(host), _port(port), _part(database), _part(account))


def _part(text: str | None) -> str | Unknown | None:
    if text is None or text == "":
        return None
    return UNKNOWN if HOLE in text else unquote(text)


def _port(text: str) -> int | Unknown | None:
    if not text:
        return None
    return int(text) if text.isdigit() else UNKNOWN
