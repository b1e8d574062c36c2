"""The message brokers that the system uses, one subject a kind, and whether they are approved.

In: Terraform, workloads, Dapr components, broker URLs, and what the code publishes and consumes. Out: a Broker for each
kind, at its declaration, else at the first line of code that uses it. A store that is no broker to anybody (Redis as a
cache) is none, nor is a topic that only alarms write to.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.documents import KubernetesObject
from archlint.core.facts.python import Expression, Literal
from archlint.core.record import dataclass
from archlint.core.span import Span, first_line
from archlint.core.system.messaging import Broker, Consumer, Publisher
from archlint.core.tree import text
from archlint.core.values import Place, Truth, Unknown, is_unknown
from archlint.model.broker_kinds import APPROVED, DAPR, KINDS, OF_JOBS, UNDECIDED, kind_named
from archlint.model.code.scope import CodeScope, code_scope, surroundings_of
from archlint.model.deployment.terraform import terraform_modules
from archlint.model.deployment.terraform.module import Resource, TerraformModule
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_URL_VARIABLES = frozenset(
    {"CELERY_BROKER_URL", "CELERY_BROKER", "BROKER_URL", "DRAMATIQ_BROKER_URL", "TASK_BROKER_URL"}
)
_MAKERS = frozenset({"Celery", "RedisBroker", "RedisSettings", "Redis"})
_KIND_OF_IMAGE = {image: key for key, kind in KINDS.items() for image in kind.images}
_KIND_OF_SCHEME = {scheme: key for key, kind in KINDS.items() for scheme in kind.schemes}
_KIND_OF_RESOURCE = {one: (key, rank) for key, kind in KINDS.items() for rank, one in enumerate(kind.resources)}
_ALARMS = ("alarm", "alert", "budget", "billing", "notification", "karpenter", "cloudtrail", "dlq", "dead", "failed")


@dataclass(frozen=True)
class _Seen:
    """A place that shows a broker. ``rank``: the lower, the nearer to where a person would change it."""

    kind: str
    rank: int
    at: Span
    note: str
    service: str | None = None


def add_brokers(draft: Draft) -> None:
    """Add them to the draft."""
    found: dict[str, list[_Seen]] = {}
    for one in (*_declared(draft), *_deployed(draft), *_components(draft), *_used(draft)):
        found.setdefault(one.kind, []).append(one)
    if "redis" in found:
        found["redis"] += _stores(draft)
    for kind, places in sorted(found.items()):
        places.sort(key=lambda one: (one.rank, one.at.path, one.at.line, one.at.column))
        first, *others = places
        draft.add(
            Broker(
                at=first.at,
                name=KINDS[kind].title if kind in KINDS else kind,
                key=f"broker {kind}",
                kind=kind,
                is_approved=_is_approved(draft, kind),
                services=tuple(sorted({one.service for one in places if one.service})),
                related=tuple(Place(one.at, one.note) for one in others[:8]),
            )
        )


def _is_approved(draft: Draft, kind: str) -> Truth:
    approved = frozenset(kind_named(one) for one in draft.config.brokers) or APPROVED
    if kind in approved:
        return True
    return Unknown("it may be a managed form of an approved broker") if kind in UNDECIDED else False


def _declared(draft: Draft) -> Iterator[_Seen]:
    """What Terraform declares."""
    for module in terraform_modules(draft):
        for resource in module.resources:
            kind, rank = _KIND_OF_RESOURCE.get(resource.type, ("", 0))
            if resource.type == "aws_mq_broker":
                engine = resource.value("engine_type")
                kind = {"rabbitmq": "rabbitmq", "activemq": "activemq"}.get(str(engine).lower(), "")
            if kind and resource.block.type == "resource" and _is_made(resource) and _carries_work(module, resource):
                yield _Seen(kind, rank, resource.at, f"{resource.address} is declared here")


def _is_made(resource: Resource) -> bool:
    count = resource.value("count")
    return not is_unknown(count) and count not in (0, False)


def _carries_work(module: TerraformModule, resource: Resource) -> bool:
    """Whether services talk through it: not a topic for alarms, nor a queue for failed messages or of a cloud tool."""
    name = f"{resource.address} {resource.value('name')}".lower()
    if any(word in name for word in _ALARMS):
        return False
    if resource.type == "aws_sns_topic":
        return any(
            one.value("protocol") in ("sqs", "lambda", "http", "https", "firehose")
            for one in module.of("aws_sns_topic_subscription")
        )
    return True


def _deployed(draft: Draft) -> Iterator[_Seen]:
    """Workloads that run a broker's image, and the URLs of task queues' brokers."""
    for container in draft.containers:
        if not container.is_production:
            continue
        kind = (
            _KIND_OF_IMAGE.get(container.image.repository.rpartition("/")[2]) if container.image is not None else None
        )
        if kind is not None and container.service is None:
            yield _Seen(kind, 3, container.at, f"{container.workload} runs here")
        for variable in container.variables:
            if variable.name in _URL_VARIABLES and isinstance(variable.value, str):
                kind = _KIND_OF_SCHEME.get(variable.value.partition(":")[0].lower())
                if kind is not None:
                    yield _Seen(kind, 5, variable.at, f"{variable.name} is set here", container.service)


def _stores(draft: Draft) -> Iterator[_Seen]:
    """The workloads of a store that serves as a broker."""
    for container in draft.containers:
        image = container.image.repository.rpartition("/")[2] if container.image is not None else ""
        if container.is_production and image in ("redis", "valkey", "redis-stack", "keydb", "dragonfly"):
            yield _Seen("redis", 8, container.at, f"{container.workload} runs here")


def _components(draft: Draft) -> Iterator[_Seen]:
    """Dapr's pub/sub components."""
    for manifest in draft.index.of(KubernetesObject):
        if manifest.kind == "Component" and manifest.api_version.startswith("dapr.io/"):
            kind = text(manifest.tree, "spec", "type") or ""
            if kind.startswith("pubsub.") and kind.removeprefix("pubsub.") in DAPR:
                yield _Seen(
                    DAPR[kind.removeprefix("pubsub.")], 4, first_line(manifest.at), f"component {manifest.name}"
                )


