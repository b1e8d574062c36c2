"""Clients of datastores that frameworks make from settings: Flask-SQLAlchemy, Django's databases and caches.

In: the settings of a service's modules. Out: ``MadeClient``s. A setting that no framework is seen to read makes none.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import Dictionary, Expression, Item, Literal, PythonAssignment, Reference
from archlint.core.values import Place
from archlint.model.code.datastores.datastore_code import Connected
from archlint.model.code.datastores.datastore_waits import MAKERS, Maker
from archlint.model.code.datastores.made_clients import Given, MadeClient, entries_of
from archlint.model.code.library_versions import Needs
from archlint.model.code.objects import member_of
from archlint.model.code.scope import ServiceCode, assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_ENGINE_OPTIONS = "SQLALCHEMY_ENGINE_OPTIONS"
_CACHES = {
    "django_redis.cache.RedisCache": {
        "SOCKET_TIMEOUT": "socket_timeout",
        "SOCKET_CONNECT_TIMEOUT": "socket_connect_timeout",
    },
    "django.core.cache.backends.redis.RedisCache": {
        "socket_timeout": "socket_timeout",
        "socket_connect_timeout": "socket_connect_timeout",
    },
    "redis_cache.RedisCache": {"SOCKET_TIMEOUT": "socket_timeout", "SOCKET_CONNECT_TIMEOUT": "socket_connect_timeout"},
}
"""What the options of Django's cache back ends hand to redis-py: https://github.com/jazzband/django-redis,
https://docs.djangoproject.com/en/5.2/topics/cache/#redis."""
_OPEN_OPTIONS = frozenset({"CONNECTION_POOL_KWARGS", "CONNECTION_FACTORY", "CLIENT_CLASS", "SENTINELS"})
_PLAIN_CLIENT = "django_redis.client.DefaultClient"
"""What django-redis takes where no ``CLIENT_CLASS`` is named: https://github.com/jazzband/django-redis (README)."""


def clients_of_settings(
    draft: Draft, connected: Connected, code: ServiceCode | None, needs: Needs
) -> Iterator[MadeClient]:
    """The clients that a framework makes for a connection in the settings."""
    connection, module = connected.connection, connected.module
    if connection.setting == "DATABASES":
        options, closed = entries_of(draft, connection.options, module)
        driver = _django_driver(connection.engine, needs)
        if driver is not None:
            at = connection.setting_at or connection.at
            yield MadeClient(at, module, Maker(driver), None, options, not closed)
    elif connection.setting == "SQLALCHEMY_DATABASE_URI" and code is not None:
        yield from _of_flask(draft, connected, code)


def clients_of_caches(draft: Draft, module: Module) -> Iterator[MadeClient]:
    """Django's caches in Redis."""
    if b"redis" not in module.facts.encoded_strings:
        return
    for one in module.facts.assignments:
        if isinstance(one.target, Reference) and one.target.name == f"{module.name}.CACHES":
            yield from _of_caches(draft, one, module)


def mysql_driver(code: ServiceCode | None, needs: Needs) -> str:
    """What stands behind ``MySQLdb``: mysqlclient, unless PyMySQL takes its place."""
    stands_in = code is not None and any(one.calls_named({"install_as_MySQLdb"}) for one in code.modules)
    return "pymysql" if stands_in or (not needs("mysqlclient") and needs("pymysql")) else "MySQLdb"


def _of_flask(draft: Draft, connected: Connected, code: ServiceCode) -> Iterator[MadeClient]:
    """One for each ``SQLAlchemy(app)``; the options are engine options, whose ``connect_args`` reach the driver."""
    connection, module = connected.connection, connected.module
    for other in code.modules:
        for call in other.calls_named({"SQLAlchemy"}):
            if not draft.program.callee(call, other).startswith("flask_sqlalchemy."):
                continue
            given = call.argument("engine_options")
            options: list[Given] = [(given.value, other)] if given is not None else []
            options += [
                (one.value, home)
                for home in code.modules
                for one in home.facts.assignments
                if _setting_of(one.target) == _ENGINE_OPTIONS
            ]
            is_open = call.is_open or any(_is_handed_in(home) for home in code.modules)
            arguments: dict[str, Given] = {}
            for value, home in options:
                entries, closed = entries_of(draft, value, home)
                inner, inner_closed = entries_of(draft, *entries.get("connect_args", (None, home)))
                arguments.update(inner)
                is_open = is_open or not closed or not inner_closed or "creator" in entries
            places = (Place(connection.at, "its URL is set here"),)
            maker = MAKERS["sqlalchemy.create_engine"]
            yield MadeClient(call.at, module, maker, connection.url, arguments, is_open, "", places)


def _is_handed_in(module: Module) -> bool:
    """Whether engine options come as a keyword: ``config.update(SQLALCHEMY_ENGINE_OPTIONS=...)``."""
    return any(
        argument.name == _ENGINE_OPTIONS
        for call in module.calls_named({"update", "from_mapping"})
        for argument in call.arguments
    )


def _setting_of(target: Expression) -> str:
    if isinstance(target, Item):
        return str(target.key.value) if isinstance(target.key, Literal) else ""
    return member_of(target)


def _django_driver(engine: str, needs: Needs) -> str | None:
    """Django takes psycopg where it is installed, else psycopg2: https://docs.djangoproject.com/en/5.2/ref/databases/."""
    if engine == "postgresql":
        if needs("psycopg", "psycopg-binary"):
            return "psycopg"
        return "psycopg2" if needs("psycopg2", "psycopg2-binary") else None
    if engine == "mysql":
        return mysql_driver(None, needs)
    return "oracledb" if engine == "oracle" else None


def _of_caches(draft: Draft, assignment: PythonAssignment, module: Module) -> Iterator[MadeClient]:
    if not isinstance(assignment.value, Dictionary):
        return
    first, last = assignment.value_at.line, assignment.value_at.end_line
    lines = [one for one in module.facts.strings if one.name == "BACKEND" and first <= one.at.line <= last]
    for _, given in assignment.value.entries:
        inner, home = assigned_value(draft, given, module)
        if not isinstance(inner, Dictionary):
            continue
        parts = {key.value: value for key, value in inner.entries if isinstance(key, Literal)}
        backend = parts.get("BACKEND")
        name = backend.value if isinstance(backend, Literal) else ""
        if name not in _CACHES:
            continue
        options, closed = entries_of(draft, parts.get("OPTIONS"), home)
        passed = {_CACHES[str(name)][key]: value for key, value in options.items() if key in _CACHES[str(name)]}
        at = next((one.at for one in lines if one.value == name), assignment.at)
        maker = MAKERS["redis.from_url"]
        hiding = {key for key, (value, _) in options.items() if value != Literal(_PLAIN_CLIENT)}
        is_open = not closed or not hiding.isdisjoint(_OPEN_OPTIONS)
        yield MadeClient(at, home, maker, parts.get("LOCATION"), passed, is_open)
