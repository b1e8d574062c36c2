"""Datastores and the services that connect to them.

In: the services' code and the variables of their containers. Out: a DatastoreUse for each service, environment and
database, and a Datastore for each database. A use whose host or database is not known makes no Datastore: two unknown
addresses are not known to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field

from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.system.base import link
from archlint.core.system.data import Datastore, DatastoreUse
from archlint.core.system.workloads import Container, NetworkService
from archlint.core.values import UNKNOWN, Place, Truth, Unknown, is_unknown, known
from archlint.model.code.datastores.connection_urls import ENGINES, NAMED_DATABASES, PORTS
from archlint.model.code.datastores.datastore_code import CodeUse, code_uses, redis_writes
from archlint.model.code.datastores.datastore_variables import variable_uses
from archlint.model.code.scope import Surroundings, code_scope, surroundings_of
from archlint.model.draft import Draft

_SUPERUSERS = {
    "postgresql": frozenset({"root", "postgres", "admin", "administrator", "cloudsqlsuperuser", "rdsadmin"}),
    "mysql": frozenset({"root", "admin"}),
    "mssql": frozenset({"sa", "admin", "root", "sqladmin"}),
    "mongodb": frozenset({"root", "admin"}),
    "oracle": frozenset({"sys", "system"}),
    "": frozenset({"root", "postgres", "sa", "admin"}),
}
_CREATES_SUPERUSER = {
    "postgresql": ("POSTGRES_USER",),
    "mongodb": ("MONGO_INITDB_ROOT_USERNAME", "MONGODB_ROOT_USER"),
    "mysql": ("MARIADB_ROOT_USER", "MYSQL_ROOT_USER"),
}
_OWN_TOOLING = pattern(
    r"(^|[-_])(db|database)?[-_]?(migrations?|migrate|migrator|backup|backups|dump|seed|seeder|init|initdb|bootstrap|flyway|"
    r"liquibase|alembic|exporter|adminer|pgadmin|phpmyadmin|mongo-express|redis-commander|prisma|cleanup|cron|cronjob)($|[-_])",
    re.IGNORECASE,
)
_SIDE_PROCESS = pattern(
    r"[-_](workers?|celery|beat|scheduler|cron|cronjob|jobs?|migrations?|migrate|consumer|tasks?|queue|backup|seed|init)$",
    re.IGNORECASE,
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "host.docker.internal.localhost"})


@dataclass(eq=False)
class _Hosts:
    """Which host names of an environment are one: every name of a Service leads to what it selects."""

    by_name: dict[tuple[str, str], list[NetworkService]] = field(default_factory=dict)

    def service(self, environment: str | None, host: str, namespace: str | None) -> NetworkService | None:
        found = self.by_name.get((environment or "", host.lower()), [])
        same = [one for one in found if one.namespace == namespace]
        return next(iter(same or found), None)

    def canonical(self, environment: str | None, host: str, namespace: str | None) -> str:
        service = self.service(environment, host, namespace)
        if service is None:
            return host.lower()
        return service.workloads[0].name if service.workloads else service.name

    def containers(self, environment: str | None, host: str, namespace: str | None) -> list[Container]:
        service = self.service(environment, host, namespace)
        return [one for workload in service.workloads for one in workload.containers] if service is not None else []


def add_datastores(draft: Draft) -> None:
    """Add them to the draft."""
    hosts = _hosts(draft)
    uses: list[DatastoreUse] = []
    partly: set[Span] = set()
    for service in draft.services:
        if service.role in ("test-tool", "library"):
            continue
        code = code_uses(draft, code_scope(draft), service.name)
        for around in surroundings_of(draft, service.name):
            if not around.is_production and all(one.platform == "compose" for one in around.containers):
                continue
            found = [one for use in code for one in use.resolve(draft, around)]
            found += variable_uses(draft, around, hosts.containers)
            partly |= {one.at for one in found if one.rank > 1}
            uses.extend(_merged(draft, hosts, around, found))
    uses = _without_repetitions(uses)
    draft.add(*uses)
    for service in draft.services:
        mine = tuple(one for one in uses if one.service == service.name)
        if mine:
            link(service, datastores=mine)
    draft.add(*_datastores(uses, partly))


def _hosts(draft: Draft) -> _Hosts:
    hosts = _Hosts()
    for service in draft.network_services:
        for name in {*service.hosts, service.name}:
            hosts.by_name.setdefault((service.environment, name.lower()), []).append(service)
    return hosts


def _namespace(draft: Draft, around: Surroundings) -> str | None:
    by_workload = draft.memo.get("namespaces by workload")
    if not isinstance(by_workload, dict):
        by_workload = draft.memo["namespaces by workload"] = {
            (one.environment, one.name): one.namespace for one in draft.workloads
        }
    for container in around.containers:
        if (container.environment, container.workload) in by_workload:
            found: str | None = by_workload[container.environment, container.workload]
            return found
    return None


def _merged(draft: Draft, hosts: _Hosts, around: Surroundings, found: Iterable[CodeUse]) -> list[DatastoreUse]:
    """One use for each database that the service reaches here; what the code and the manifest say of it joined."""
    namespace = _namespace(draft, around)
    groups: dict[tuple[str, str, str], list[CodeUse]] = {}
    unknown: list[CodeUse] = []
    for use in found:
        engine = use.engine or _engine_of_host(hosts, around, use, namespace)
        host = known(use.host)
        if host is None:
            unknown.append(use)
            continue
        database = known(use.database)
        key = (engine, hosts.canonical(around.environment, host, namespace), "" if database is None else str(database))
        groups.setdefault(key, []).append(use)
    for key in [one for one in groups if not one[2] or not one[0]]:
        # "some database on that host", said beside a database on that host, is no second one.
        fuller = [one for one in groups if one[1] == key[1] and one[2] and one[0] and (not key[0] or one[0] == key[0])]
        if fuller and (not key[2] or any(one[2] == key[2] for one in fuller)):
            groups[fuller[0]].extend(groups.pop(key))
    known_engines = {one[0] for one in groups}
    result = [_use(draft, hosts, around, key, members, namespace) for key, members in groups.items()]
    for use in unknown:
        if use.engine not in known_engines or is_unknown(use.host):
            if any(one.engine == use.engine for one in result) and use.account is None:
                continue
            result.append(_use(draft, hosts, around, (use.engine, "", ""), [use], namespace))
    return result


def _engine_of_host(hosts: _Hosts, around: Surroundings, use: CodeUse, namespace: str | None) -> str:
    host = known(use.host)
    if host is not None:
        for container in hosts.containers(around.environment, host, namespace):
            if container.image is not None:
                engine = ENGINES.get(container.image.repository.rpartition("/")[2].lower())
                if engine:
                    return engine
        for word in re.split(r"[-_.\d]+", host.lower()):
            if word in ENGINES:
                return ENGINES[word]
    port = known(use.port)
    if isinstance(port, int) and port in PORTS:
        return PORTS[port]
    return "postgresql" if use.account == "postgres" else ""


def _use(
    draft: Draft,
    hosts: _Hosts,
    around: Surroundings,
    key: tuple[str, str, str],
    members: list[CodeUse],
    namespace: str | None,
) -> DatastoreUse:
    engine, host, database = key
    first = min(members, key=lambda one: one.rank)
    with_account = next((one for one in members if isinstance(one.account, str)), None)
    account = with_account.account if with_account else next((one.account for one in members), None)
    service = draft.service(around.service)
    related: dict[Span, Place] = {}
    for member in members:
        for place in member.chain:
            related.setdefault(place.at, place)
    related.pop(first.at, None)
    what = f"{engine or 'database'} {database}".strip() + (f" on {host}" if host else "")
    return DatastoreUse(
        at=first.at,
        name=what,
        key=f"{around.service} uses {what}",
        service=around.service,
        engine=engine or "database",
        host=host or UNKNOWN,
        port=next((one.port for one in members if one.port is not None), None),
        database=database or next((one.database for one in members), None),
        account=account,
        account_at=with_account.account_at or with_account.at if with_account else first.at,
        is_superuser=_is_superuser(hosts, around, engine, members, account, namespace),
        is_own_tooling=_is_tooling(around, service.role if service else "service"),
        writes=redis_writes(draft, code_scope(draft), around.service) if engine == "redis" else UNKNOWN,
        environment=around.environment,
        related=tuple(related[at] for at in sorted(related)),
    )


def _is_tooling(around: Surroundings, role: str) -> bool:
    if _OWN_TOOLING.search(around.service):
        return True
    return role == "job" and all(one.workload_kind in ("Job", "CronJob") for one in around.containers)


def _is_superuser(
    hosts: _Hosts,
    around: Surroundings,
    engine: str,
    members: list[CodeUse],
    account: str | Unknown | None,
    namespace: str | None,
) -> Truth:
    if isinstance(account, Unknown):
        return account
    if account is None or engine not in {*NAMED_DATABASES, ""}:
        return False
    if account.lower() in _SUPERUSERS.get(engine, _SUPERUSERS[""]):
        return True
    for host in {known(one.host) for one in members}:
        for container in hosts.containers(around.environment, host, namespace) if host is not None else ():
            for variable in container.variables:
                if variable.name in _CREATES_SUPERUSER.get(engine, ()) and variable.value == account:
                    return True
    return False


def _without_repetitions(uses: list[DatastoreUse]) -> list[DatastoreUse]:
    """A use that several environments take from the same line is one for its readers."""
    found: dict[tuple[object, ...], DatastoreUse] = {}
    for use in uses:
        database = use.database if isinstance(use.database, str) else ""
        host = use.host if isinstance(use.host, str) else ""
        found.setdefault((use.service, use.engine, host, database, use.at, use.account_at, str(use.account)), use)
    return list(found.values())


def _datastores(uses: list[DatastoreUse], partly: set[Span]) -> list[Datastore]:
    """One for each database. ``partly`` are places that give but a part of an address: the finding stands elsewhere."""
    grouped: dict[tuple[str, str, str], list[DatastoreUse]] = {}
    for use in uses:
        if not isinstance(use.host, str) or not isinstance(use.database, str) or use.host in _LOOPBACK:
            continue
        grouped.setdefault((use.engine, use.host, use.database), []).append(use)
    shared: dict[tuple[object, ...], Datastore] = {}
    for (engine, host, database), members in grouped.items():
        counted = [
            one for one in _sharing(members) if not one.is_own_tooling and (engine != "redis" or one.writes is True)
        ]
        services = tuple(sorted({one.service for one in counted}))
        by_service: dict[str, DatastoreUse] = {}
        for use in sorted(counted, key=lambda one: one.at):
            by_service.setdefault(use.service, use)
        chosen = tuple(by_service[name] for name in services)
        # Several files may deploy the same services on the same database: that is one sharing, said once.
        key = (engine, database, services) if len(services) > 1 else (engine, host, database)
        if key in shared:
            earlier = shared[key]
            link(earlier, uses=(*earlier.uses, *chosen))
            continue
        first = min(chosen or tuple(members), key=lambda one: (one.at in partly, one.at))
        shared[key] = Datastore(
            at=first.at,
            name=f"{engine} database {database} on {host}",
            key=f"{engine} {host} {database}",
            engine=engine,
            host=host,
            database=database,
            services=services,
            uses=chosen,
        )
    return list(shared.values())


def _sharing(uses: list[DatastoreUse]) -> list[DatastoreUse]:
    """The uses that meet: those of one environment, and those that hold in every environment; without the own workers
    of a service that is there too."""
    by_environment: dict[str | None, set[str]] = {}
    for use in uses:
        by_environment.setdefault(use.environment, set()).add(use.service)
    everywhere = by_environment.get(None, set())
    best: set[str] = set()
    for environment in sorted(by_environment, key=str):
        names = by_environment[environment] | everywhere
        names = {one for one in names if _SIDE_PROCESS.sub("", one) == one or not _has_main(one, names)}
        if len(names) > len(best):
            best = names
    return [one for one in uses if one.service in best]


def _has_main(name: str, names: set[str]) -> bool:
    base = _SIDE_PROCESS.sub("", name)
    return any(
        one != name and one in (base, f"{base}-service", f"{base}-api", f"{base}_service", f"{base}-web")
        for one in names
    )
