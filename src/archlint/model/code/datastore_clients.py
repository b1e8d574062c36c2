"""Clients of datastores, caches and brokers, and what bounds their waiting.

In: the services' calls that make clients, and the settings of Flask and Django. Out: a ``DatastoreClient`` for each
place and service. A client is bounded where anything bounds connecting or the answer: an argument, a parameter of the
URL, a variable that the library reads, the library's own default in the version in use. What is handed in, or comes
from a URL that is not known, is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archlint.core.facts.python import Expression, Literal, PythonCall, Result
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.data import DatastoreClient
from archlint.core.values import Place, Unknown
from archlint.model.code.datastore_bounds import (
    Bound,
    Given,
    in_dictionary,
    in_text,
    of_argument,
    of_driver,
    of_variables,
)
from archlint.model.code.datastore_code import Connected, code_uses, spread
from archlint.model.code.datastore_waits import DRIVERS, GIVEN_CLIENTS, MAKER_NAMES, MAKERS, SCHEMES, Driver, Maker
from archlint.model.code.library_versions import requires
from archlint.model.code.objects import member_of, values_of
from archlint.model.code.scope import Surroundings, code_scope, surroundings_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_TELLS_TIMEOUT = (b"statement_timeout", b"tcp_user_timeout", b"max_execution_time")
_SERVER_TIMEOUTS = ("statement_timeout", "max_execution_time")
_URL_MAKERS = frozenset({"create", "URL", "build", "make_url"})


@dataclass(frozen=True, eq=False)
class _Made:
    """A client that code makes. ``arguments`` are those of the driver itself, ``is_open`` says that there are more."""

    at: Span
    module: Module
    maker: Maker
    url: Expression | None
    arguments: dict[str, Given]
    is_open: bool = False
    related: tuple[Place, ...] = ()


def add_datastore_clients(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    servers = _bounded_by_server(draft)
    found: list[DatastoreClient] = []
    for module in scope.modules():
        for call in module.calls_named(MAKER_NAMES):
            maker = MAKERS.get(draft.program.callee(call, module))
            made = _of_call(draft, maker, call, module) if maker is not None else None
            if made is not None:
                for service in scope.services_running(call, module):
                    found += _client(draft, made, service, servers)
    for one in draft.services:
        for connected in code_uses(draft, scope, one.name):
            for made in _of_settings(draft, connected, one.name):
                found += _client(draft, made, one.name, servers)
    draft.add(*found)


def _of_call(draft: Draft, maker: Maker, call: PythonCall, module: Module) -> _Made | None:
    call = spread(draft, call, module)
    if any(one.name in GIVEN_CLIENTS and one.value != Literal(None) for one in call.arguments):
        return None
    arguments = {one.name: (one.value, module) for one in call.arguments if one.name and one.name not in ("*", "**")}
    for name, position in maker.positions:
        given = call.argument(name, position)
        if given is not None:
            arguments.setdefault(name, (given.value, module))
    url = next((one.value for name in maker.url[0] if (one := call.argument(name)) is not None), None)
    if url is None and maker.url[1] is not None:
        positional = call.argument(maker.url[0][0], maker.url[1])
        url = positional.value if positional is not None else None
    is_open = call.is_open or _is_limited_outside(call, module)
    if maker.driver_arguments:
        inner = call.argument(maker.driver_arguments)
        arguments, closed = in_dictionary(draft, inner.value if inner is not None else None, module)
        is_open = is_open or not closed
    return _Made(call.at, module, maker, url, arguments, is_open)


def _is_limited_outside(call: PythonCall, module: Module) -> bool:
    """Whether ``wait_for(connect(...), 5)`` or ``async with timeout(5)`` may bound the call."""
    for context in call.contexts:
        made = module.call(context.call) if isinstance(context, Result) else None
        if made is not None and "timeout" in made.name:
            return True
    return any(
        isinstance(argument.value, Result) and module.call(argument.value.call) is call
        for outer in module.calls_named({"wait_for", "timeout", "fail_after", "move_on_after"})
        for argument in outer.arguments
    )


def _of_settings(draft: Draft, connected: Connected, service: str) -> Iterator[_Made]:
    """Clients that a framework makes from its settings."""
    connection, module = connected.connection, connected.module
    if connection.setting == "DATABASES":
        options, closed = in_dictionary(draft, connection.options, module)
        driver = _django_driver(draft, connection.engine, service, module)
        maker = Maker(driver) if driver is not None else Maker(None)
        at = connection.setting_at or connection.at
        yield _Made(at, module, maker, None, options, not closed)
    elif connection.setting == "SQLALCHEMY_DATABASE_URI":
        yield from _of_flask(draft, connected, service)


def _of_flask(draft: Draft, connected: Connected, service: str) -> Iterator[_Made]:
    scope = code_scope(draft)
    code = scope.code(service)
    connection, module = connected.connection, connected.module
    is_open, at = False, connection.at
    places: tuple[Place, ...] = ()
    for other in code.modules if code is not None else ():
        for call in other.calls_named({"SQLAlchemy"}):
            if draft.program.callee(call, other).startswith("flask_sqlalchemy."):
                at, places = call.at, (Place(connection.at, "its URL is set here"),)
                given = call.argument("engine_options")
                is_open = is_open or given is not None or call.is_open
        if b"SQLALCHEMY_ENGINE_OPTIONS" in other.facts.encoded_strings or any(
            member_of(one.target) == "SQLALCHEMY_ENGINE_OPTIONS" for one in other.facts.assignments
        ):
            is_open = True
    yield _Made(at, module, MAKERS["sqlalchemy.create_engine"], connection.url, {}, is_open, places)


def _django_driver(draft: Draft, engine: str, service: str, module: Module) -> str | None:
    if engine == "postgresql":
        # Django takes psycopg where it is installed, else psycopg2.
        if _required(draft, service, module, "psycopg", "psycopg-binary"):
            return "psycopg"
        return "psycopg2" if _required(draft, service, module, "psycopg2", "psycopg2-binary") else None
    if engine == "mysql":
        return _mysql_driver(draft, service, module)
    return "oracledb" if engine == "oracle" else None


def _client(draft: Draft, made: _Made, service: str, servers: frozenset[str | None]) -> Iterator[DatastoreClient]:
    bounds: list[Bound] = []
    library: Driver | None = None
    for around in surroundings_of(draft, service):
        if not around.is_production and all(one.platform == "compose" for one in around.containers):
            continue
        for driver, bound in _bounds(draft, made, service, around, servers):
            library = driver
            bounds.append(bound)
    if library is None:
        return
    # Without a bound in one environment is without a bound.
    ordered = sorted(bounds, key=lambda one: 0 if one is None else 1 if isinstance(one, Unknown) else 2)
    yield DatastoreClient(
        at=made.at,
        name=f"{service}'s {library.name} client",
        key=f"{service} {library.name} {made.module.name}",
        service=service,
        library=library.name,
        timeout=ordered[0],
        bounded_by=" or ".join(library.arguments[:2]),
        related=made.related,
    )


def _bounds(
    draft: Draft, made: _Made, service: str, around: Surroundings, servers: frozenset[str | None]
) -> Iterator[tuple[Driver, Bound]]:
    """The driver and what bounds it, for each value that the URL may have."""
    texts = _texts(draft, made, around)
    for text in texts:
        driver = _driver(draft, made, service, text)
        if driver is None:
            continue
        parts = [of_argument(draft, name, given, made.at, around, driver) for name, given in made.arguments.items()]
        parts += [in_text(text, driver, made.at), of_variables(driver, around)]
        given = made.arguments.get(driver.default_argument)
        is_unbounded = given is not None and given[0] == Literal(None)
        bound = of_driver(draft, driver, _paths(draft, service, made.module), made.at, is_unbounded, parts)
        if bound is None and (
            made.is_open
            or around.environment in servers
            or any(one in made.module.facts.encoded_calls for one in _TELLS_TIMEOUT)
        ):
            bound = Unknown("arguments that are not all seen")
        yield driver, bound


def _texts(draft: Draft, made: _Made, around: Surroundings) -> list[str | None]:
    """The URLs; None for one that is not known, one empty text where there is none."""
    if made.url is None or made.url == Literal(None):
        return [""]
    values = values_of(draft, made.url, made.module, around.lookup)
    if isinstance(values, Unknown) or not values:
        return [_scheme_of(draft, made.url, made.module, around)]
    return [one.value if isinstance(one.value, str) and one.value != "{}" else None for one in values]


def _scheme_of(draft: Draft, url: Expression, module: Module, around: Surroundings) -> str | None:
    """``URL.create("postgresql+psycopg2", ...)`` and ``PostgresDsn.build(scheme=...)``, as a text with their query."""
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


def _driver(draft: Draft, made: _Made, service: str, text: str | None) -> Driver | None:
    """What opens the connection; None for SQLite and for what is not known to be any of the libraries."""
    if made.maker.driver is not None:
        name: str | None = made.maker.driver
        if name == "psycopg2" and not made.maker.url[0]:
            name = _postgres_driver(draft, service, made.module)
        return DRIVERS.get(name or "")
    scheme = (text or "").partition("://")[0].lower() if "://" in (text or "") else ""
    name = SCHEMES.get(made.maker.schemes, {}).get(scheme)
    if name == "psycopg2" and "+" not in scheme:
        name = _postgres_driver(draft, service, made.module)
    if name == "MySQLdb" and scheme in ("mysql", "mariadb"):
        name = _mysql_driver(draft, service, made.module)
    return DRIVERS.get(name or "")


def _postgres_driver(draft: Draft, service: str, module: Module) -> str:
    """psycopg2, unless only psycopg is there: SQLAlchemy takes that from 2.1 on."""
    if _required(draft, service, module, "psycopg2", "psycopg2-binary"):
        return "psycopg2"
    return "psycopg" if _required(draft, service, module, "psycopg", "psycopg-binary") else "psycopg2"


def _mysql_driver(draft: Draft, service: str, module: Module) -> str:
    """mysqlclient, unless PyMySQL stands in for it."""
    code = code_scope(draft).code(service)
    stands_in = code is not None and any(one.calls_named({"install_as_MySQLdb"}) for one in code.modules)
    if stands_in or (
        not _required(draft, service, module, "mysqlclient") and _required(draft, service, module, "pymysql")
    ):
        return "pymysql"
    return "MySQLdb"


def _required(draft: Draft, service: str, module: Module, *packages: str) -> bool:
    return any(requires(draft, path, package) for path in _paths(draft, service, module) for package in packages)


def _paths(draft: Draft, service: str, module: Module) -> tuple[str, ...]:
    """Where to start looking for requirements: at the service, and at the module."""
    owner = draft.service(service)
    return (f"{owner.directory}/", module.path) if owner is not None and owner.directory else (module.path,)


def _bounded_by_server(draft: Draft) -> frozenset[str | None]:
    """The environments in which a database server is started with a limit on statements."""
    return frozenset(one.environment for one in draft.containers if _says(one.command) or _says(one.arguments))


def _says(words: Iterable[str] | Unknown) -> bool:
    return not isinstance(words, Unknown) and any(text in word for word in words for text in _SERVER_TIMEOUTS)
