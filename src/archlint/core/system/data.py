"""Datastores and who uses them."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.base import Subject
from archlint.core.values import Place, Setting, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class DatastoreUse(Subject):
    """A service that connects to a datastore. ``at`` is where the address is given; ``how`` leads from the code to it.

    ``account`` is the user it connects as. ``is_superuser``: an administrator's name, or the user that the database's
    own container creates as superuser. ``account_at`` is where the account is given. ``is_own_tooling``: a migration
    job, backup, exporter or admin console.
    """

    service: str
    engine: str
    host: str | Unknown
    port: int | None | Unknown = None
    database: str | None | Unknown = None
    account: str | None | Unknown = None
    account_at: Span | None = None
    is_superuser: Truth = False
    is_own_tooling: bool = False
    writes: Truth = Unknown()
    environment: str | None = None
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Datastore(Subject):
    """One database, keyed by engine, host and database name after every reference is resolved.

    ``services`` are the business services that use it, without their migration jobs, workers and crons, backups and
    exporters; ``uses`` are those services' uses, one each.
    """

    engine: str
    host: str
    database: str | None
    services: tuple[str, ...] = ()
    uses: tuple[DatastoreUse, ...] = ()
    is_exposed: Truth = Unknown("archlint does not read it yet")


@dataclass(frozen=True, eq=False, kw_only=True)
class DatastoreClient(Subject):
    """A client of a datastore, cache or broker that a service makes. ``library`` is what opens the connection.

    ``timeout`` is what bounds connecting or waiting for an answer, in seconds, with its source: ``library`` for a
    default; None where the library waits without bound. ``bounded_by`` names the arguments that would bound it.
    """

    service: str
    library: str
    timeout: Setting[float] | None | Unknown = Unknown()
    bounded_by: str = ""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class SchemaCreation(Subject):
    """A place of a service's code that creates tables. ``statement`` is how: ``create_all()``, ``CREATE TABLE orders``.

    ``at_start`` tells whether serving runs it: when a process starts, or on a request. UNKNOWN where nobody is seen to
    call it; false for command-line tools and in-memory databases. ``related`` leads from the start to it.
    """

    service: str
    statement: str
    at_start: Truth = Unknown()
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class OwnedTables(Subject):
    """The relational tables that a service's own code describes or creates. ``at`` is the service's entry point.

    ``has_migrations``: whether a migration tool looks after them, UNKNOWN where migrations are of no one service.
    """

    service: str
    count: int
    has_migrations: Truth = Unknown()
    related: tuple[Place, ...] = ()


__all__ = ["Datastore", "DatastoreClient", "DatastoreUse", "OwnedTables", "SchemaCreation", "Span"]
