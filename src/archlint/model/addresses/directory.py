"""What host names mean in each environment: its network services, service entries and what may be made elsewhere.

In: the draft's environments and network services. Out: three-valued answers. A host is missing only where its
environment is wholly read and nothing there, an operator's resource for instance, is likely to make it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from fnmatch import fnmatchcase

from archlint.core import tree
from archlint.core.facts.documents import ComposeFile, KubernetesObject
from archlint.core.record import dataclass, pattern
from archlint.core.system.workloads import Environment, NetworkService
from archlint.core.values import UNKNOWN, Truth, Unknown
from archlint.model.deployment.compose_files import Project, projects
from archlint.model.deployment.environments import deployed, is_workload
from archlint.model.draft import Draft
from archlint.model.paths import parent

_BUILT_IN_GROUPS = pattern(
    r"^(?:v1|v2|apps/|batch/|autoscaling/|policy/|extensions/|.*\.k8s\.io/|.*istio\.io/|monitoring\.coreos\.com/"
    r"|cert-manager\.io/|external-secrets\.io/|bitnami\.com/|traefik\.|.*traefik\.io/|argoproj\.io/|keda\.sh/|kyverno"
    r"|cilium\.io/|projectcalico|configuration\.konghq|linkerd\.io|policy\.linkerd|kustomize\.|skaffold/|kuma\.io)"
)
_MADE_BY_CHARTS = pattern(
    r"-(?:postgresql|postgres|pgbouncer|rabbitmq|redis|mysql|mariadb|mongodb|mongo|kafka|zookeeper|elasticsearch|nats|"
    r"memcached|minio|cassandra|consul|vault|etcd|influxdb|clickhouse|opensearch|keycloak|redpanda)"
    r"(?:-(?:ha|cluster|headless|master|primary|replicas?|svc|service|rw|ro|read|0|haproxy|proxysql|coordinator))*$"
)
_PLATFORMS = pattern(r"^(?:kube|gke|eks|aks|openshift)-|-system$")
"""Namespaces that the cluster's platform fills."""
_POD = pattern(r"^(.+)-\d+$")
_ALWAYS = frozenset(("kubernetes", "kube-dns", "metrics-server"))


@dataclass(eq=False)
class Directory:
    """The names of one environment."""

    environment: Environment
    by_host: dict[str, list[NetworkService]] = field(default_factory=dict)
    namespaces: set[str] = field(default_factory=lambda: {"default"})
    entries: set[str] = field(default_factory=set)
    """Hosts that service entries, ``extra_hosts`` and the like define."""
    makers: set[str] = field(default_factory=set)
    """Names of custom resources, whose operators may make services of such names."""
    provided: tuple[str, ...] = ()
    is_open: bool = False
    """Whether containers of other projects can be reached: an external network."""
    beside: set[str] = field(default_factory=set)
    """Hosts of compose files that are made to be laid beside this one."""
    elsewhere: list[Directory] = field(default_factory=list)
    """Other sets of manifests. Which raw manifests are deployed together is a guess, but for those of ``sure``; what is
    rendered may go with any set that deploys other workloads."""
    sure: str | None = None
    """The directory that has all of its workloads, where all workloads of that directory are in it."""

    def find(self, host: str, namespace: str | None = None) -> NetworkService | None:
        """The network service that the host means for something in that namespace."""
        lowered = host.lower().rstrip(".")
        found = self.by_host.get(lowered)
        if not found and "." in lowered:
            # A StatefulSet's pod: orders-0.orders; and the suffix of the cluster's own domain.
            head, _, rest = lowered.partition(".")
            found = self.by_host.get(rest) if _POD.match(head) else None
        if not found:
            return None
        if "." in lowered or self.environment.kind == "compose":
            return found[0]
        own = namespace or "default"
        same = [one for one in found if (one.namespace or "default") == own]
        if same:
            return same[0]
        return found[0] if namespace is None or any(one.namespace is None for one in found) else None

    def is_guessed(self, path: str | None = None) -> bool:
        """Whether it is only a guess that what stands in the file (or most of it) is deployed with this environment."""
        return self.sure is None or (path is not None and parent(path) != self.sure)

    def resolves(self, host: str, namespace: str | None = None, path: str | None = None) -> Truth:
        """Whether the environment defines the host, which the file with that path names."""
        if self.find(host, namespace) is not None:
            return True
        lowered = host.lower().rstrip(".")
        if lowered in self.entries or any(fnmatchcase(lowered, one) for one in self.entries if "*" in one):
            return True
        name, _, rest = lowered.partition(".")
        if name in _ALWAYS:
            return True
        if not self.by_host or not self.environment.is_complete or self.is_open:
            return Unknown("not all that its environment deploys could be read")
        if any(fnmatchcase(lowered, one.lower()) for one in self.provided):
            return Unknown("provided elsewhere")
        if lowered in self.beside or (
            self.is_guessed(path) and any(other.find(host, namespace) is not None for other in self.elsewhere)
        ):
            return Unknown("another set of manifests defines it")
        if self.environment.kind != "compose":
            space = rest.partition(".")[0]
            if _POD.match(name):
                # A StatefulSet's pod: its Service comes before the namespace.
                space = rest.split(".")[1] if "." in rest else ""
            if space and (space not in self.namespaces or _PLATFORMS.search(space)):
                return Unknown("its namespace belongs to another release")
            if any(name == maker or name.startswith(maker + "-") for maker in self.makers):
                return Unknown("an operator may make it")
            if _MADE_BY_CHARTS.search(name):
                return Unknown("another release may make it")
        return False


