"""Datastores that a container's environment variables name, whatever language reads them.

In: the variables of a service's containers. Out: uses: one for each connection URL, and one for each group of variables
of one prefix (``DB_HOST``, ``DB_NAME``, ``DB_USER``). A host alone is no datastore: something must tell that one
answers there.
"""

from __future__ import annotations

from collections.abc import Callable

from archlint.core.record import pattern
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.code.datastores.connection_urls import ENGINES, PORTS, parse_address
from archlint.model.code.datastores.datastore_code import CodeUse, line_with
from archlint.model.code.scope import Surroundings, place_of
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE

_SUFFIX = pattern(
    r"^(?P<prefix>.*?)_?(?P<part>HOSTNAME|HOST|SERVER|ADDRESS|ADDR|ENDPOINT|PORT|DATABASE_NAME|DBNAME|DB_NAME|DATABASE|NAME|DB|"
    r"USERNAME|USER_NAME|USER|LOGIN|URI|URL|DSN|CONNECTION_STRING)$"
)
_PARTS = {
    "HOSTNAME": "host", "HOST": "host", "SERVER": "host", "ADDRESS": "host", "ADDR": "host", "ENDPOINT": "host",
    "PORT": "port", "DATABASE_NAME": "database", "DBNAME": "database", "DB_NAME": "database", "DATABASE": "database",
    "NAME": "database", "DB": "database", "USERNAME": "account", "USER_NAME": "account", "USER": "account",
    "LOGIN": "account", "URI": "url", "URL": "url", "DSN": "url", "CONNECTION_STRING": "url",
}  # fmt: skip
_DATABASE_WORDS = {
    "DB": "", "DATABASE": "", "SQL": "", "DATASOURCE": "", "RDS": "", "PG": "postgresql", "POSTGRES": "postgresql",
    "POSTGRESQL": "postgresql", "MYSQL": "mysql", "MARIADB": "mysql", "MONGO": "mongodb", "MONGODB": "mongodb",
    "MSSQL": "mssql", "SQLSERVER": "mssql", "REDIS": "redis", "ORACLE": "oracle",
}  # fmt: skip
_BROKER_WORDS = frozenset(
    [
        "BROKER",
        "CELERY",
        "QUEUE",
        "RQ",
        "PUBSUB",
        "STREAM",
        "AMQP",
        "RABBIT",
        "RABBITMQ",
        "RESULT",
        "KAFKA",
        "NATS",
        "JOBS",
        "SOCKETIO",
    ]
)
_SPLIT = {"DATABASE_NAME": "DATABASE", "DB_NAME": "DB", "USER_NAME": "USER"}
_LIBPQ = {"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "database", "PGUSER": "account"}

Containers = Callable[[str | None, str, str | None], list[Container]]


def variable_uses(draft: Draft, around: Surroundings, containers: Containers) -> list[CodeUse]:
    """The datastores that the variables name."""
    found: list[CodeUse] = []
    for container in around.containers:
        found.extend(_of_container(draft, around, container, containers))
    return found


def _of_container(draft: Draft, around: Surroundings, container: Container, containers: Containers) -> list[CodeUse]:
    groups: dict[str, dict[str, EnvironmentVariable]] = {}
    urls: list[tuple[EnvironmentVariable, str]] = []
    for variable in container.variables:
        if variable.source == "image":
            continue
        name = variable.name.upper()
        if name in _LIBPQ:
            groups.setdefault("PG", {})[_LIBPQ[name]] = variable
            continue
        match = _SUFFIX.match(name)
        if "://" in text_of(variable) or _is_pairs(variable):
            urls.append((variable, match["prefix"] if match else name))
        elif match and _PARTS[match["part"]] != "url":
            prefix = match["prefix"]
            # POSTGRES_DB and DB_NAME: the word that tells a database may itself be the suffix.
            if match["part"] in ("DB", "DATABASE") and not prefix:
                continue
            if prefix or match["part"] not in _SPLIT:
                groups.setdefault(prefix, {}).setdefault(_PARTS[match["part"]], variable)
            if match["part"] in _SPLIT:
                # ORDER_DB_NAME goes with ORDER_HOST or with ORDER_DB_HOST.
                longer = f"{prefix}_{_SPLIT[match['part']]}".lstrip("_")
                groups.setdefault(longer, {}).setdefault(_PARTS[match["part"]], variable)
    found = [use for variable, prefix in urls if (use := _from_url(draft, variable, prefix, groups)) is not None]
    for prefix, parts in groups.items():
        use = _from_parts(around, prefix, parts, containers)
        if use is not None:
            found.append(use)
    return found


def _is_pairs(variable: EnvironmentVariable) -> bool:
    text = text_of(variable)
    return "=" in text and parse_address(text) is not None


def text_of(variable: EnvironmentVariable) -> str:
    """The variable's value, with holes for parts that are not known; empty where nothing of it is."""
    return variable.value if isinstance(variable.value, str) else variable.partial or ""


def _from_url(
    draft: Draft, variable: EnvironmentVariable, prefix: str, groups: dict[str, dict[str, EnvironmentVariable]]
) -> CodeUse | None:
    address = parse_address(text_of(variable))
    if address is None or address.host is None or address.engine == "sqlite":
        return None
    if set(variable.name.upper().split("_")) & _BROKER_WORDS and address.engine == "redis":
        return None
    beside = groups.get(prefix, {})
    database, account = address.database, address.account
    account_at = line_with(draft, variable, account)
    if database is None and "database" in beside:
        database = _value(beside["database"])
    if account is None and "account" in beside:
        account, account_at = _value(beside["account"]), beside["account"].at
    if database is None and address.engine == "redis":
        database = "0"
    return CodeUse(
        engine=address.engine,
        at=line_with(draft, variable, database),
        host=address.host,
        port=address.port,
        database=database,
        account=account,
        account_at=account_at,
        chain=place_of(variable),
        rank=1,
    )


def _from_parts(
    around: Surroundings, prefix: str, parts: dict[str, EnvironmentVariable], containers: Containers
) -> CodeUse | None:
    if "host" not in parts or not ("database" in parts or "account" in parts):
        return None
    words = set(prefix.split("_"))
    if words & _BROKER_WORDS:
        return None
    host = _value(parts["host"])
    if not isinstance(host, str) or not host or "/" in host or " " in host:
        return None
    port: int | Unknown | None = None
    if "port" in parts:
        text = _value(parts["port"])
        port = int(text) if isinstance(text, str) and text.isdigit() else UNKNOWN
    host, _, written = host.partition(":")
    if written.isdigit():
        port = int(written)
    engine = next((_DATABASE_WORDS[word] for word in sorted(words) if _DATABASE_WORDS.get(word)), None)
    named = engine is not None or bool(words & _DATABASE_WORDS.keys())
    if engine is None:
        for container in containers(around.environment, host, None):
            if container.image is not None:
                engine = ENGINES.get(container.image.repository.rpartition("/")[2].lower(), engine)
    if engine is None and isinstance(port, int):
        engine = PORTS.get(port)
    if engine is None and not named:
        return None
    address = parts.get("database", parts["host"])
    account = parts.get("account")
    return CodeUse(
        engine=engine or "",
        at=address.at,
        host=host,
        port=port,
        database=_value(parts["database"]) if "database" in parts else None,
        account=_value(account) if account else None,
        account_at=account.at if account else None,
        chain=tuple(
            place for name in ("host", "database", "account") if name in parts for place in place_of(parts[name])
        ),
        rank=1,
    )


def _value(variable: EnvironmentVariable) -> str | Unknown | None:
    value = variable.value
    if value is None or isinstance(value, Unknown):
        return UNKNOWN
    return UNKNOWN if HOLE in value else value
