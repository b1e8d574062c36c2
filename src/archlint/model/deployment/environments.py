"""Manifests that are deployed together.

In come the Kubernetes objects of the workspace, raw and as kustomizations and charts render them; out come groups of
objects, each an environment. The principle: everything is one environment unless the same object is defined twice.
Directories that define the same objects (``release/`` and ``kubernetes-manifests/``, ``dev/`` and ``prod/``) are
alternatives; files of one directory that do so are alternatives too, and overlays that deploy one base. What conflicts
with nothing goes with all of them. Charts go with charts: beside raw manifests they are another way to deploy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import dataclass
from archlint.core.span import first_line
from archlint.core.system.workloads import Environment
from archlint.model.deployment.helm import render_charts
from archlint.model.deployment.kustomize import built_upon, render_all
from archlint.model.draft import Draft
from archlint.model.paths import names, parent, says_non_production, words

WORKLOAD_KINDS = names(
    "Deployment StatefulSet DaemonSet ReplicaSet ReplicationController Job CronJob Pod Rollout DeploymentConfig"
)
"""Kinds that run containers; a Knative Service is one too, told by its API group."""

_Identity = tuple[str, str, str, str]
_MEMO = "deployed"


@dataclass
class Deployed:
    """An environment and the objects in it, in the order of path and line."""

    environment: Environment
    objects: list[KubernetesObject] = field(default_factory=list)
    unproductive: frozenset[int] = frozenset()
    """Identities of objects that a kustomization or chart renders whose name says that it is not for production."""

    def is_production(self, one: KubernetesObject) -> bool:
        """Whether the object is deployed for production."""
        return (
            self.environment.is_production and id(one) not in self.unproductive and not says_non_production(one.at.path)
        )


@dataclass
class _Unit:
    """Objects that no one deploys apart: of a directory, or of one file where a directory holds alternatives; or what a
    kustomization or chart renders to."""

    path: str
    objects: list[KubernetesObject]
    identities: frozenset[_Identity]
    kind: str = "kubernetes"
    is_complete: bool = True

    @property
    def has_workloads(self) -> bool:
        return any(is_workload(one) for one in self.objects)


def deployed(draft: Draft) -> list[Deployed]:
    """Every environment of Kubernetes objects, worked out once."""
    found = draft.memo.get(_MEMO)
    if not isinstance(found, list):
        found = draft.memo[_MEMO] = _deployed(draft)
    return found


def manifests(draft: Draft) -> list[KubernetesObject]:
    """Every object as it is deployed: as a kustomization or chart renders it, else raw where nothing builds upon it."""
    used = built_upon(draft.index)
    loose = (one for one in draft.index.of(KubernetesObject) if one.at.path not in used)
    rendered = (one for environment in deployed(draft) for one in environment.objects)
    return list({id(one): one for one in (*loose, *rendered)}.values())


def is_workload(one: KubernetesObject) -> bool:
    """Whether the object runs containers."""
    return one.kind in WORKLOAD_KINDS or is_knative(one)


def is_knative(one: KubernetesObject) -> bool:
    """Whether the object is a Knative Service."""
    return one.kind == "Service" and one.api_version.startswith("serving.knative.dev/")


def _deployed(draft: Draft) -> list[Deployed]:
    used = built_upon(draft.index)
    loose = [one for one in draft.index.of(KubernetesObject) if one.at.path not in used and not _is_patch(one)]
    units = _units(loose)
    for rendering in render_all(draft.index):
        draft.gaps += rendering.gaps
        identities = _rendered_identities(rendering.objects)
        units.append(_Unit(rendering.path, rendering.objects, identities, "kustomize", rendering.is_complete))
    charts, strays = render_charts(draft.index)
    if strays:
        draft.unread["Helm templates outside of charts"] += len(strays)
    charted = []
    for chart in charts:
        draft.gaps += chart.gaps
        identities = frozenset(map(_identity, chart.objects))
        charted.append(_Unit(chart.path, chart.objects, identities, "helm", chart.is_complete))
    result: dict[str, Deployed] = {}
    for members in (*_grouped(units), *_grouped_charts(charted, units)):
        if any(unit.has_workloads for unit in members):
            one = _environment(members, result)
            result[one.environment.name] = one
    return list(result.values())


def _environment(members: Sequence[_Unit], taken: Iterable[str]) -> Deployed:
    objects = sorted(
        (one for unit in members for one in unit.objects), key=lambda one: (one.at.path, one.at.line, one.at.column)
    )
    workloads = [one for one in objects if is_workload(one)]
    name = _name(members, taken)
    sources = [
        one.at.path if unit.kind == "kubernetes" else unit.path
        for unit in members
        for one in unit.objects
        if is_workload(one)
    ]
    kinds = {unit.kind for unit in members if unit.has_workloads}
    environment = Environment(
        at=first_line(workloads[0].at),
        name=name,
        key=name,
        kind="kubernetes" if len(kinds) > 1 else next(iter(kinds)),
        path=name,
        is_production=not all(map(says_non_production, sources)),
        is_complete=all(unit.is_complete for unit in members),
    )
    aside = [unit for unit in members if unit.kind != "kubernetes" and says_non_production(unit.path)]
    return Deployed(environment, objects, frozenset(id(one) for unit in aside for one in unit.objects))


def _grouped(units: Sequence[_Unit]) -> list[list[_Unit]]:
    """The units by environment."""
    conflicting = _conflicting(units)
    groups: list[list[_Unit]] = []
    for unit in units:
        if unit.path in conflicting:
            _place(unit, groups)
    shared = [unit for unit in units if unit.path not in conflicting]
    if not groups:
        return [shared]
    for unit in shared:
        for one in _homes(unit, groups):
            one.append(unit)
    return groups


def _grouped_charts(charts: Sequence[_Unit], manifests: Sequence[_Unit]) -> list[list[_Unit]]:
    """Charts by environment, with what raw manifests say of every workload: policies, meshes, namespaces."""
    groups = _grouped(charts) if charts else []
    for unit in manifests:
        if not unit.has_workloads and all(one.kind != "Service" for one in unit.objects):
            for one in groups:
                if all(_without_namespaces(member.identities).isdisjoint(unit.identities) for member in one):
                    one.append(unit)
    return groups


def _rendered_identities(objects: Iterable[KubernetesObject]) -> frozenset[_Identity]:
    """What two renderings cannot both deploy: the same workload or Service, or one of the same source. Other objects
    (a ConfigMap that all of them share) may come again."""
    found: set[_Identity] = set()
    for one in objects:
        if is_workload(one) or one.kind == "Service":
            found.add(_identity(one))
            found.add(("", "", one.at.path, str(one.at.line)))
    return frozenset(found)


def _units(objects: Iterable[KubernetesObject]) -> list[_Unit]:
    by_directory: dict[str, dict[str, list[KubernetesObject]]] = {}
    for one in objects:
        by_directory.setdefault(parent(one.at.path), {}).setdefault(one.at.path, []).append(one)
    units = []
    for directory, files in sorted(by_directory.items()):
        identities = {path: frozenset(map(_identity, members)) for path, members in files.items()}
        total = sum(map(len, identities.values()))
        if len(frozenset().union(*identities.values())) == total:
            members = [one for path in sorted(files) for one in files[path]]
            units.append(_Unit(directory, members, frozenset().union(*identities.values())))
        else:
            units += [_Unit(path, files[path], identities[path]) for path in sorted(files)]
    return units


def _identity(one: KubernetesObject) -> _Identity:
    return (one.api_version.partition("/")[0], one.kind, one.namespace or "", one.name)


def _conflicting(units: Sequence[_Unit]) -> set[str]:
    holders: dict[_Identity, list[str]] = {}
    for unit in units:
        for identity in unit.identities:
            if identity[1] != "Namespace":
                holders.setdefault(identity, []).append(unit.path)
    return {path for paths in holders.values() if len(paths) > 1 for path in paths}


def _place(unit: _Unit, groups: list[list[_Unit]]) -> None:
    free = [
        one
        for one in groups
        if all(_without_namespaces(member.identities).isdisjoint(unit.identities) for member in one)
    ]
    if free:
        max(free, key=lambda one: max(_closeness(unit.path, member.path) for member in one)).append(unit)
    else:
        groups.append([unit])


def _without_namespaces(identities: frozenset[_Identity]) -> frozenset[_Identity]:
    return frozenset(one for one in identities if one[1] != "Namespace")


def _closeness(left: str, right: str) -> tuple[int, int]:
    """Alternatives are told apart by a name that recurs (``orders/dev``, ``users/dev``), else by what is near."""
    common = 0
    for one, other in zip(left.split("/"), right.split("/"), strict=False):
        if one != other:
            break
        common += 1
    same_name = set(words(left.rpartition("/")[2])) & set(words(right.rpartition("/")[2])) - {"yaml", "yml", "json"}
    return (len(same_name), common)


def _homes(unit: _Unit, groups: list[list[_Unit]]) -> list[list[_Unit]]:
    if not unit.has_workloads:
        return groups
    top = unit.path.partition("/")[0]
    near = [one for one in groups if any(member.path.partition("/")[0] == top for member in one)]
    return near or groups


def _name(members: Sequence[_Unit], taken: Iterable[str]) -> str:
    taken = set(taken)
    paths = [unit.path for unit in members if unit.has_workloads]
    common = paths[0].split("/")
    for path in paths[1:]:
        parts = path.split("/")
        length = 0
        while length < min(len(common), len(parts)) and common[length] == parts[length]:
            length += 1
        common = common[:length]
    name = "/".join(common) or "."
    for candidate in (name, *paths):
        if candidate not in taken:
            return candidate
    return next(f"{name} ({number})" for number in range(2, len(taken) + 3) if f"{name} ({number})" not in taken)


def _is_patch(one: KubernetesObject) -> bool:
    """Whether the object is a fragment: a strategic-merge patch has no image in any container."""
    if tree.get(one.tree, "$patch") is not None:
        return True
    if one.kind in WORKLOAD_KINDS:
        spec = pod_spec(one)
        containers = tree.items(spec, "containers")
        return not containers or all(tree.get(item, "image") is None for item in containers)
    return False


def pod_spec(one: KubernetesObject) -> tree.Mapping | None:
    """The pod specification of a workload."""
    paths: tuple[tuple[str, ...], ...] = (("spec", "template", "spec"),)
    if one.kind == "Pod":
        paths = (("spec",),)
    elif one.kind == "CronJob":
        paths = (("spec", "jobTemplate", "spec", "template", "spec"),)
    for path in paths:
        found = tree.get(one.tree, *path)
        if isinstance(found, tree.Mapping):
            return found
    return None
