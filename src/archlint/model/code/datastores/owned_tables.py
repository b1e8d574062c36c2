"""The relational tables that services define, and whether a migration tool looks after them.

In: the tables that a service's own code describes or creates, its requirements, and everything that migrates. Out: an
``OwnedTables`` for each service that has any. A tool that is required, imported, started or configured counts, Django
brings its own; migrations that stand outside of every service may be anyone's, so they leave it UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archlint.core.facts.documents import ShellScript
from archlint.core.facts.python import Literal, PythonClass, Reference
from archlint.core.record import pattern
from archlint.core.system.data import OwnedTables, SchemaCreation
from archlint.core.system.services import Service
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.library_versions import needs_of
from archlint.model.code.scope import ServiceCode, code_scope
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.production import service_name_at
from archlint.model.program.program import Module

_TOOLS = (
    "alembic", "flask-migrate", "yoyo-migrations", "aerich", "django", "sqlalchemy-migrate", "peewee-migrate",
    "peewee-migrations", "piccolo", "tortoise-orm-migrations", "pogo-migrate", "caribou", "dbmate", "migra", "edgy",
)  # fmt: skip
_IMPORTED = names("alembic flask_migrate yoyo aerich django migrate peewee_migrate playhouse.migrate piccolo caribou")
_STARTED = pattern(
    r"\b(?:alembic|flyway|liquibase|dbmate|goose|sqitch|aerich|yoyo|atlas\s+migrate|golang-migrate|prisma\s+migrate|"
    r"flask\s+db|db\s+upgrade|manage(?:\.py)?\s+migrate|migrations?|migrate)\b"
)
_FOLDERS = names("migrations migration alembic migrate db_migrations flyway liquibase")
_MODELS = names("flask_sqlalchemy.SQLAlchemy.Model flask_sqlalchemy.model.Model peewee.Model tortoise.models.Model")


def add_owned_tables(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    created: dict[str, list[Place]] = {}
    for one in draft.select(SchemaCreation):
        if one.statement.startswith("CREATE TABLE") and one.at_start is not False:
            created.setdefault(one.service, []).append(Place(one.at, one.statement))
    homes = {path: service_name_at(draft, path) for path in _migrating_files(draft)}
    elsewhere = _migrations_of_nobody(draft, homes)
    started = _services_that_migrate(draft)
    for service in draft.services:
        code = scope.code(service.name)
        if code is None or not service.is_read or service.role in ("library", "test-tool"):
            continue
        tables = [*(place for module in code.own for place in _defined(draft, module)), *created.get(service.name, ())]
        if not tables:
            continue
        truth: Truth = service.name in homes.values() or _has_tool(draft, service, code) or service.name in started
        if truth is False and elsewhere is not None:
            truth = elsewhere
        draft.add(
            OwnedTables(
                at=service.at,
                name=f"the tables of {service.name}",
                key=f"{service.name} tables",
                service=service.name,
                count=len(tables),
                has_migrations=truth,
                related=tuple(sorted(tables)[:5]),
            )
        )


def _defined(draft: Draft, module: Module) -> Iterator[Place]:
    """The tables that a module describes."""
    for assignment in module.facts.assignments:
        target = assignment.target
        if (
            isinstance(target, Reference)
            and target.name.endswith(".__tablename__")
            and isinstance(assignment.value, Literal)
        ):
            yield Place(assignment.at, f"defines the table {assignment.value.value}")
    for one in module.facts.classes:
        if _is_table(draft, one):
            yield Place(one.at, f"defines the table of {one.name.rpartition('.')[2]}")
    for call in module.calls_named({"Table"}):
        if draft.program.callee(call, module) in ("sqlalchemy.Table", "sqlalchemy.schema.Table"):
            yield Place(call.at, "defines a table")


def _is_table(draft: Draft, found: PythonClass) -> bool:
    """Whether a class is a table by its base (Flask-SQLAlchemy, peewee, Tortoise) or by ``table=True`` (SQLModel)."""
    if any(one.name == "table" and one.value == Literal(True) for one in found.keywords):
        return True
    if not found.bases:
        return False
    bases = draft.program.bases(found.name)
    return not isinstance(bases, Unknown) and bool(_MODELS & set(bases))


def _has_tool(draft: Draft, service: Service, code: ServiceCode) -> bool:
    needs = needs_of(draft, service.name, service.at.path)
    if needs(*_TOOLS):
        return True
    return any(line.module.partition(".")[0] in _IMPORTED for module in code.modules for line in module.facts.imports)


def _migrating_files(draft: Draft) -> Iterator[str]:
    """The files that a migration tool is set up by, or that stand in its folders."""
    for path in draft.index.paths:
        folders, _, name = path.rpartition("/")
        if name == "alembic.ini" or not _FOLDERS.isdisjoint(folders.split("/")):
            yield path


def _migrations_of_nobody(draft: Draft, homes: Mapping[str, str | None]) -> Unknown | None:
    """Migrations that stand outside of every service: whose they are is not known."""
    for path, service in homes.items():
        if service is None:
            return Unknown(f"{path} may migrate them")
    for container in draft.containers:
        image = container.image.repository if container.image is not None else ""
        if container.service is None and _STARTED.search(image):
            return Unknown(f"{image} may migrate them")
    return None


def _services_that_migrate(draft: Draft) -> frozenset[str]:
    """The services whose containers, images or scripts start a migration."""
    found: set[str] = set()
    commands = [(one.service, (one.command, one.arguments)) for one in draft.containers]
    commands += [(one.service, (one.command, ())) for one in draft.images]
    for service, parts in commands:
        if service is not None and any(isinstance(one, Unknown) or _STARTED.search(" ".join(one)) for one in parts):
            found.add(service)
    for script in draft.index.of(ShellScript):
        if _STARTED.search(script.text):
            name = service_name_at(draft, script.at.path)
            if name is not None:
                found.add(name)
    return frozenset(found)
