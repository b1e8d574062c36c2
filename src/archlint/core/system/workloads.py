"""What runs: environments, workloads, containers, probes, network services, images."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.base import Subject
from archlint.core.values import Place, Setting, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class Environment(Subject):
    """Manifests that are deployed together. ``kind``: ``kubernetes``, ``kustomize``, ``helm``, ``compose``,
    ``terraform``. ``is_production`` is false where the name says dev, test or local, or other manifests deploy the
    same.

    ``is_complete`` is false where a part of it could not be read or rendered: absence is then unknown.
    """

    kind: str
    path: str
    is_production: bool = True
    is_complete: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Port(Subject):
    """A port of a container. ``number`` is None for a name only."""

    number: int | None | Unknown
    port_name: str | None = None
    protocol: str = "TCP"
    host_port: int | None = None
    host_ip: str | None = None
    """The address that ``host_port`` is bound to, where one is given."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EnvironmentVariable(Subject):
    """An environment variable of a container after every reference is resolved.

    ``name`` is the variable's. ``value`` is None where it is declared without one. ``source``: ``literal``,
    ``config-map``, ``secret``, ``field``, ``env-file``, ``interpolation``, ``image`` or ``unknown``. ``at`` is where
    the value stands; ``chain`` leads from the container's entry to it. ``partial`` is the text of an UNKNOWN value of
    which only parts are not known, ``{}`` standing for each (``postgresql://app:{}@db/orders``).
    """

    value: str | None | Unknown
    source: str
    chain: tuple[Place, ...] = ()
    partial: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Probe(Subject):
    """A health check. ``kind``: ``liveness``, ``readiness``, ``startup`` or ``healthcheck`` (compose, Dockerfile).

    ``mechanism``: ``http``, ``grpc``, ``tcp``, ``exec``. ``served`` says whether the container's own code serves that
    path and port: UNKNOWN where its code or routes are not read.
    """

    kind: str
    mechanism: str
    workload: str
    container: str
    role: str = "service"
    """The container's role (see Container)."""
    path: str | None | Unknown = None
    port: int | str | None | Unknown = None
    command: str | None = None
    """What an ``exec`` probe runs, as one text."""
    served: Truth = Unknown()
    problem: str = ""
    """Why it is not served, for people."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class LivenessCheck(Subject):
    """What answers a liveness probe: the handler of a route or rpc, a script, a command. ``at`` is the line in it that
    leads to what it touches, else where it is defined; ``probe`` is what asks (``the liveness probe of orders``).

    ``touches_dependencies``: whether it asks a database, a cache or another service; ``touched`` says what.
    """

    service: str
    handler: str
    probe: str
    touches_dependencies: Truth = Unknown()
    touched: str = ""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Image(Subject):
    """An image reference. ``repository`` has no tag; ``tag`` and ``digest`` are None where there are none.

    ``is_built_here``: a Dockerfile, compose build or skaffold artifact of the workspace builds it.
    ``is_replaced``: skaffold, kustomize or a Helm value sets its tag at deployment.
    ``is_mutable``: no digest, and no tag or one with no version number in it.
    """

    repository: str
    tag: str | None | Unknown = None
    digest: str | None | Unknown = None
    is_built_here: bool = False
    is_replaced: bool = False
    is_mutable: Truth = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Resources(Subject):
    """Requests and limits as written, None where absent. A limit counts as its own request."""

    cpu_request: str | None | Unknown = None
    memory_request: str | None | Unknown = None
    cpu_limit: str | None | Unknown = None
    memory_limit: str | None | Unknown = None


@dataclass(frozen=True, eq=False, kw_only=True)
class ContainerSecurity(Subject):
    """The effective security context: the pod's, overridden by the container's, and the image's USER.

    ``allows_escalation`` is ``allowPrivilegeEscalation``, true where it is not false (Kubernetes' default).
    ``runs_as_root``: true where it is known that root runs it, false where a non-root user is known.
    ``root_is_explicit``: ``runAsUser: 0`` or ``USER root`` is written down.
    """

    privileged: Truth = False
    allows_escalation: Truth = True
    host_namespaces: tuple[str, ...] = ()
    added_capabilities: tuple[str, ...] = ()
    runs_as_root: Truth = Unknown()
    root_is_explicit: Truth = False
    read_only_root: Truth = False
    grants: tuple[str, ...] = ()
    """What it is allowed beyond the restricted profile, in the manifest's own words."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Container(Subject):
    """A container of a workload. ``kind``: ``app``, ``init`` or ``sidecar``. ``platform``: ``kubernetes``, ``compose``,
    ``ecs``, ``cloud-run``. ``workload`` and ``environment`` are names; ``workload_kind`` is the Kubernetes kind.

    ``service`` is the name of the business service whose image it runs, None for infrastructure (``role`` then says
    ``datastore``, ``broker``, ``gateway``, ``observability``, ``infrastructure``; else ``service``, ``job``,
    ``test-tool``, ``sidecar``). ``overlays`` are the environments in which the same source line deploys it.
    """

    kind: str
    platform: str
    workload: str
    workload_kind: str
    environment: str
    is_production: bool = True
    role: str = "service"
    service: str | None = None
    image: Image | None = None
    command: tuple[str, ...] | Unknown = ()
    arguments: tuple[str, ...] | Unknown = ()
    ports: tuple[Port, ...] = ()
    variables: tuple[EnvironmentVariable, ...] = ()
    probes: tuple[Probe, ...] = ()
    liveness: Probe | None | Unknown = None
    readiness: Probe | None | Unknown = None
    resources: Resources | None | Unknown = None
    missing_resources: tuple[str, ...] = ()
    """Of CPU request, memory request and memory limit what is not said."""
    security: ContainerSecurity | None = None
    is_long_running: Truth = True
    is_behind_service: Truth = False
    overlays: tuple[str, ...] = ()
    build: ImageBuild | None = None
    """The Dockerfile of the workspace that builds its image, None where there is none."""
    unread_env_files: bool = False
    """Whether an env file or a ConfigMap or Secret that it takes whole is not in the scan: any variable may be set."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Workload(Subject):
    """A Deployment, StatefulSet, DaemonSet, Job, CronJob, Pod, ReplicaSet, Rollout, Knative Service or compose service.

    ``replicas`` is None where it is not said; ``is_autoscaled`` where an HPA, KEDA or VPA scales it.
    ``selected_by`` are the network services that select it.
    """

    kind: str
    platform: str
    environment: str
    namespace: str | None = None
    is_production: bool = True
    service: str | None = None
    role: str = "service"
    labels: tuple[tuple[str, str], ...] = ()
    containers: tuple[Container, ...] = ()
    replicas: int | None | Unknown = None
    is_autoscaled: Truth = False
    has_disruption_budget: Truth = False
    service_account: str | None | Unknown = None
    selected_by: tuple[NetworkService, ...] = ()
    is_meshed: Truth = False
    overlays: tuple[str, ...] = ()
    replicas_at: Span | None = None
    """Where ``replicas`` is said, else the workload's name: the line that a person edits to scale it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ServicePort(Subject):
    """A port of a network service. ``target`` is the container's port, by number or name, as written."""

    number: int | None | Unknown
    port_name: str | None = None
    target: int | str | None | Unknown = None
    node_port: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkService(Subject):
    """A Kubernetes Service or a compose service's network name: ``hosts`` are all names that resolve to it."""

    platform: str
    environment: str
    namespace: str | None = None
    is_production: bool = True
    type: str = "ClusterIP"
    hosts: tuple[str, ...] = ()
    ports: tuple[ServicePort, ...] = ()
    has_selector: bool = False
    workloads: tuple[Workload, ...] = ()
    dangling: Truth = False
    """Whether it has a selector that matches no workload of its namespace and environment."""
    overlays: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Exposure(Subject):
    """A place that puts something on the outside. ``kind``: ``load-balancer``, ``node-port``, ``host-port``,
    ``host-network``, ``compose-port``, ``public-load-balancer``, ``publicly-accessible``, ``open-firewall``,
    ``ingress``.

    ``role`` is the exposed container's (see Container). ``is_loopback``: only the machine itself reaches it.
    ``is_behind_gateway`` is false where nothing but this place stands between the outside and the workload.
    ``system_has_gateway`` tells whether the environment has any gateway at all. ``is_only_front_end``: the single
    published front end of a system without a gateway.
    """

    kind: str
    environment: str
    target: str
    role: str
    by: str = ""
    """The kind in words: ``a NodePort Service``."""
    service: str | None = None
    is_production: bool = True
    is_loopback: Truth = False
    is_gateway: Truth = False
    system_has_gateway: bool = False
    is_only_front_end: bool = False
    is_violation: Truth = False
    """Whether a service is put outside without the gateway, by the catalogue's definition."""
    reason: str = ""
    """Why it matters here, as the end of a sentence: ``and no gateway stands in front of it``."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Namespace(Subject):
    """A namespace of an environment with the services in it, and whether any policy restricts its traffic."""

    environment: str
    is_production: bool = True
    services: tuple[str, ...] = ()
    has_network_policy: Truth = False


@dataclass(frozen=True, eq=False, kw_only=True)
class PortBinding(Subject):
    """Something that names a port of something else. ``kind``: ``reference`` (a call, env value), ``route`` (an Ingress
    or route back end), ``target-port`` (a Service's). ``exposed``: whether the target has that port."""

    kind: str
    port: int | str | Unknown
    target: str
    exposed: Truth
    offered: tuple[str, ...] = ()
    """The ports that the target has, as text."""
    service: str | None = None
    """Who names the port: the container, route or network service."""
    environment: str | None = None
    is_production: bool = True
    """False in a compose file that is not for production: no rule about addresses holds there."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageBuild(Subject):
    """A Dockerfile and what it ships. ``context`` is its build context's directory, ``images`` the names built by it.

    ``user`` is the last USER of the shipped stage, None where there is none. ``build_tools`` are the compilers, package
    manager caches and dev dependencies that the shipped stage keeps. ``stages`` counts the build stages.
    """

    path: str
    context: str
    images: tuple[str, ...] = ()
    base: str | Unknown = Unknown()
    user: str | None | Unknown = None
    stages: int = 1
    build_tools: tuple[Place, ...] = ()
    exposed_ports: tuple[int, ...] = ()
    command: tuple[str, ...] | Unknown = ()
    variables: tuple[EnvironmentVariable, ...] = ()
    healthcheck: Probe | None = None
    service: str | None = None
    is_production: bool = True
    ships_build_tools: Truth = False
    kept: tuple[str, ...] = ()
    """The notes of ``build_tools``, for messages."""
    chosen_below: str = ""
    """The folder of the context of which a build argument chooses the part that is packed, empty where none does."""


__all__ = [
    "Container",
    "ContainerSecurity",
    "Environment",
    "EnvironmentVariable",
    "Exposure",
    "Image",
    "ImageBuild",
    "LivenessCheck",
    "Namespace",
    "NetworkService",
    "Port",
    "PortBinding",
    "Probe",
    "Resources",
    "ServicePort",
    "Setting",
    "Span",
    "Workload",
]
