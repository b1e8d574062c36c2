"""Services, their code's entry points and what they tell about themselves."""

from __future__ import annotations

from dataclasses import field

from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.base import Subject
from archlint.core.system.calls import Dependency, RemoteCall, Route
from archlint.core.system.contracts import Contract
from archlint.core.system.data import DatastoreUse
from archlint.core.system.messaging import Consumer, Publisher
from archlint.core.system.workloads import Container, ImageBuild, Workload
from archlint.core.values import Place, Setting, Truth, Unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class LoggingSetup(Subject):
    """How a service's logs are set up. ``format``: ``json``, ``text`` or UNKNOWN; ``level`` upper case.

    ``fields`` are the names that its JSON records carry, UNKNOWN where the formatter is not understood.
    ``missing_fields`` are those of ``trace_id``, ``service_name``, ``severity`` and ``timestamp`` that JSON records are
    known to lack, under whatever name; UNKNOWN where none is known to be missing and some may be.
    """

    format: str | Unknown
    service: str = ""
    level: str | None | Unknown = None
    fields: tuple[str, ...] | Unknown = ()
    missing_fields: tuple[str, ...] | Unknown = ()
    related: tuple[Place, ...] = ()
    """Where its formatter is made and defined."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Telemetry(Subject):
    """What a service tells about itself. None is absent, UNKNOWN may be given by something unread.

    ``logging`` is None where none is configured. ``metrics`` and ``tracing`` name the library or platform.
    ``metrics_path`` is where metrics are served. ``prints`` are the ``print`` calls in request and message paths.
    ``log_format`` is the format of ``logging``, None where none is configured; ``log_at`` the line that sets it up, or
    the entry point. ``prints_at`` is the first of ``prints``, or the entry point.

    ``missing_red`` are those of ``requests``, ``errors`` and ``duration`` that no metric of the service gives, UNKNOWN
    where not all of its metrics are known. ``metrics_at`` is where metrics are set up, ``metric_definitions`` what is
    measured. ``resources`` are the pools, queues and workers that its code makes, and ``resource_metrics`` what
    measures their use. ``proprietary_tracing`` is the client of one vendor that traces in the place of OpenTelemetry.
    """

    service: str = ""
    is_long_running: Truth = True
    log_format: str | None | Unknown = None
    log_at: Span | None = None
    prints_at: Span | None = None
    logging: LoggingSetup | None | Unknown = None
    metrics: Setting[str] | None | Unknown = None
    metrics_path: str | None | Unknown = Unknown("archlint does not read it yet")
    tracing: Setting[str] | None | Unknown = None
    tracing_at: Span | None = None
    prints: tuple[Place, ...] = ()
    missing_red: tuple[str, ...] | Unknown = Unknown("the service's metrics are not known")
    metrics_at: Span | None = None
    metric_definitions: tuple[Place, ...] = ()
    resources: tuple[Place, ...] = ()
    resources_at: Span | None = None
    resource_metrics: Setting[str] | None | Unknown = Unknown("the service's metrics are not known")
    proprietary_tracing: Setting[str] | None = None
    tracing_calls: tuple[Place, ...] = ()
    """Where the code calls the client of ``proprietary_tracing``."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TracedClient(Subject):
    """The calls that a traced service makes with one client library, or the messages that it publishes with it.

    ``kind``: ``http``, ``grpc`` or ``messaging``. ``at`` is its first call. ``propagation`` is what puts the trace
    context into its requests: an instrumentation, an agent, an injection in code; None where nothing does.
    ``instrumentation`` names what would, for the message. ``crosses``: whether any of it goes to something that is not
    known to be outside the system.
    """

    service: str
    library: str
    kind: str
    tracing: Setting[str]
    propagation: Setting[str] | None | Unknown = Unknown()
    instrumentation: str = ""
    crosses: bool = True
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Service(Subject):
    """A business service of this system, one across all environments.

    ``directory`` is its root, None where its source is not in the scan. ``languages`` are those of its own source.
    ``is_read`` says that its source is in the scan and in a language that archlint reads: rules about absence in code
    need it. ``role``: ``service``, ``gateway``, ``frontend``, ``job``, ``worker``, ``test-tool`` or ``library``.
    ``evidence`` says why it is taken for a service. ``entry_points`` are the lines at which its processes start.
    """

    directory: str | None = None
    languages: tuple[str, ...] = ()
    is_read: bool = False
    role: str = "service"
    owner: str | None = None
    labels: tuple[str, ...] = ()
    evidence: tuple[Place, ...] = ()
    entry_points: tuple[Place, ...] = ()
    frameworks: tuple[str, ...] = ()
    workloads: tuple[Workload, ...] = ()
    containers: tuple[Container, ...] = ()
    images: tuple[ImageBuild, ...] = ()
    routes: tuple[Route, ...] = ()
    calls: tuple[RemoteCall, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    datastores: tuple[DatastoreUse, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    publishers: tuple[Publisher, ...] = ()
    contracts: tuple[Contract, ...] = ()
    telemetry: Telemetry | None = None
    is_long_running: Truth = True
    has_contract: Truth = False
    has_health_route: Truth = False
    serves_html: Truth = False
    published_operations: tuple[Place, ...] = ()
    """The routes, rpc methods and events that a contract should describe (no health, metrics, docs or HTML ones)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ServiceImport(Subject):
    """Python of one service that imports another service's package."""

    service: Service
    target: Service
    module: str
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class StartupDependency(Subject):
    """A service that waits for another one before it starts. ``kind``: ``init-container``, ``compose``, ``code``.

    ``target_kind``: ``service``, ``datastore``, ``broker``, ``job``, ``external`` or ``unknown``.
    """

    service: str
    target: str
    kind: str
    target_kind: str
    is_production: bool = True
    """False in a compose file that is not for production."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class SharedDeployment(Subject):
    """Several services in one unit of deployment. ``kind``: ``pod``, ``image`` or ``supervisor``."""

    services: tuple[str, ...]
    kind: str
    is_production: bool = True
    """False in a compose file that is not for production."""
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class CallCycle(Subject):
    """Services that call each other synchronously in a cycle, in order, the first one not repeated."""

    services: tuple[str, ...]
    related: tuple[Place, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class DebugSetting(Subject):
    """A debug switch or debug log level. ``kind``: ``debug-mode`` or ``log-level``; ``source`` as in Setting.

    ``is_production`` is false in development and test environments and behind a development-only guard.
    """

    service: str
    kind: str
    source: str
    value: str
    is_production: Truth = True
    related: tuple[Place, ...] = field(default=())


__all__ = [
    "CallCycle",
    "DebugSetting",
    "LoggingSetup",
    "Service",
    "ServiceImport",
    "SharedDeployment",
    "Span",
    "StartupDependency",
    "Telemetry",
    "TracedClient",
]