def directories(draft: Draft) -> dict[str, Directory]:
    """The directory of each environment, by the environment's name."""
    found = {
        one.name: Directory(one, provided=draft.config.provided_elsewhere)
        for one in draft.environments
        if one.kind != "terraform"
    }
    for service in draft.network_services:
        directory = found.get(service.environment)
        if directory is None:
            continue
        for host in service.hosts:
            directory.by_host.setdefault(host.lower(), []).append(service)
        if service.namespace:
            directory.namespaces.add(service.namespace)
    for environment in deployed(draft):
        directory = found.get(environment.environment.name)
        if directory is not None:
            _read_objects(directory, environment.objects)
    files = _whole_services(draft)
    for project in projects(draft):
        directory = found.get(project.path)
        if directory is not None:
            _read_project(directory, project)
            for path, names in files.get(parent(project.path), {}).items():
                if path != project.path and names.isdisjoint(project.services):
                    directory.beside |= names
    _link_rendered(draft, found)
    _link_guessed(draft, found)
    return found


def offers_elsewhere(directory: Directory, host: str, port: int | str, path: str) -> bool:
    """Whether another set of raw manifests, that the file may be deployed with, has the service with that port."""
    return directory.is_guessed(path) and any(
        port in (one.number, one.port_name)
        for other in directory.elsewhere
        for service in other.by_host.get(host.lower(), ())
        for one in service.ports
    )


def _whole_services(draft: Draft) -> dict[str, dict[str, set[str]]]:
    """By directory and compose file, the services that the file defines wholly, with an image or a build."""
    found: dict[str, dict[str, set[str]]] = {}
    for file in draft.index.of(ComposeFile):
        names = {
            one.key
            for one in tree.entries(file.tree, "services")
            if tree.get(one.value, "image") is not None or tree.get(one.value, "build") is not None
        }
        found.setdefault(parent(file.at.path), {}).setdefault(file.at.path, set()).update(names)
    return found


def _link_rendered(draft: Draft, found: dict[str, Directory]) -> None:
    """What kustomizations and charts render may be deployed with any set that has no workload of the same name."""
    cluster = [one for one in found.values() if one.environment.kind != "compose"]
    names: dict[str, set[str]] = {}
    for workload in draft.workloads:
        names.setdefault(workload.environment, set()).add(workload.name)
    for one in cluster:
        if one.environment.kind in ("kustomize", "helm"):
            own = names.get(one.environment.name, set())
            one.elsewhere = [
                other
                for other in cluster
                if other is not one and own.isdisjoint(names.get(other.environment.name, set()))
            ]


def _link_guessed(draft: Draft, found: dict[str, Directory]) -> None:
    raw = [one for one in found.values() if one.environment.kind == "kubernetes"]
    if len(raw) < 2:
        return
    homes: dict[str, set[str]] = {}
    places: dict[str, set[str]] = {}
    for environment in deployed(draft):
        for one in environment.objects:
            if is_workload(one):
                homes.setdefault(parent(one.at.path), set()).add(environment.environment.name)
                places.setdefault(environment.environment.name, set()).add(parent(one.at.path))
    for directory in raw:
        directory.elsewhere = [one for one in raw if one is not directory]
        own = places.get(directory.environment.name, set())
        directory.sure = next(iter(own)) if len(own) == 1 and all(len(homes[one]) == 1 for one in own) else None


def _read_objects(directory: Directory, objects: Iterable[KubernetesObject]) -> None:
    for one in objects:
        if one.namespace:
            directory.namespaces.add(one.namespace)
        if one.kind == "Namespace":
            directory.namespaces.add(one.name)
        elif one.kind == "ServiceEntry":
            directory.entries.update(
                host.lower() for host in map(tree.text, tree.items(one.tree, "spec", "hosts")) if host
            )
        elif one.api_version and not _BUILT_IN_GROUPS.match(one.api_version) and "/" in one.api_version:
            directory.makers.add(one.name.lower())


def _read_project(directory: Directory, project: Project) -> None:
    networks = tree.entries(project.tree, "networks")
    directory.is_open = any(tree.value(one.value, "external") is not None for one in networks)
    for node in project.services.values():
        for item in tree.items(node, "extra_hosts"):
            directory.entries.add((tree.text(item) or "").replace("=", ":").partition(":")[0].lower())
        for one in tree.entries(node, "extra_hosts"):
            directory.entries.add(one.key.lower())
        for item in tree.items(node, "external_links"):
            directory.entries.add((tree.text(item) or "").rpartition(":")[2].lower())
        if tree.text(node, "network_mode") not in (None, "bridge", "none"):
            directory.is_open = directory.is_open or tree.text(node, "network_mode") == "host"


def offered_ports(service: NetworkService) -> tuple[int, ...] | Unknown:
    """The port numbers of a network service, UNKNOWN where one cannot be read or none is said."""
    numbers = []
    for port in service.ports:
        if not isinstance(port.number, int):
            return UNKNOWN
        numbers.append(port.number)
    return tuple(numbers) if numbers else UNKNOWN
