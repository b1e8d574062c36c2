"""What the outside can reach, and whether it passes the gateway.

In: network services, containers with their ports, the manifests' own words about load balancers and ingresses. Out:
``Exposure`` for services and other infrastructure, ``DatabaseExposure`` for datastores and brokers. An Ingress is a
gateway; so is a container of a known gateway image, or what the configuration or its name calls one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from fnmatch import fnmatchcase

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.security import DatabaseExposure
from archlint.core.system.workloads import Container, Exposure, NetworkService, Workload
from archlint.core.tree import Mapping
from archlint.core.values import UNKNOWN, Place, Truth, is_unknown
from archlint.model.addresses.routes import backends
from archlint.model.deployment.compose import compose_nodes
from archlint.model.deployment.containers import line_of
from archlint.model.deployment.environments import deployed
from archlint.model.deployment.kubernetes import container_nodes
from archlint.model.deployment.network import labels_of, matches
from archlint.model.deployment.references import last_part
from archlint.model.deployment.ways import WAYS
from archlint.model.draft import Draft
from archlint.model.paths import words

_LOOPBACK = ("127.", "::1", "localhost")
_STORES = frozenset(("datastore", "broker"))
_NODE_AGENTS = frozenset(("observability", "infrastructure", "sidecar"))
_GATEWAY_NAMES = frozenset(("gateway", "apigateway", "bff", "ingress", "apigw", "edge"))
_FRONT_ENDS = frozenset(("frontend", "front", "web", "webapp", "ui", "website", "webui", "client", "spa", "portal"))
_INTERNAL = {
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "cloud.google.com/load-balancer-type": "internal",
    "networking.gke.io/load-balancer-type": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/openstack-internal-load-balancer": "true",
}
"""Annotations that keep a load balancer inside the network, with the value that does so (empty: any)."""
_GATEWAY_KINDS = frozenset(("Ingress", "Gateway", "IngressRoute", "KongIngress", "Mapping", "HTTPProxy", "ApisixRoute"))


@dataclass
class _Found:
    """Something that is reachable from outside, before it is judged against the rest of its environment."""

    kind: str
    at: Span
    environment: str
    target: str
    role: str
    container: Container | None
    is_production: bool
    is_loopback: Truth
    is_gateway: bool
    related: list[Place] = field(default_factory=list)


def add_exposures(draft: Draft) -> None:
    """Add the exposures of every environment."""
    found: dict[str, list[_Found]] = {}
    gateways: dict[str, list[str]] = {}
    for one in (*_of_clusters(draft, gateways), *_of_hosts(draft), *_of_compose(draft)):
        found.setdefault(one.environment, []).append(one)
    for name, exposed in found.items():
        # A proxy that nothing puts outside, such as a node agent's, is no gateway of the system.
        open_ = [one.target for one in exposed if one.is_gateway and one.is_loopback is not True]
        _judge(draft, exposed, [*gateways.get(name, []), *open_])


def _of_clusters(draft: Draft, gateways: dict[str, list[str]]) -> Iterable[_Found]:
    by_place = {(one.environment, one.namespace, one.name): one for one in draft.network_services}
    for deployment in deployed(draft):
        name = deployment.environment.name
        for one in deployment.objects:
            if one.kind in _GATEWAY_KINDS:
                gateways.setdefault(name, []).append(f"{one.kind} {one.name}")
                yield from _stores_behind(by_place, name, one)
            elif one.kind == "Service" and (service := by_place.get((name, one.namespace, one.name))) is not None:
                yield from _of_service(draft, one, service)


def _of_service(draft: Draft, one: KubernetesObject, service: NetworkService) -> Iterable[_Found]:
    spec = tree.get(one.tree, "spec")
    if service.type not in ("LoadBalancer", "NodePort") or not isinstance(spec, Mapping) or _is_internal(one):
        return
    workload = _main(service.workloads or _elsewhere(draft, one, service))
    container = _main_container(workload)
    is_gateway = _is_gateway(draft, container, service.name) or (
        workload is None and any(word in _GATEWAY_NAMES for word in words(service.name))
    )
    if workload is None and service.dangling is not False and not is_gateway:
        return
    yield _Found(
        kind="load-balancer" if service.type == "LoadBalancer" else "node-port",
        at=line_of(spec, "type"),
        environment=service.environment,
        target=workload.name if workload else service.name,
        role=workload.role if workload else "service",
        container=container,
        is_production=True,
        is_loopback=False,
        is_gateway=is_gateway,
        related=[Place(workload.at, f"{workload.name} is what it reaches")] if workload else [],
    )


def _elsewhere(draft: Draft, one: KubernetesObject, service: NetworkService) -> tuple[Workload, ...]:
    """What the Service selects in another set of manifests, where that may be deployed with it."""
    selector = labels_of(one.tree, "spec", "selector")
    if not selector or not is_unknown(service.dangling):
        return ()
    return tuple(workload for workload in draft.workloads if matches(selector, dict(workload.labels)))


def _stores_behind(
    by_place: dict[tuple[str, str | None, str], NetworkService], environment: str, one: KubernetesObject
) -> Iterable[_Found]:
    """Datastores and brokers that an Ingress leads to."""
    for backend in backends(one):
        service = by_place.get((environment, backend.namespace, backend.host))
        workload = _main(service.workloads) if service else None
        if workload is not None and workload.role in _STORES:
            yield _Found(
                kind="ingress",
                at=backend.host_at,
                environment=environment,
                target=workload.name,
                role=workload.role,
                container=_main_container(workload),
                is_production=True,
                is_loopback=False,
                is_gateway=False,
                related=[Place(workload.at, f"{workload.name} is what it reaches")],
            )
            return


def _of_hosts(draft: Draft) -> Iterable[_Found]:
    """``hostPort`` and ``hostNetwork`` of pods. Node agents are reached on their node by design."""
    nodes = container_nodes(draft)
    for workload in draft.workloads:
        if workload.platform != "kubernetes":
            continue
        for container in workload.containers:
            is_agent = workload.kind == "DaemonSet" and container.role in _NODE_AGENTS
            if container.kind == "init" or is_agent or container not in nodes:
                continue
            ports = [port for port in container.ports if port.host_port is not None]
            on_host = container.security is not None and "hostNetwork" in container.security.host_namespaces
            if not ports and not (on_host and container.ports):
                continue
            at = ports[0].at if ports else container.at
            yield _Found(
                kind="host-port" if ports else "host-network",
                at=at,
                environment=container.environment,
                target=workload.name,
                role=container.role,
                container=container,
                is_production=True,
                is_loopback=all((port.host_ip or "").startswith(_LOOPBACK) for port in ports) if ports else False,
                is_gateway=_is_gateway(draft, container, workload.name),
            )


def _of_compose(draft: Draft) -> Iterable[_Found]:
    for container, (node, project) in compose_nodes(draft).items():
        items = tree.items(node, "ports")
        on_host = tree.text(node, "network_mode") == "host"
        if not items and not on_host:
            continue
        places = {item.at for item in items}
        ports = [port for port in container.ports if port.at in places]
        outside = [port for port in ports if not (port.host_ip or "").startswith(_LOOPBACK)]
        loopback: Truth = bool(ports) and not outside
        if outside and all(port.at in project.unresolved for port in outside):
            # ``${BIND}:8000:8000``: the address is a variable that nothing sets.
            texts = [tree.text(item) or "" for item in items]
            loopback = UNKNOWN if all(text.startswith("$") and text.count(":") > 1 for text in texts) else False
        at = (outside or ports)[0].at if ports else line_of(node, "network_mode")
        yield _Found(
            kind="compose-port" if ports else "host-network",
            at=at,
            environment=container.environment,
            target=container.workload,
            role=container.role,
            container=container,
            is_production=container.is_production,
            is_loopback=loopback,
            is_gateway=_is_gateway(draft, container, container.workload),
            related=[Place(port.at, "is published too") for port in outside[1:] if port.at != at],
        )


def _judge(draft: Draft, exposed: list[_Found], gateways: list[str]) -> None:
    services = [
        one for one in exposed if one.role not in _STORES and not one.is_gateway and one.is_loopback is not True
    ]
    front_ends = [one for one in services if any(word in _FRONT_ENDS for word in words(one.target))]
    only = services[0] if len(services) == 1 else front_ends[0] if len(front_ends) == 1 else None
    for one in exposed:
        key = f"{one.environment}/{one.kind}/{one.target}"
        reachable: Truth = True if one.is_loopback is False else False if one.is_loopback is True else UNKNOWN
        if one.role in _STORES:
            image = one.container.image if one.container else None
            draft.add(
                DatabaseExposure(
                    at=one.at,
                    name=one.target,
                    key=key,
                    engine=last_part(image.repository) if image else one.role,
                    kind=one.kind,
                    by=WAYS[one.kind],
                    is_public=reachable,
                    environment=one.environment,
                    is_production=one.is_production,
                    related=tuple(one.related),
                )
            )
            continue
        is_only = one is only and not gateways
        violation: Truth = False if one.is_gateway else reachable
        draft.add(
            Exposure(
                at=one.at,
                name=one.target,
                key=key,
                kind=one.kind,
                by=WAYS[one.kind],
                environment=one.environment,
                target=one.target,
                role=one.role,
                service=one.container.service if one.container else None,
                is_production=one.is_production,
                is_loopback=one.is_loopback,
                is_gateway=one.is_gateway,
                system_has_gateway=bool(gateways),
                is_only_front_end=is_only,
                is_violation=violation,
                reason=_reason(gateways, is_only),
                related=tuple(one.related),
            )
        )


def _reason(gateways: list[str], is_only: bool) -> str:
    if gateways:
        return f"past the gateway ({sorted(set(gateways))[0]})"
    if is_only:
        return "as the only front end of a system that has no gateway"
    return "and the system has no gateway"


def _is_gateway(draft: Draft, container: Container | None, name: str) -> bool:
    """Whether the configuration, the image, the service's role or the name says that this is the gateway."""
    names = [name]
    if container is not None:
        if container.role == "gateway":
            return True
        names += [container.workload, container.service or ""]
        service = draft.service(container.service)
        if service is not None and service.role == "gateway":
            return True
        if container.image is not None:
            names.append(container.image.repository)
    if any(fnmatchcase(one, pattern) for one in names if one for pattern in draft.config.gateways):
        return True
    if container is not None and container.role not in ("service", "infrastructure"):
        return False
    return any(word in _GATEWAY_NAMES for one in names[:3] if one for word in words(one)[-1:])


def _is_internal(one: KubernetesObject) -> bool:
    for entry in tree.entries(one.tree, "metadata", "annotations"):
        wanted = _INTERNAL.get(entry.key)
        if wanted is not None and (not wanted or (tree.text(entry.value) or "").lower() == wanted):
            return True
    return False


def _main(workloads: tuple[Workload, ...]) -> Workload | None:
    return workloads[0] if workloads else None


def _main_container(workload: Workload | None) -> Container | None:
    if workload is None:
        return None
    apps = [one for one in workload.containers if one.kind == "app"]
    return next((one for one in apps if one.role == workload.role), apps[0] if apps else None)
