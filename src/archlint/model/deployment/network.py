"""Kubernetes Services and what they select, and the namespaces with their policies.

In come the objects and workloads of one environment; out go network services and namespaces. A Service whose namespace
or selector cannot be read selects nothing and is not called dangling.
"""

from __future__ import annotations

from collections.abc import Mapping as Labels
from collections.abc import Sequence

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.span import Span
from archlint.core.system import link
from archlint.core.system.workloads import Container, Namespace, NetworkService, ServicePort, Workload
from archlint.core.tree import Mapping
from archlint.core.values import UNKNOWN, Truth, Unknown
from archlint.model.deployment.containers import line_of
from archlint.model.deployment.environments import Deployed, is_knative
from archlint.model.draft import Draft
from archlint.model.paths import names

POLICY_KINDS = names(
    "NetworkPolicy AuthorizationPolicy CiliumNetworkPolicy CiliumClusterwideNetworkPolicy GlobalNetworkPolicy "
    "AdminNetworkPolicy BaselineAdminNetworkPolicy ServerAuthorization"
)
_CLUSTER_WIDE = names(
    "CiliumClusterwideNetworkPolicy GlobalNetworkPolicy AdminNetworkPolicy BaselineAdminNetworkPolicy"
)


def add_network(draft: Draft, one: Deployed, workloads: Sequence[tuple[KubernetesObject, Workload]]) -> None:
    """Add the environment's network services and namespaces, linked with its workloads."""
    services = []
    for found in one.objects:
        if found.kind == "Service" and not is_knative(found):
            services.append(_service(one, found, workloads))
        elif is_knative(found):
            services.append(_knative(one, found, workloads))
    for service in services:
        draft.add(service, *service.ports)
        for workload in service.workloads:
            link(workload, selected_by=(*workload.selected_by, service))
            for container in _behind(service, workload):
                link(container, is_behind_service=True)
    _add_namespaces(draft, one, workloads, services)


def labels_of(node: tree.Node | None, *path: str) -> dict[str, str]:
    """A map of labels, annotations or a selector."""
    return {one.key: one.value.text for one in tree.entries(node, *path) if isinstance(one.value, tree.Scalar)}


def matches(selector: Labels[str, str], labels: Labels[str, str]) -> bool:
    """Whether the labels have all that the selector asks for."""
    return all(labels.get(key) == value for key, value in selector.items())


def hosts(name: str, namespace: str | None) -> tuple[str, ...]:
    """All names of a Service in the cluster's DNS; without a namespace, those of ``default``."""
    space = namespace or "default"
    return (name, f"{name}.{space}", f"{name}.{space}.svc", f"{name}.{space}.svc.cluster.local")


def _service(
    one: Deployed, found: KubernetesObject, workloads: Sequence[tuple[KubernetesObject, Workload]]
) -> NetworkService:
    selector = labels_of(found.tree, "spec", "selector")
    selected = tuple(
        workload
        for object_, workload in workloads
        if selector
        and object_.namespace == found.namespace
        and matches(selector, dict(workload.labels))
        and object_.kind not in ("Job", "CronJob")
    )
    key = f"{one.environment.name}/{found.namespace or ''}/Service/{found.name}"
    type_ = tree.text(found.tree, "spec", "type") or "ClusterIP"
    metadata = tree.get(found.tree, "metadata")
    has_selector = bool(selector) and type_ != "ExternalName"
    return NetworkService(
        at=line_of(metadata, "name") if isinstance(metadata, Mapping) else line_of(found.tree, "kind"),
        name=found.name,
        key=key,
        platform="kubernetes",
        environment=one.environment.name,
        namespace=found.namespace,
        is_production=one.is_production(found),
        type=type_,
        hosts=hosts(found.name, found.namespace),
        ports=tuple(_ports(found, key)),
        has_selector=has_selector,
        workloads=selected,
        dangling=_dangling(one, has_selector, selected),
    )


def _dangling(one: Deployed, has_selector: bool, selected: tuple[Workload, ...]) -> Truth:
    if not has_selector or selected:
        return False
    return True if one.environment.is_complete else UNKNOWN


def _ports(found: KubernetesObject, key: str) -> list[ServicePort]:
    result = []
    for item in tree.items(found.tree, "spec", "ports"):
        if not isinstance(item, Mapping):
            continue
        number = tree.value(item, "port")
        target = tree.value(item, "targetPort")
        node_port = tree.value(item, "nodePort")
        result.append(
            ServicePort(
                at=line_of(item, "targetPort" if tree.entry(item, "targetPort") else "port"),
                name=f"{found.name}:{number}",
                key=f"{key}/{number}",
                number=number if isinstance(number, int) else UNKNOWN,
                port_name=tree.text(item, "name"),
                target=int(target) if isinstance(target, str) and target.isdigit() else _port(target),
                node_port=node_port if isinstance(node_port, int) else None,
            )
        )
    return result


def _port(value: object) -> int | str | Unknown | None:
    if value is None or (isinstance(value, (int, str)) and not isinstance(value, bool)):
        return value
    return UNKNOWN


def _knative(
    one: Deployed, found: KubernetesObject, workloads: Sequence[tuple[KubernetesObject, Workload]]
) -> NetworkService:
    key = f"{one.environment.name}/{found.namespace or ''}/Service/{found.name}"
    return NetworkService(
        at=line_of(found.tree, "kind"),
        name=found.name,
        key=key,
        platform="kubernetes",
        environment=one.environment.name,
        namespace=found.namespace,
        is_production=one.environment.is_production,
        hosts=hosts(found.name, found.namespace),
        ports=(ServicePort(at=line_of(found.tree, "kind"), name=f"{found.name}:80", key=f"{key}/80", number=80),),
        workloads=tuple(workload for object_, workload in workloads if object_ is found),
    )


def _behind(service: NetworkService, workload: Workload) -> list[Container]:
    """The containers that a Service's traffic reaches: those that declare a target port, else the pod's first."""
    candidates = [one for one in workload.containers if one.kind != "init"]
    targets = {port.number if port.target is None else port.target for port in service.ports}
    declaring = [
        one for one in candidates if any(port.number in targets or port.port_name in targets for port in one.ports)
    ]
    return declaring or candidates[:1]


def _add_namespaces(
    draft: Draft,
    one: Deployed,
    workloads: Sequence[tuple[KubernetesObject, Workload]],
    services: Sequence[NetworkService],
) -> None:
    defined = {found.name: found for found in one.objects if found.kind == "Namespace"}
    policies = [found for found in one.objects if found.kind in POLICY_KINDS]
    spaces: dict[str | None, list[Workload]] = {}
    for found, workload in workloads:
        spaces.setdefault(found.namespace, []).append(workload)
    for space, members in spaces.items():
        names = tuple(dict.fromkeys(service.name for service in services if service.namespace == space))
        covered = any(
            policy.kind in _CLUSTER_WIDE or policy.namespace in (space, "istio-system") for policy in policies
        )
        at: Span = members[0].at
        if space in defined:
            metadata = tree.get(defined[space].tree, "metadata")
            if isinstance(metadata, Mapping):
                at = line_of(metadata, "name")
        draft.add(
            Namespace(
                at=at,
                name=space or "default",
                key=f"{one.environment.name}/{space or ''}",
                environment=one.environment.name,
                is_production=one.environment.is_production,
                services=names,
                has_network_policy=covered or (False if one.environment.is_complete else UNKNOWN),
            )
        )