def _used(draft: Draft) -> Iterator[_Seen]:
    """What the code publishes to and consumes from, and the brokers of its task queues."""
    for one in draft.select(Publisher):
        kind = OF_JOBS.get(one.broker, one.broker)
        if kind in KINDS:
            yield _Seen(kind, 6, one.at, f"{one} publishes", one.service)
    for other in draft.select(Consumer):
        kind = OF_JOBS.get(other.broker.lower(), other.broker.lower())
        if kind in KINDS and other.service:
            yield _Seen(kind, 7, other.at, f"{other} consumes", other.service)
    scope = code_scope(draft)
    uses = draft.program.uses
    for module in scope.modules() if uses("celery") or uses("dramatiq") or uses("arq") else ():
        yield from _task_brokers(draft, scope, module)


def _task_brokers(draft: Draft, scope: CodeScope, module: Module) -> Iterator[_Seen]:
    for call in module.calls_named(_MAKERS):
        name = draft.program.callee(call, module)
        if name in ("celery.Celery", "celery.app.Celery", "celery.app.base.Celery"):
            given = call.argument("broker", 3)
            for service in scope.services_running(call, module):
                kind = _kind_of_url(draft, service, given.value, module) if given is not None else None
                if kind is not None:
                    yield _Seen(kind, 6, call.at, "the broker of its tasks", service)
        elif name.startswith(("dramatiq.brokers.redis.", "arq.connections.RedisSettings")):
            for service in scope.services_running(call, module):
                yield _Seen("redis", 6, call.at, "the broker of its tasks", service)


def _kind_of_url(draft: Draft, service: str, value: Expression, module: Module) -> str | None:
    if isinstance(value, Literal) and value.value is None:
        return None
    for surroundings in surroundings_of(draft, service):
        found = draft.program.evaluate(value, module, surroundings.lookup)
        if surroundings.is_production and isinstance(found, tuple) and isinstance(found[0].value, str):
            return _KIND_OF_SCHEME.get(found[0].value.partition(":")[0].lower())
    return None
