"""Addresses of datastores in the settings of Flask extensions and Django.

In: the assignments and configuration calls of a module. Out: Connections. Settings of development profiles are none.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Dictionary,
    Expression,
    Item,
    Literal,
    PythonAssignment,
    Reference,
    Result,
)
from archlint.model.code.datastores.datastore_libraries import Connection
from archlint.model.code.names import words_of
from archlint.model.code.scope import assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_URL_SETTINGS = {
    "SQLALCHEMY_DATABASE_URI": "",
    "MONGO_URI": "mongodb",
    "MONGODB_URI": "mongodb",
}


_MYSQL_SETTINGS = {"MYSQL_HOST": "host", "MYSQL_USER": "account", "MYSQL_DB": "database", "MYSQL_PORT": "port"}


_DEVELOPMENT = frozenset({"dev", "devel", "development", "local", "test", "testing", "tests", "debug", "ci"})


_DJANGO_ENGINES = {
    "postgresql": "postgresql",
    "postgis": "postgresql",
    "mysql": "mysql",
    "oracle": "oracle",
    "sqlite3": "sqlite",
}


def settings_connections(draft: Draft, module: Module) -> Iterator[Connection]:
    """Addresses in the settings of Flask extensions and Django."""
    mysql: dict[str, PythonAssignment] = {}
    for one in module.facts.assignments:
        name = _setting_name(one.target)
        if name is None:
            continue
        if name in _URL_SETTINGS and not _is_development(one.target):
            yield Connection(_URL_SETTINGS[name], one.at, url=one.value, setting=name)
        elif name in _MYSQL_SETTINGS:
            mysql.setdefault(_MYSQL_SETTINGS[name], one)
        elif name == "DATABASES" and isinstance(one.target, Reference):
            yield from _django(draft, one, module)
    if "host" in mysql:
        values = {part: given.value for part, given in mysql.items()}
        yield Connection(
            "mysql",
            mysql.get("database", mysql["host"]).at,
            host=values["host"],
            port=values.get("port"),
            database=values.get("database"),
            account=values.get("account"),
        )
    for call in module.calls_named({"update", "from_mapping"}):
        if call.name.endswith((".config.update", ".config.from_mapping")):
            for argument in call.arguments:
                if argument.name in _URL_SETTINGS:
                    yield Connection(
                        _URL_SETTINGS[argument.name], argument.at, url=argument.value, setting=argument.name
                    )


def _setting_name(target: Expression) -> str | None:
    if isinstance(target, Item):
        return target.key.value if isinstance(target.key, Literal) and isinstance(target.key.value, str) else None
    if isinstance(target, Reference):
        return target.name.rpartition(".")[2]
    return None


def _is_development(target: Expression) -> bool:
    if not isinstance(target, Reference):
        return False
    return bool(words_of(".".join(target.name.split(".")[-3:-1])) & _DEVELOPMENT)


def _django(draft: Draft, assignment: PythonAssignment, module: Module) -> Iterator[Connection]:
    if words_of(module.facts.name.rpartition(".")[2]) & _DEVELOPMENT or not isinstance(assignment.value, Dictionary):
        return
    written = assignment.value_at
    lines = [
        one.at
        for one in module.facts.strings
        if one.name == "ENGINE" and written.line <= one.at.line <= written.end_line
    ]
    for place, (_, given) in enumerate(assignment.value.entries):
        inner, where = assigned_value(draft, given, module)
        if not isinstance(inner, Dictionary):
            if isinstance(inner, Result):
                call = where.facts.calls[inner.call]
                default = call.argument("default")
                if default is not None and "database_url" in call.name.replace("dj_", ""):
                    yield Connection("", call.at, url=default.value)
            continue
        parts = {key.value: value for key, value in inner.entries if isinstance(key, Literal)}
        backend = parts.get("ENGINE")
        text = str(backend.value) if isinstance(backend, Literal) else ""
        engine = _DJANGO_ENGINES.get(text.rpartition(".")[2], "")
        if engine and engine != "sqlite":
            yield Connection(
                engine, assignment.at, host=parts.get("HOST"), port=parts.get("PORT"), database=parts.get("NAME"),
                account=parts.get("USER"), setting="DATABASES", options=parts.get("OPTIONS"),
                setting_at=lines[place] if len(lines) == len(assignment.value.entries) else None,
            )  # fmt: skip
