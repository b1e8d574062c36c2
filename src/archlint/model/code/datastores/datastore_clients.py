"""Clients of datastores, caches and brokers, and what bounds their waiting.

In: the services' calls that make clients, and the settings of frameworks. Out: a ``DatastoreClient`` for each place and
service. A client is bounded where anything bounds connecting or the answer: an argument, a parameter of the URL, a
variable that the library reads, the library's own default in the version in use. What is handed in, or comes from a URL
that is not known, is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archlint.core.facts.python import Expression, Literal
from archlint.core.system.data import DatastoreClient
from archlint.core.values import Place, Unknown
from archlint.model.code.calls.nameko_settings import configured, configured_key
from archlint.model.code.datastores.datastore_bounds import Bound, in_text, of_argument, of_driver, of_variables
from archlint.model.code.datastores.datastore_code import code_uses
from archlint.model.code.datastores.datastore_waits import DRIVERS, MAKER_NAMES, MAKERS, SCHEMES, Driver
from archlint.model.code.datastores.django_settings import is_in_force
from archlint.model.code.datastores.framework_clients import clients_of_caches, clients_of_settings, mysql_driver
from archlint.model.code.datastores.made_clients import MadeClient, client_of_call
from archlint.model.code.library_versions import Needs, needs_of
from archlint.model.code.objects import member_of, values_of
from archlint.model.code.scope import CodeScope, Surroundings, code_scope, surroundings_of
from archlint.model.draft import Draft
from archlint.model.production import is_alembic_environment
from archlint.model.program.program import HOLE, Module

_TELLS_TIMEOUT = (b"statement_timeout", b"tcp_user_timeout", b"max_execution_time")
_SERVER_TIMEOUTS = ("statement_timeout", "max_execution_time")
_URL_MAKERS = frozenset({"create", "URL", "build", "make_url"})


def add_datastore_clients(draft: Draft) -> None:
    """Add them to the draft."""
    servers = _bounded_by_server(draft)
    found: dict[tuple[str, object], DatastoreClient] = {}
    for made, service in _made(draft, code_scope(draft)):
        client = _client(draft, made, service, servers)
        if client is not None:
            found.setdefault((service, client.at), client)
    draft.add(*found.values())


def _made(draft: Draft, scope: CodeScope) -> Iterator[tuple[MadeClient, str]]:
    """The clients that are made, and by which services. What Alembic's environment makes is the migration's."""
    for module in scope.modules():
        for call in module.calls_named(MAKER_NAMES):
            maker = MAKERS.get(draft.program.callee(call, module))
            made = client_of_call(draft, maker, call, module) if maker is not None else None
            if made is not None and not is_alembic_environment(module.facts):
                for service in scope.services_running(call, module):
                    yield made, service
        for made in clients_of_caches(draft, module):
            for service in scope.owners(module):
                if is_in_force(draft, service, module):
                    yield made, service
    for one in draft.services:
        for connected in code_uses(draft, scope, one.name):
            if connected.connection.setting == "DATABASES" and not is_in_force(draft, one.name, connected.module):
                continue
            needs = needs_of(draft, one.name, connected.module.path)
            for made in clients_of_settings(draft, connected, scope.code(one.name), needs):
                yield made, one.name


def _client(draft: Draft, made: MadeClient, service: str, servers: frozenset[str | None]) -> DatastoreClient | None:
    bounds: list[tuple[Driver, Bound, tuple[Place, ...]]] = []
    for around in surroundings_of(draft, service):
        if not around.is_production and all(one.platform == "compose" for one in around.containers):
            continue
        found = list(_bounds(draft, made, service, around, servers))
        # Of several values of the URL, any may hold: what they do not agree on is not known.
        if len({bound is None for _, bound, _ in found}) > 1:
            found = [(driver, Unknown("an address with several values"), ()) for driver, _, _ in found]
        bounds += found
    if not bounds:
        return None
    # Without a bound in one environment is without a bound.
    library, bound, chain = min(
        bounds, key=lambda one: 0 if one[1] is None else 1 if isinstance(one[1], Unknown) else 2
    )
    return DatastoreClient(
        at=made.at,
        name=f"{service}'s {library.name} client",
        key=f"{service} {library.name} {made.module.name}",
        service=service,
        library=library.name,
        timeout=bound,
        bounded_by=" or ".join(library.arguments[:2]),
        related=tuple({place.at: place for place in (*made.related, *chain) if place.at != made.at}.values()),
    )


def _order(found: tuple[Driver, Bound, tuple[Place, ...]]) -> int:
    return 0 if found[1] is None else 1 if isinstance(found[1], Unknown) else 2


def _bounds(
    draft: Draft, made: MadeClient, service: str, around: Surroundings, servers: frozenset[str | None]
) -> Iterator[tuple[Driver, Bound, tuple[Place, ...]]]:
    """The driver, what bounds it and the way there, for each value that the URL may have."""
    needs = needs_of(draft, service, made.module.path)
    for text, chain in _texts(draft, made, service, around):
        driver = _driver(draft, made, service, text, needs)
        if driver is None:
            continue
        parts = [of_argument(draft, name, given, made.at, around, driver) for name, given in made.arguments.items()]
        parts += [in_text(text, driver, made.at), of_variables(driver, around)]
        given = made.arguments.get(driver.default_argument)
        is_unbounded = given is not None and given[0] == Literal(None)
        bound = of_driver(driver, needs, made.at, is_unbounded, parts)
        if bound is None and (
            made.is_open
            or around.environment in servers
            or any(one in made.module.facts.encoded_calls for one in _TELLS_TIMEOUT)
        ):
            bound = Unknown("arguments that are not all seen")
        yield driver, bound, (*chain, *(needs.places(driver.package) if driver.since else ()))


def _texts(
    draft: Draft, made: MadeClient, service: str, around: Surroundings
) -> list[tuple[str | None, tuple[Place, ...]]]:
    """The URLs and the ways to them; None for one that is not known, one empty text where there is none."""
    unknown: list[tuple[str | None, tuple[Place, ...]]] = [(None, ())]
    if made.setting:
        if configured(draft, service, "DB_ENGINE_OPTIONS"):
            return unknown
        return [(text, (place,)) for text, place in configured(draft, service, made.setting)] or unknown
    if made.url is None or made.url == Literal(None):
        return [("", ())]
    values = values_of(draft, made.url, made.module, around.lookup)
    if isinstance(values, Unknown) or not values:
        key = configured_key(draft, made.url, made.module)
        if key is not None:
            return [(text, (place,)) for text, place in configured(draft, service, key)] or unknown
        return [(_scheme_of(draft, made.url, made.module, around), ())]
    return [(one.value if isinstance(one.value, str) and one.value != HOLE else None, one.chain) for one in values]


def _scheme_of(draft: Draft, url: Expression, module: Module, around: Surroundings) -> str | None:
    """``URL.create("postgresql+psycopg2", ...)`` and ``PostgresDsn.build(scheme=...)``: their scheme as a text."""
    made = draft.program.origin(url, module)
    if made is None or member_of(made[0].callee) not in _URL_MAKERS:
        return None
    call, home = made
    given = call.argument("drivername", 0) or call.argument("scheme")
    if given is None or call.argument("query") is not None or call.is_open:
        return None
    values = values_of(draft, given.value, home, around.lookup)
    if isinstance(values, Unknown) or not values or not isinstance(values[0].value, str):
        return None
    text = values[0].value
    return text if "://" in text else f"{text}://"


def _driver(draft: Draft, made: MadeClient, service: str, text: str | None, needs: Needs) -> Driver | None:
    """What opens the connection; None for SQLite, for a local socket, and for none of the libraries."""
    name = made.maker.driver
    if (text or "").startswith(("unix://", "redis+socket://")):
        return None
    if name is not None:
        # A layer (peewee) that takes psycopg where psycopg2 is not there.
        return DRIVERS.get(_postgres_driver(needs) if name == "psycopg2" and not made.maker.url[0] else name)
    scheme = (text or "").partition("://")[0].lower() if "://" in (text or "") else ""
    name = SCHEMES.get(made.maker.schemes, {}).get(scheme)
    if name == "psycopg2" and "+" not in scheme:
        name = _postgres_driver(needs)
    if name == "MySQLdb" and "+" not in scheme:
        name = mysql_driver(code_scope(draft).code(service), needs)
    return DRIVERS.get(name or "")


def _postgres_driver(needs: Needs) -> str:
    """psycopg2, unless only psycopg is there: SQLAlchemy takes that from 2.1 on."""
    if needs("psycopg2", "psycopg2-binary"):
        return "psycopg2"
    return "psycopg" if needs("psycopg", "psycopg-binary") else "psycopg2"


def _bounded_by_server(draft: Draft) -> frozenset[str | None]:
    """The environments in which a database server is started with a limit on statements."""
    return frozenset(one.environment for one in draft.containers if _says(one.command) or _says(one.arguments))


def _says(words: Iterable[str] | Unknown) -> bool:
    return not isinstance(words, Unknown) and any(text in word for word in words for text in _SERVER_TIMEOUTS)
