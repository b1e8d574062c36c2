"""What a kustomization does to all its objects: names, namespace, labels, annotations, images, replicas.

In come the kustomization and resources; out come new resources. References between them (a ConfigMap's name in
``envFrom``) follow a changed name, as kustomize has them follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archlint.core import tree
from archlint.core.span import Span
from archlint.core.tree import Entry, Mapping, Node, Scalar
from archlint.model.deployment import references
from archlint.model.deployment.kustomize.objects import Resource, rewritten, scalar, with_field
from archlint.model.paths import names

_CLUSTER_WIDE = names(
    "Namespace ClusterRole ClusterRoleBinding CustomResourceDefinition PersistentVolume StorageClass PriorityClass "
    "ClusterIssuer ValidatingWebhookConfiguration MutatingWebhookConfiguration APIService IngressClass GatewayClass"
)
_UNPREFIXED = names("Namespace CustomResourceDefinition APIService")
_SCALED = names("Deployment StatefulSet ReplicaSet ReplicationController")
_TEMPLATES = (("spec", "template"), ("spec", "jobTemplate", "spec", "template"))
_SELECTED = names("Deployment StatefulSet ReplicaSet DaemonSet Job Rollout")
_REFERENCES = {
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMapRef": ("ConfigMap", "name"),
    "configMap": ("ConfigMap", "name"),
    "secretKeyRef": ("Secret", "name"),
    "secretRef": ("Secret", "name"),
    "secret": ("Secret", "secretName"),
    "imagePullSecrets": ("Secret", "name"),
    "tls": ("Secret", "secretName"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
    "service": ("Service", "name"),
    "backend": ("Service", "serviceName"),
}
_KINDS_BY_FIELD = {
    "serviceAccountName": "ServiceAccount",
    "serviceName": "Service",
}


def transform(kustomization: Mapping, resources: Sequence[Resource]) -> list[Resource]:
    """The resources after all that holds for each of them."""
    found = _with_names(kustomization, list(resources))
    found = [_with_namespace(kustomization, one) for one in found]
    found = [_with_labels(kustomization, one) for one in found]
    images, replicas = tree.items(kustomization, "images"), tree.items(kustomization, "replicas")
    if images:
        found = [one.with_tree(rewritten(one.tree, lambda key, node: _with_image(images, key, node))) for one in found]
    if replicas:
        found = [_with_replicas(replicas, one) for one in found]
    return found


def _with_names(kustomization: Mapping, resources: list[Resource]) -> list[Resource]:
    prefix, suffix = tree.text(kustomization, "namePrefix") or "", tree.text(kustomization, "nameSuffix") or ""
    if not prefix and not suffix:
        return resources
    changed: dict[tuple[str, str], str] = {}
    found = []
    for one in resources:
        if one.kind in _UNPREFIXED or not one.name:
            found.append(one)
            continue
        name = f"{prefix}{one.name}{suffix}"
        changed[one.kind, one.name] = name
        found.append(_renamed(one, name))
    return [one.with_tree(rewritten(one.tree, lambda key, node: _with_references(changed, key, node))) for one in found]


def _renamed(one: Resource, name: str) -> Resource:
    metadata = tree.get(one.tree, "metadata")
    entry = tree.entry(metadata, "name")
    if entry is None:
        return one
    node = with_field(one.tree, ("metadata", "name"), entry.at, scalar(entry.value.at, name))
    return replace(one, tree=node, names=(*one.names, one.name))


def _with_references(changed: dict[tuple[str, str], str], key: str, node: Node) -> Node:
    if not isinstance(node, Mapping):
        return node
    for one in node.entries:
        kind = None
        if key in _REFERENCES and one.key == _REFERENCES[key][1]:
            kind = _REFERENCES[key][0]
        elif one.key in _KINDS_BY_FIELD:
            kind = _KINDS_BY_FIELD[one.key]
        elif key in ("scaleTargetRef", "roleRef", "subjects") and one.key == "name":
            kind = tree.text(node, "kind")
        name = changed.get((kind, tree.text(one.value) or "")) if kind else None
        if name is not None:
            node = with_field(node, (one.key,), one.at, scalar(one.value.at, name))
    return node


def _with_namespace(kustomization: Mapping, one: Resource) -> Resource:
    given = tree.entry(kustomization, "namespace")
    if given is None or not tree.text(given.value) or one.kind in _CLUSTER_WIDE:
        return one
    return one.with_tree(with_field(one.tree, ("metadata", "namespace"), given.at, given.value))


def _with_labels(kustomization: Mapping, one: Resource) -> Resource:
    for label in tree.entries(kustomization, "commonLabels"):
        one = _labelled(one, label, selectors=True, templates=True)
    for item in tree.items(kustomization, "labels"):
        selectors = tree.value(item, "includeSelectors") is True
        templates = selectors or tree.value(item, "includeTemplates") is True
        for label in tree.entries(item, "pairs"):
            one = _labelled(one, label, selectors=selectors, templates=templates)
    for annotation in tree.entries(kustomization, "commonAnnotations"):
        for path in ((), *_templates_of(one)):
            one = _with_entry(one, (*path, "metadata", "annotations"), annotation)
    return one


def _labelled(one: Resource, label: Entry, *, selectors: bool, templates: bool) -> Resource:
    one = _with_entry(one, ("metadata", "labels"), label)
    if templates:
        for path in _templates_of(one):
            one = _with_entry(one, (*path, "metadata", "labels"), label)
    if selectors:
        if one.kind in _SELECTED and (one.kind != "Job" or tree.get(one.tree, "spec", "selector") is not None):
            one = _with_entry(one, ("spec", "selector", "matchLabels"), label)
        elif one.kind == "Service" and tree.entries(one.tree, "spec", "selector"):
            one = _with_entry(one, ("spec", "selector"), label)
        elif one.kind == "PodDisruptionBudget" and tree.entries(one.tree, "spec", "selector", "matchLabels"):
            one = _with_entry(one, ("spec", "selector", "matchLabels"), label)
        elif one.kind == "NetworkPolicy" and tree.entries(one.tree, "spec", "podSelector", "matchLabels"):
            one = _with_entry(one, ("spec", "podSelector", "matchLabels"), label)
    return one


def _templates_of(one: Resource) -> list[tuple[str, ...]]:
    return [path for path in _TEMPLATES if isinstance(tree.get(one.tree, *path), Mapping)]


def _with_entry(one: Resource, path: tuple[str, ...], entry: Entry) -> Resource:
    return one.with_tree(with_field(one.tree, (*path, entry.key), entry.at, entry.value))


def _with_image(images: Sequence[Node], key: str, node: Node) -> Node:
    if key not in ("containers", "initContainers", "ephemeralContainers") or not isinstance(node, Mapping):
        return node
    entry = tree.entry(node, "image")
    text = tree.text(entry.value) if entry is not None else None
    if entry is None or text is None:
        return node
    for one in images:
        if tree.text(one, "name") not in (_repository(text), references.parse(text).repository):
            continue
        new, at = _replaced(text, one)
        if new == text:
            continue
        return with_field(node, ("image",), at, scalar(at, new))
    return node


def _repository(text: str) -> str:
    head, slash, last = text.partition("@")[0].rpartition("/")
    return head + slash + last.partition(":")[0]


def _replaced(text: str, one: Node) -> tuple[str, Span]:
    """The new reference, and the line of the kustomization that makes it."""
    old = references.parse(text)
    name, tag, digest = (tree.text(one, key) for key in ("newName", "newTag", "digest"))
    result = name or _repository(text)
    if digest:
        result += f"@{digest}"
    elif tag:
        result += f":{tag}"
    elif "@" in text:
        result += f"@{old.digest}"
    elif isinstance(old.tag, str):
        result += f":{old.tag}"
    for key in ("digest", "newTag", "newName"):
        entry = tree.entry(one, key)
        if entry is not None and isinstance(entry.value, Scalar):
            at, end = entry.at, entry.value.at
            return result, Span(at.path, at.line, at.column, end.end_line, end.end_column)
    return result, one.at


def _with_replicas(replicas: Sequence[Node], one: Resource) -> Resource:
    if one.kind not in _SCALED:
        return one
    for item in replicas:
        name = tree.text(item, "name")
        count = tree.entry(item, "count")
        if name and count is not None and one.called(name):
            one = one.with_tree(with_field(one.tree, ("spec", "replicas"), count.at, count.value))
    return one
