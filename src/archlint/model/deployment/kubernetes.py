"""Workloads and their containers, network services and namespaces, environment by environment.

In come the environments' objects (raw or rendered: a rendered object keeps the spans of its sources); out go subjects.
Services select workloads inside one environment and namespace only.
"""

from __future__ import annotations

from collections.abc import Sequence

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.system import link
from archlint.core.system.workloads import Container, Environment, Namespace, NetworkService, Workload
from archlint.core.tree import Mapping
from archlint.core.values import UNKNOWN, Unknown
from archlint.model.deployment.containers import container, line_of
from archlint.model.deployment.environments import Deployed, deployed, is_knative, is_workload, pod_spec
from archlint.model.deployment.network import add_network, labels_of, matches
from archlint.model.deployment.references import parse
from archlint.model.deployment.roles import role_of
from archlint.model.draft import Draft

NODES = "container nodes"


def add_kubernetes(draft: Draft) -> None:
    """Add environments, workloads, containers, probes, network services and namespaces to the draft."""
    overlays: dict[object, list[str]] = {}
    added: list[Container | Workload] = []
    for one in deployed(draft):
        draft.add(one.environment)
        workloads = [(found, _workload(draft, one, found)) for found in one.objects if is_workload(found)]
        _link_scaling(one.objects, workloads)
        add_network(draft, one, workloads)
        for _, workload in workloads:
            for subject in (workload, *workload.containers):
                overlays.setdefault((type(subject), subject.at), []).append(one.environment.name)
            added += (workload, *workload.containers)
    for subject in added:
        names = overlays[(type(subject), subject.at)]
        if len(names) > 1:
            link(subject, overlays=tuple(names))


def container_nodes(draft: Draft) -> dict[Container, tuple[Mapping, str | None]]:
    """The tree and namespace that each Kubernetes container came from."""
    found = draft.memo.setdefault(NODES, {})
    assert isinstance(found, dict)
    return found


def _workload(draft: Draft, one: Deployed, found: KubernetesObject) -> Workload:
    environment = one.environment
    pod = pod_spec(found) or found.tree
    key = f"{environment.name}/{found.namespace or ''}/{found.kind}/{found.name}"
    is_production = one.is_production(found)
    containers = _containers(draft, one, found, pod, key, is_production)
    metadata = tree.get(found.tree, "metadata")
    name_at = line_of(metadata, "name") if isinstance(metadata, Mapping) else line_of(found.tree, "kind")
    spec = tree.get(found.tree, "spec")
    has_replicas = isinstance(spec, Mapping) and tree.entry(spec, "replicas") is not None
    roles = [item.role for item in containers if item.kind == "app"] or ["service"]
    workload = Workload(
        at=name_at,
        name=found.name,
        key=key,
        kind="KnativeService" if is_knative(found) else found.kind,
        platform="kubernetes",
        environment=environment.name,
        namespace=found.namespace,
        is_production=is_production,
        role=next((role for role in roles if role == "service"), roles[0]),
        labels=tuple(sorted(pod_labels(found).items())),
        containers=containers,
        replicas=_replicas(spec),
        replicas_at=line_of(spec, "replicas") if has_replicas and isinstance(spec, Mapping) else name_at,
        service_account=tree.text(pod, "serviceAccountName") or tree.text(pod, "serviceAccount"),
        is_meshed=_is_meshed(one.objects, found),
        is_autoscaled=is_knative(found),
    )
    draft.add(workload, *containers)
    return workload


def pod_labels(found: KubernetesObject) -> dict[str, str]:
    """The labels of a workload's pods."""
    if found.kind == "Pod":
        return labels_of(found.tree, "metadata", "labels")
    if found.kind == "CronJob":
        return labels_of(found.tree, "spec", "jobTemplate", "spec", "template", "metadata", "labels")
    return labels_of(found.tree, "spec", "template", "metadata", "labels")


def _containers(
    draft: Draft, one: Deployed, found: KubernetesObject, pod: Mapping, key: str, is_production: bool
) -> tuple[Container, ...]:
    limits = _container_limits(one.objects, found.namespace)
    is_job = found.kind in ("Job", "CronJob")
    result = []
    main = _main_container(pod, found.name)
    for field, node in _container_trees(pod):
        name = tree.text(node, "name") or ""
        if field == "initContainers":
            kind = "sidecar" if tree.text(node, "restartPolicy") == "Always" else "init"
        else:
            kind = "app"
        role = role_of(_repository(node), found.name if node is main else name, found.kind, _port_numbers(node))
        if kind == "app" and node is not main and role != "service":
            kind = "sidecar"
        subject = container(
            node,
            pod,
            kind,
            found.name,
            found.kind,
            one.environment.name,
            key,
            role=role,
            is_production=is_production,
            is_long_running=not is_job and kind != "init",
            limits=limits,
        )
        container_nodes(draft)[subject] = (node, found.namespace)
        draft.add(*subject.ports, *subject.probes)
        for part in (subject.image, subject.resources, subject.security):
            if part is not None and not isinstance(part, Unknown):
                draft.add(part)
        result.append(subject)
    return tuple(result)


