"""Back ends of Ingresses and mesh or gateway routes: references to Services, with ports."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.calls import AddressReference
from archlint.core.system.workloads import NetworkService, PortBinding
from archlint.core.tree import Mapping, Node
from archlint.core.values import UNKNOWN, Place, Truth, Unknown
from archlint.model.addresses.directory import Directory, offered_ports, offers_elsewhere
from archlint.model.addresses.hosts import kind_of
from archlint.model.addresses.ports import offered_texts
from archlint.model.deployment.containers import line_of
from archlint.model.deployment.environments import deployed
from archlint.model.draft import Draft


@dataclass(frozen=True)
class Backend:
    """A back end as written. ``port`` is a number or a port's name, None where none is said."""

    host: str
    host_at: Span
    port: int | str | Unknown | None
    port_at: Span
    namespace: str | None


def add_routes_to_services(draft: Draft, directories: dict[str, Directory]) -> None:
    """Add a reference and a port binding for every back end."""
    for environment in deployed(draft):
        directory = directories.get(environment.environment.name)
        if directory is None:
            continue
        for one in environment.objects:
            for backend in backends(one):
                _add(draft, directory, one, backend)


def backends(one: KubernetesObject) -> Iterator[Backend]:
    """The back ends of an Ingress, a Gateway API route, an Istio VirtualService or a Traefik IngressRoute."""
    spec = tree.get(one.tree, "spec")
    if one.kind == "Ingress":
        yield from _of_ingress(spec, one.namespace)
    elif one.kind in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute") and "gateway" in one.api_version:
        for rule in tree.items(spec, "rules"):
            for item in tree.items(rule, "backendRefs"):
                if isinstance(item, Mapping) and (tree.text(item, "kind") or "Service") == "Service":
                    yield from _plain(item, "name", "port", tree.text(item, "namespace") or one.namespace)
    elif one.kind == "VirtualService" and "istio" in one.api_version:
        for protocol in ("http", "tcp", "tls"):
            for rule in tree.items(spec, protocol):
                for item in (*tree.items(rule, "route"), *([rule] if tree.get(rule, "mirror") else [])):
                    destination = tree.get(item, "destination") or tree.get(item, "mirror")
                    if isinstance(destination, Mapping):
                        yield from _of_destination(destination, one.namespace)
    elif one.kind in ("IngressRoute", "IngressRouteTCP") and "traefik" in one.api_version:
        for rule in tree.items(spec, "routes"):
            for item in tree.items(rule, "services"):
                if isinstance(item, Mapping) and (tree.text(item, "kind") or "Service") == "Service":
                    yield from _plain(item, "name", "port", tree.text(item, "namespace") or one.namespace)


def _of_ingress(spec: Node | None, namespace: str | None) -> Iterator[Backend]:
    found = [tree.get(spec, "defaultBackend"), tree.get(spec, "backend")]
    for rule in tree.items(spec, "rules"):
        found += [tree.get(path, "backend") for path in tree.items(rule, "http", "paths")]
    for node in found:
        if not isinstance(node, Mapping):
            continue
        service = tree.get(node, "service")
        if isinstance(service, Mapping):
            name = tree.text(service, "name")
            port = tree.get(service, "port")
            if name is None:
                continue
            at = line_of(service, "name")
            if isinstance(port, Mapping):
                key = "number" if tree.entry(port, "number") is not None else "name"
                yield Backend(name, at, _port(tree.get(port, key)), line_of(port, key), namespace)
            else:
                yield Backend(name, at, None, at, namespace)
        else:
            yield from _plain(node, "serviceName", "servicePort", namespace)


def _plain(node: Mapping, name: str, port: str, namespace: str | None) -> Iterator[Backend]:
    host = tree.text(node, name)
    if host:
        at = line_of(node, name)
        yield Backend(
            host, at, _port(tree.get(node, port)), line_of(node, port) if tree.entry(node, port) else at, namespace
        )


def _of_destination(node: Mapping, namespace: str | None) -> Iterator[Backend]:
    host = tree.text(node, "host")
    if host:
        at = line_of(node, "host")
        port = tree.get(node, "port")
        where = line_of(port, "number") if isinstance(port, Mapping) else at
        yield Backend(host, at, _port(tree.get(port, "number")), where, namespace)


def _port(node: Node | None) -> int | str | Unknown | None:
    if node is None:
        return None
    value = tree.value(node)
    if isinstance(value, str):
        return int(value) if value.isdigit() else value
    return value if isinstance(value, int) and not isinstance(value, bool) else UNKNOWN


def _add(draft: Draft, directory: Directory, one: KubernetesObject, backend: Backend) -> None:
    kind = kind_of(backend.host, directory.namespaces)
    target = directory.find(backend.host, backend.namespace)
    environment = directory.environment
    resolves: Truth = (
        directory.resolves(backend.host, backend.namespace, one.at.path) if kind == "in-cluster" else UNKNOWN
    )
    draft.add(
        AddressReference(
            at=backend.host_at,
            name=backend.host,
            key=f"{environment.name}/{one.kind}/{one.name}/{backend.host}",
            source="route",
            host=backend.host,
            host_kind=kind,
            port=backend.port if isinstance(backend.port, int) else None,
            environment=environment.name,
            service=f"{one.kind} {one.name}",
            resolves=True if target is not None else resolves,
            target=target.name if target else None,
            is_call_target=True,
        )
    )
    if target is not None and backend.port is not None:
        draft.add(
            PortBinding(
                at=backend.port_at,
                name=f"{target.name}:{backend.port}",
                key=f"{environment.name}/{one.kind}/{one.name}/{target.name}:{backend.port}",
                kind="route",
                port=backend.port,
                target=target.name,
                exposed=_exposed(directory, target, backend, one.at.path),
                offered=offered_texts(target),
                service=f"{one.kind} {one.name}",
                environment=environment.name,
                related=(Place(target.at, f"Service {target.name} is defined here"),),
            )
        )


def _exposed(directory: Directory, target: NetworkService, backend: Backend, path: str) -> Truth:
    port = backend.port
    if port is None or isinstance(port, Unknown) or target.type == "ExternalName":
        return UNKNOWN
    if offers_elsewhere(directory, target.name, port, path):
        return UNKNOWN
    if isinstance(port, str):
        return any(one.port_name == port for one in target.ports) if target.ports else UNKNOWN
    offered = offered_ports(target)
    return UNKNOWN if isinstance(offered, Unknown) else port in offered
