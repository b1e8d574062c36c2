"""Hosts and ports that code and configuration name, resolved inside their environment.

In: containers with their resolved variables, calls, datastore uses, configuration and routes. Out: an
``AddressReference`` for each host and a ``PortBinding`` for each port. A host is missing only where its environment is
wholly read (see ``directory``).
"""

from __future__ import annotations

from archlint.core.facts.documents import ConfigValue
from archlint.core.system import link
from archlint.core.system.calls import AddressReference
from archlint.core.system.workloads import Container, EnvironmentVariable
from archlint.core.values import UNKNOWN, Truth, Unknown, known
from archlint.model.addresses.code import add_code_addresses
from archlint.model.addresses.directory import Directory, directories
from archlint.model.addresses.hosts import DEFAULT_PORTS, Address, addresses_in, kind_of
from archlint.model.addresses.ports import add_target_ports, bind_reference
from archlint.model.addresses.routes import add_routes_to_services
from archlint.model.deployment.environments import deployed
from archlint.model.deployment.network import labels_of, matches
from archlint.model.draft import Draft
from archlint.model.paths import parent
from archlint.model.production import is_production, service_name_at
from archlint.model.secrets.configuration import is_template

_SOURCES = {"config-map": "config-map", "env-file": "configuration", "image": "env"}
_RESOLVED = frozenset(("literal", "config-map", "interpolation", "env-file"))


def add_addresses(draft: Draft) -> None:
    """Add every reference to a host, and what they say about ports."""
    found = directories(draft)
    namespaces = {workload.environment + "/" + workload.name: workload.namespace for workload in draft.workloads}
    hosts_by_service: dict[str, set[str]] = {}
    for container in draft.containers:
        directory = found.get(container.environment)
        namespace = namespaces.get(f"{container.environment}/{container.workload}")
        for variable in container.variables:
            for address in _addresses_of(variable):
                hosts_by_service.setdefault(container.service or "", set()).add(address.host)
                _add_variable(draft, container, variable, address, directory=directory, namespace=namespace)
    add_code_addresses(draft, found, hosts_by_service)
    _add_configuration(draft)
    add_routes_to_services(draft, found)
    add_target_ports(draft)
    _doubt_guesses(draft)


def _addresses_of(variable: EnvironmentVariable) -> list[Address]:
    value = known(variable.value)
    if value is None or variable.source not in _RESOLVED:
        return []
    return list(addresses_in(variable.name, value))


def _add_variable(
    draft: Draft,
    container: Container,
    variable: EnvironmentVariable,
    address: Address,
    *,
    directory: Directory | None,
    namespace: str | None,
) -> None:
    kind = kind_of(address.host, directory.namespaces if directory else ())
    target = directory.find(address.host, namespace) if directory else None
    resolves: Truth = UNKNOWN
    if target is not None:
        resolves = True
    elif directory is not None and kind == "in-cluster":
        resolves = directory.resolves(address.host, namespace, variable.at.path)
    caller = container.service or container.workload
    is_judged = container.is_production or container.platform != "compose"
    draft.add(
        AddressReference(
            at=variable.at,
            name=f"{variable.name}={address.host}",
            key=f"{container.environment}/{container.workload}/{container.name}/{variable.name}/{address.host}",
            source="compose" if container.platform == "compose" else _SOURCES.get(variable.source, "env"),
            host=address.host,
            host_kind=kind,
            port=address.port,
            environment=container.environment,
            service=caller,
            scheme=address.scheme,
            path=address.path,
            resolves=resolves,
            target=target.name if target else None,
            is_call_target=address.is_call_target,
            is_production=is_judged,
            related=variable.chain,
        )
    )
    if target is None or not address.is_call_target:
        return
    port, at = address.port, variable.at
    if port is None:
        sibling = _port_beside(container, variable)
        if sibling is not None:
            value = known(sibling.value)
            port, at = (int(value), sibling.at) if value is not None and value.isdigit() else (None, at)
        elif address.scheme in DEFAULT_PORTS and target.platform == "kubernetes":
            port = DEFAULT_PORTS[address.scheme]
    if port is not None and not any(workload.name == container.workload for workload in target.workloads):
        bind_reference(draft, at, target, port, caller=caller, is_production=is_judged, related=variable.chain)


def _port_beside(container: Container, variable: EnvironmentVariable) -> EnvironmentVariable | None:
    """The variable that gives the port for a host: ``REDIS_PORT`` beside ``REDIS_HOST``."""
    stem = variable.name.upper().rpartition("_")[0]
    names = {f"{stem}_PORT", f"{stem}PORT", f"{variable.name.upper()}_PORT"} if stem else {"PORT"}
    return next((one for one in container.variables if one.name.upper() in names), None)


def _add_configuration(draft: Draft) -> None:
    """Hosts in configuration files. Which environment such a file runs in is not known, so neither is what resolves."""
    path, is_judged, service = "", False, None
    for one in draft.index.of(ConfigValue):
        if one.at.path != path:
            path = one.at.path
            is_judged = is_production(path, draft.config) and not is_template(path)
            service = service_name_at(draft, path)
        if not is_judged or not isinstance(one.value, str):
            continue
        for address in addresses_in(one.key, one.value):
            draft.add(
                AddressReference(
                    at=one.at,
                    name=f"{one.key}={address.host}",
                    key=f"configuration/{path}/{one.key}/{address.host}",
                    source="configuration",
                    host=address.host,
                    host_kind=kind_of(address.host),
                    port=address.port,
                    service=service,
                    scheme=address.scheme,
                    path=address.path,
                    is_call_target=address.is_call_target,
                )
            )


def _doubt_guesses(draft: Draft) -> None:
    """A Service whose directory has no workloads, or alternatives, may belong to any set of manifests: it dangles only
    where no workload of the whole scan has its labels."""
    selectors = {
        (environment.environment.name, one.namespace, one.name): (
            parent(one.at.path),
            labels_of(one.tree, "spec", "selector"),
        )
        for environment in deployed(draft)
        for one in environment.objects
        if one.kind == "Service"
    }
    homes: dict[str, set[str]] = {}
    for one in draft.workloads:
        homes.setdefault(parent(one.at.path), set()).add(one.environment)
    for service in draft.network_services:
        if service.dangling is not True:
            continue
        path, selector = selectors.get((service.environment, service.namespace, service.name), ("", {}))
        if homes.get(path) == {service.environment} or not selector:
            continue
        if any(matches(selector, dict(one.labels)) for one in draft.workloads):
            link(service, dangling=Unknown("a workload of another set of manifests has the labels"))
