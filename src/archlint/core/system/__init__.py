"""The system: every subject that a rule can talk about, joined and immutable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from archlint.core.facts import documents, python
from archlint.core.facts.base import Fact, Gap
from archlint.core.system.base import Subject, link
from archlint.core.system.calls import (
    AddressReference,
    CallChain,
    Dependency,
    GrpcCall,
    HttpCall,
    RemoteCall,
    RepeatedCall,
    Route,
    RpcCall,
    TimeoutBudget,
    Transport,
)
from archlint.core.system.consistency import DualWrite, EventMutation, EventReplay, JoinedRead, Saga, TwoPhaseCommit
from archlint.core.system.contracts import Contract, ContractDrift, InvalidContract, Operation
from archlint.core.system.data import Datastore, DatastoreClient, DatastoreUse, OwnedTables, SchemaCreation
from archlint.core.system.messaging import Broker, Channel, Consumer, Effect, Publisher, Topic
from archlint.core.system.resilience import CircuitBreaker, Retry
from archlint.core.system.security import (
    ApiOperation,
    DatabaseExposure,
    IamGrant,
    SecretExposure,
    TlsSetting,
    TokenVerification,
)
from archlint.core.system.services import (
    CallCycle,
    DebugSetting,
    LoggingSetup,
    Service,
    ServiceImport,
    SharedDeployment,
    StartupDependency,
    Telemetry,
    TracedClient,
)
from archlint.core.system.suppressions import Suppression
from archlint.core.system.workloads import (
    Container,
    ContainerSecurity,
    Environment,
    EnvironmentVariable,
    Exposure,
    Image,
    ImageBuild,
    LivenessCheck,
    Namespace,
    NetworkService,
    Port,
    PortBinding,
    Probe,
    Resources,
    ServicePort,
    Workload,
)

SubjectT = TypeVar("SubjectT", bound="Subject | Fact")

SYSTEM_SUBJECTS: tuple[type[Subject], ...] = (
    AddressReference,
    ApiOperation,
    Broker,
    CallChain,
    CallCycle,
    Channel,
    CircuitBreaker,
    Consumer,
    Container,
    ContainerSecurity,
    Contract,
    ContractDrift,
    DatabaseExposure,
    Datastore,
    DatastoreClient,
    DatastoreUse,
    DebugSetting,
    Dependency,
    DualWrite,
    Effect,
    Environment,
    EnvironmentVariable,
    EventMutation,
    EventReplay,
    Exposure,
    GrpcCall,
    HttpCall,
    IamGrant,
    Image,
    ImageBuild,
    InvalidContract,
    JoinedRead,
    LivenessCheck,
    LoggingSetup,
    Namespace,
    NetworkService,
    Operation,
    OwnedTables,
    Port,
    PortBinding,
    Probe,
    Publisher,
    RemoteCall,
    RepeatedCall,
    Resources,
    Retry,
    Route,
    RpcCall,
    Saga,
    SchemaCreation,
    SecretExposure,
    Service,
    ServiceImport,
    ServicePort,
    SharedDeployment,
    StartupDependency,
    Suppression,
    Telemetry,
    TlsSetting,
    TimeoutBudget,
    TokenVerification,
    Transport,
    Topic,
    TwoPhaseCommit,
    TracedClient,
    Workload,
)
"""The system-level subjects, by which rules are typed. A subclass is selected by its base too."""

DOCUMENT_SUBJECTS: tuple[type[Fact], ...] = (
    python.PythonCall,
    python.PythonFunction,
    python.PythonClass,
    python.PythonImport,
    python.PythonAssignment,
    documents.KubernetesObject,
    documents.DockerfileInstruction,
    documents.ProtoService,
    documents.ProtoMethod,
    documents.ProtoMessage,
    documents.TerraformBlock,
    documents.ConfigValue,
    Gap,
)
"""The document-level subjects: facts as they were read."""

SUBJECTS: dict[str, type[Subject] | type[Fact]] = {
    **{one.__name__: one for one in SYSTEM_SUBJECTS},
    **{one.__name__: one for one in DOCUMENT_SUBJECTS},
}
"""Every type that ``for:`` of a rule may name."""


class System:
    """An immutable system. Subjects of one type come in the order of path and line."""

    def __init__(
        self, subjects: Iterable[Subject | Fact], unread: Mapping[str, int] | None = None, gaps: Iterable[Gap] = ()
    ) -> None:
        grouped: dict[type, list[Subject | Fact]] = {}
        for subject in subjects:
            for base in type(subject).__mro__:
                if base.__name__ in SUBJECTS:
                    grouped.setdefault(base, []).append(subject)
        self.by_kind = {kind: tuple(sorted(found, key=_order)) for kind, found in grouped.items()}
        self.unread = dict(unread or {})
        """What was recognised but is not yet read: a description and how many there are."""
        self.gaps = tuple(gaps)
        """What could not be read, rendered or joined."""

    @classmethod
    def restored(
        cls, by_kind: Mapping[str, tuple[Subject | Fact, ...]], unread: Mapping[str, int], gaps: Iterable[Gap]
    ) -> System:
        """A system whose subjects are grouped and in order already, by the names of their types."""
        system = cls((), unread, gaps)
        system.by_kind = {SUBJECTS[name]: found for name, found in by_kind.items()}
        return system

    def select(self, kind: type[SubjectT]) -> tuple[SubjectT, ...]:
        """All subjects of the type, its subclasses' too."""
        return cast("tuple[SubjectT, ...]", self.by_kind.get(kind, ()))

    @property
    def services(self) -> tuple[Service, ...]:
        """The business services."""
        return self.select(Service)


def _order(subject: Subject | Fact) -> tuple[object, ...]:
    at = subject.at
    return (at.path, at.line, at.column, at.end_line, at.end_column, getattr(subject, "key", ""))


__all__ = ["DOCUMENT_SUBJECTS", "SUBJECTS", "SYSTEM_SUBJECTS", "Subject", "System", "link"]