def _container_trees(pod: Mapping) -> list[tuple[str, Mapping]]:
    return [
        (field, item)
        for field in ("containers", "initContainers")
        for item in tree.items(pod, field)
        if isinstance(item, Mapping)
    ]


def _main_container(pod: Mapping, workload: str) -> Mapping | None:
    """The container that a pod is about: of several, the one called like the workload, else the first unknown image."""
    candidates = [item for field, item in _container_trees(pod) if field == "containers"]
    for item in candidates:
        if tree.text(item, "name") == workload:
            return item
    services = [item for item in candidates if role_of(_repository(item), "", "") == "service"]
    return next(iter(services or candidates), None)


def _repository(node: Mapping) -> str | None:
    text = tree.text(node, "image")
    return parse(text).repository if text else None


def _port_numbers(node: Mapping) -> list[int]:
    found = (tree.value(item, "containerPort") for item in tree.items(node, "ports"))
    return [number for number in found if isinstance(number, int)]


def _replicas(spec: tree.Node | None) -> int | Unknown | None:
    found = tree.get(spec, "replicas")
    if found is None:
        return None
    value = tree.value(found)
    return value if isinstance(value, int) else UNKNOWN


def _container_limits(objects: Sequence[KubernetesObject], namespace: str | None) -> Mapping | None:
    for one in objects:
        if one.kind == "LimitRange" and (one.namespace is None or namespace is None or one.namespace == namespace):
            for item in tree.items(one.tree, "spec", "limits"):
                if tree.text(item, "type") == "Container" and isinstance(item, Mapping):
                    return item
    return None


_SIDECARS: dict[str, tuple[str, ...]] = {
    "sidecar.istio.io/inject": ("true",),
    "istio.io/dataplane-mode": ("ambient",),
    "istio-injection": ("enabled",),
    "linkerd.io/inject": ("enabled", "ingress"),
    "consul.hashicorp.com/connect-inject": ("true",),
    "kuma.io/sidecar-injection": ("enabled", "true"),
    "openservicemesh.io/sidecar-injection": ("enabled", "true"),
}
"""Labels and annotations by which meshes take in pods and namespaces, and the values that say so (Istio, Linkerd,
Consul, Kuma, Open Service Mesh). Any other value says that they do not."""
_REVISION = "istio.io/rev"


def _is_meshed(objects: Sequence[KubernetesObject], found: KubernetesObject) -> bool:
    own = [labels_of(found.tree, *path, kind) for path in _METADATA for kind in ("labels", "annotations")]
    said = _takes_in(own)
    if said is not None:
        return said
    return any(
        _takes_in([labels_of(one.tree, "metadata", kind) for kind in ("labels", "annotations")])
        for one in objects
        if one.kind == "Namespace" and one.name == (found.namespace or one.name)
    )


_METADATA: tuple[tuple[str, ...], ...] = (("metadata",), ("spec", "template", "metadata"))


def _takes_in(values: Sequence[dict[str, str]]) -> bool | None:
    """Whether labels and annotations say that a mesh takes the thing in; None where they say nothing."""
    said = [one[key] in wanted for one in values for key, wanted in _SIDECARS.items() if key in one]
    if said:
        return all(said)
    return True if any(_REVISION in one for one in values) else None


def _link_scaling(objects: Sequence[KubernetesObject], workloads: list[tuple[KubernetesObject, Workload]]) -> None:
    scaled: set[tuple[str, str]] = set()
    for one in objects:
        if one.kind in ("HorizontalPodAutoscaler", "ScaledObject"):
            target = tree.get(one.tree, "spec", "scaleTargetRef")
            scaled.add((tree.text(target, "kind") or "Deployment", tree.text(target, "name") or ""))
    budgets = [one for one in objects if one.kind == "PodDisruptionBudget"]
    for found, workload in workloads:
        if (found.kind, found.name) in scaled:
            link(workload, is_autoscaled=True)
        labels = dict(workload.labels)
        for one in budgets:
            wanted = labels_of(one.tree, "spec", "selector", "matchLabels")
            if one.namespace == found.namespace and wanted and matches(wanted, labels):
                link(workload, has_disruption_budget=True)


__all__ = ["Environment", "Namespace", "NetworkService", "add_kubernetes", "container_nodes", "pod_labels"]
