"""Facts in, one system out: naming, joining, indexes, derived subjects. No I/O.

The stages run in one order; each reads what the earlier ones added to the draft.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from archlint.config import Config
from archlint.core.facts.base import Fact
from archlint.core.facts.python import PythonModule
from archlint.core.system import System
from archlint.model.addresses import add_addresses
from archlint.model.brokers import add_brokers
from archlint.model.code.access import add_api_operations
from archlint.model.code.calls.grpc import add_grpc_calls
from archlint.model.code.calls.http import add_http_calls
from archlint.model.code.calls.named_targets import name_targets
from archlint.model.code.calls.rpc import add_rpc_calls
from archlint.model.code.consistency.dual_writes import add_dual_writes
from archlint.model.code.consistency.event_stores import add_event_stores
from archlint.model.code.consistency.joined_reads import add_joined_reads
from archlint.model.code.consistency.sagas import add_sagas
from archlint.model.code.datastores.datastore_clients import add_datastore_clients
from archlint.model.code.datastores.datastores import add_datastores
from archlint.model.code.datastores.owned_tables import add_owned_tables
from archlint.model.code.datastores.schema_creation import add_schema_creations
from archlint.model.code.messaging.messaging import add_messaging
from archlint.model.code.observability.propagation import add_propagation
from archlint.model.code.observability.telemetry import add_telemetry
from archlint.model.code.routes import add_routes
from archlint.model.code.tokens.verification import add_verification
from archlint.model.contracts import add_contracts
from archlint.model.dependencies import add_dependencies
from archlint.model.deployment.cloudformation import add_cloudformation
from archlint.model.deployment.compose import add_compose
from archlint.model.deployment.environments import manifests
from archlint.model.deployment.images import add_images
from archlint.model.deployment.kubernetes import add_kubernetes
from archlint.model.deployment.terraform import add_terraform
from archlint.model.deployment.variables import add_variables
from archlint.model.derived import add_derived
from archlint.model.documents import document_subjects
from archlint.model.draft import Draft
from archlint.model.exposure import add_exposures
from archlint.model.index import FactIndex
from archlint.model.liveness import add_liveness_checks
from archlint.model.probes import add_probe_service
from archlint.model.production import is_production
from archlint.model.program import Program
from archlint.model.resilience.breakers import add_breakers
from archlint.model.resilience.retries import add_retries
from archlint.model.secrets import add_secrets
from archlint.model.services import add_services
from archlint.model.sharing import add_shared_deployments
from archlint.model.startup import add_startup_dependencies
from archlint.model.topics import add_topics
from archlint.model.topology import add_topology
from archlint.model.two_phase import add_two_phase_commits
from archlint.model.unread import count_unread

STAGES = (
    add_images,
    add_kubernetes,
    add_compose,
    add_terraform,
    add_cloudformation,
    add_services,
    add_variables,
    add_routes,
    add_http_calls,
    add_grpc_calls,
    name_targets,
    add_datastores,
    add_datastore_clients,
    add_schema_creations,
    add_owned_tables,
    add_messaging,
    add_dual_writes,
    add_event_stores,
    add_rpc_calls,
    add_sagas,
    add_joined_reads,
    add_two_phase_commits,
    add_brokers,
    add_topics,
    add_telemetry,
    add_propagation,
    add_verification,
    add_addresses,
    add_exposures,
    add_probe_service,
    add_liveness_checks,
    add_secrets,
    add_contracts,
    add_api_operations,
    add_startup_dependencies,
    add_shared_deployments,
    add_retries,
    add_breakers,
    add_dependencies,
    add_topology,
    add_derived,
    count_unread,
)


def build(facts: Iterable[Fact], config: Config, documents: Collection[str] = ("Gap",)) -> System:
    """The system that the facts describe; ``documents`` names the types of facts that are subjects themselves."""
    index = FactIndex(facts)
    draft = Draft(index, config, Program(index.of(PythonModule), lambda path: is_production(path, config)))
    for stage in STAGES:
        stage(draft)
    taken = [*document_subjects(index, set(documents) - {"KubernetesObject"})]
    taken += draft.gaps if "Gap" in documents else ()
    taken += manifests(draft) if "KubernetesObject" in documents else ()
    return draft.finish(taken)
