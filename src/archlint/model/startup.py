"""Services that wait for another one before they start.

In: compose ``depends_on`` with ``service_healthy``, wait loops in init containers, commands and entry-point scripts,
and blocking loops in code. Out: a ``StartupDependency`` for each host waited for, told apart by what it is: one's own
database, a broker and a migration are not services.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts.documents import ShellScript
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import HttpCall
from archlint.core.system.services import StartupDependency
from archlint.core.system.workloads import Container, NetworkService
from archlint.core.values import Place, Unknown, known
from archlint.model.addresses.directory import Directory, directories
from archlint.model.deployment.compose import compose_nodes
from archlint.model.draft import Draft
from archlint.model.production import is_production, service_name_at

_SERVICES = frozenset(("service", "test-tool", "gateway"))
_KINDS = {
    "service": "service",
    "test-tool": "service",
    "gateway": "service",
    "datastore": "datastore",
    "broker": "broker",
    "job": "job",
}
_LOOP = pattern(r"\b(?:until|while|for)\b[\s\S]{0,2000}?\bdo\b")
_PAUSE = pattern(r"\bsleep\b|--wait|-W\d|\bexit 1\b|--retry")
_TOOLS = pattern(
    r"\b(?:nc|ncat|netcat|curl|wget|grpcurl|grpc_health_probe|grpc-health-probe|pg_isready|mysqladmin|redis-cli|nslookup|"
    r"dig|getent|host|ping|telnet|mongo|mongosh|rabbitmq-diagnostics|rabbitmqctl|kafka-topics|http|psql|mysql|nmap|tcping)\b"
    r"|/dev/tcp/"
)
_WAITERS = pattern(
    r"(?:^|[\s/\"'])(?:wait-for-it|wait-for|wait_for_it|wait_for|wait4x|wait4ports|dockerize|await|wait-on|waitforit)"
    r"(?:\.sh|\.py)?\b(?P<rest>[^\n|;&]*)"
)
_HOST_FORMS = (
    re.compile(
        r"(?:https?|tcp|tcp4|grpc|amqp|postgres(?:ql)?|mysql|redis|mongodb)://(?:[^\s/@\"']*@)?(?P<host>[\w.-]+)"
    ),
    re.compile(r"/dev/tcp/(?P<host>[\w.-]+)/\d+"),
    re.compile(r"\b(?:nc|ncat|netcat|telnet)\s+(?:-\S+\s+(?:\d+\s+)?)*(?P<host>[A-Za-z][\w.-]*)\s+\d+"),
    re.compile(r"\b(?:nslookup|getent\s+hosts|dig|ping\s+(?:-\S+\s+(?:\d+\s+)?)*)\s*(?P<host>[A-Za-z][\w.-]*)"),
    re.compile(r"(?:\s-h\s*|--host[= ]|-addr[= ]|--addr[= ]|\s-H\s+)[\"']?(?P<host>[A-Za-z][\w.-]*)"),
    re.compile(r"(?:^|[\s\"'])(?P<host>[A-Za-z][\w.-]*):\d{2,5}(?=$|[\s/\"';)])"),
)
_VARIABLE = pattern(r"\$\{?([A-Za-z_]\w*)(?:(:?-)([^}]*))?\}?")
_KUBECTL = pattern(
    r"\bkubectl\b[^\n;&|]*\b(?:wait|rollout\s+status)\b[^\n;&|]*?(?:app(?:\.kubernetes\.io/name)?=|\w+/)(?P<host>[\w.-]+)"
)
_WAIT_FUNCTION = pattern(r"(?i)wait|until|ensure|startup|start_up|on_start|lifespan|main|bootstrap|init")
_STORE_NAME = pattern(
    r"(?i)(?:^|[-_.])(?:db|database|postgres(?:ql)?|pg|mysql|mariadb|mongo(?:db)?|redis|cache|memcached|elastic\w*|cassandra"
    r"|rabbit(?:mq)?|kafka|zookeeper|nats|broker|queue|mq|minio)(?:$|[-_.\d])"
)


def add_startup_dependencies(draft: Draft) -> None:
    """Add what each service waits for."""
    found = directories(draft)
    seen: set[tuple[Span, str]] = set()
    for one in (*_of_compose(draft), *_of_commands(draft, found), *_of_scripts(draft, found), *_of_code(draft)):
        if (one.at, one.target) not in seen:
            seen.add((one.at, one.target))
            draft.add(one)


def _of_compose(draft: Draft) -> Iterator[StartupDependency]:
    nodes = compose_nodes(draft)
    by_name = {(project.path, container.workload): container for container, (_, project) in nodes.items()}
    for container, (node, project) in nodes.items():
        if container.role not in ("service", "test-tool"):
            continue
        for entry in tree.entries(node, "depends_on"):
            if tree.text(entry.value, "condition") != "service_healthy":
                continue
            target = by_name.get((project.path, entry.key))
            if target is None or (target.service is not None and target.service == container.service):
                continue
            yield StartupDependency(
                at=entry.at,
                name=f"{container.workload} -> {entry.key}",
                key=f"{project.path}/{container.workload}/{entry.key}",
                service=container.workload,
                target=entry.key,
                kind="compose",
                target_kind=_KINDS.get(target.role, "unknown"),
                is_production=container.is_production,
                related=(Place(target.at, f"{entry.key} is defined here"),),
            )


def _of_commands(draft: Draft, found: dict[str, Directory]) -> Iterator[StartupDependency]:
    namespaces = {(one.environment, one.name): one.namespace for one in draft.workloads}
    for container in draft.containers:
        if container.role not in ("service", "test-tool", "infrastructure", "job") or container.workload_kind in (
            "Job",
            "CronJob",
        ):
            continue
        if container.role == "infrastructure" and container.kind != "init":
            continue
        text = _command_text(container)
        directory = found.get(container.environment)
        if not text or directory is None:
            continue
        for host in hosts_waited_for(text, {one.name: known(one.value) for one in container.variables}):
            target = directory.find(host, namespaces.get((container.environment, container.workload)))
            if target is not None and any(
                one.name == container.workload or (one.service is not None and one.service == container.service)
                for one in target.workloads
            ):
                continue
            yield _dependency(
                container.at,
                container.workload,
                host,
                target,
                "init-container" if container.kind == "init" else "command",
                container.environment,
                is_production=container.is_production or container.platform != "compose",
            )


def _of_scripts(draft: Draft, found: dict[str, Directory]) -> Iterator[StartupDependency]:
    for script in draft.index.of(ShellScript):
        path = script.at.path
        service = service_name_at(draft, path)
        if service is None or not is_production(path, draft.config) or _WAITERS.search("/" + path.rpartition("/")[2]):
            continue
        containers = draft.containers_of(service)
        variables = {one.name: known(one.value) for container in containers for one in container.variables}
        for host in hosts_waited_for(script.text, variables):
            homes = [found[one.environment] for one in containers if one.environment in found]
            target = next((match for one in homes if (match := one.find(host)) is not None), None)
            if target is not None and any(_service_of(one) == service for one in target.workloads):
                continue
            line = _line_of(script.text, host, variables)
            at = Span(path, script.at.line + line, 1, script.at.line + line, 2)
            yield _dependency(at, service, host, target, "script", path)


def _of_code(draft: Draft) -> Iterator[StartupDependency]:
    """Loops at start-up that call another service until it answers."""
    calls = {one.at: one for one in draft.select(HttpCall) if one.target_kind == "service"}
    if not calls:
        return
    for module in draft.program.modules.values():
        sleeps = {
            (one.loop.at, one.function)
            for one in module.facts.calls
            if one.loop is not None and one.name in ("time.sleep", "asyncio.sleep")
        }
        for fact in module.facts.calls:
            call = calls.get(fact.at)
            if call is None or fact.loop is None or (fact.loop.at, fact.function) not in sleeps:
                continue
            function = module.facts.functions[fact.function] if fact.function is not None else None
            if function is not None and not _WAIT_FUNCTION.search(function.name.rpartition(".")[2]):
                continue
            if not fact.catches:
                continue
            yield StartupDependency(
                at=fact.at,
                name=f"{call.service} -> {call.target}",
                key=f"code/{call.service}/{call.target}",
                service=call.service,
                target=call.target,
                kind="code",
                target_kind="service",
                related=(Place(fact.loop.at, "the loop that waits"),),
            )


def hosts_waited_for(text: str, variables: dict[str, str | None]) -> list[str]:
    """The hosts that a shell text waits for before it goes on, in order. ``variables`` are its environment's."""
    if len(text) > 100_000:
        return []
    plain = _substituted(text, variables)
    parts: list[str] = []
    if _LOOP.search(plain) and _PAUSE.search(plain) and _TOOLS.search(plain):
        parts += [line for line in plain.split("\n") if _TOOLS.search(line)]
    elif re.search(r"--retry-connrefused|--retry-all-errors", plain):
        parts += [line for line in plain.split("\n") if "curl" in line and "--retry" in line]
    waits = [match.group("rest").partition(" -- ")[0] for match in _WAITERS.finditer(plain)]
    found = [host for part in (*parts, *waits) for host in _hosts_in(part)]
    found += [match.group("host") for match in _KUBECTL.finditer(plain)]
    return [one for one in dict.fromkeys(found) if one not in ("localhost", "127.0.0.1", "0.0.0.0")]


def _hosts_in(text: str) -> Iterator[str]:
    for form in _HOST_FORMS:
        matches = [match.group("host").rstrip(".") for match in form.finditer(text)]
        matches = [
            one for one in matches if one not in ("if", "then", "http", "https", "tcp") and "." not in one[-3:-2]
        ]
        if matches:
            yield from matches
            return


def _substituted(text: str, variables: dict[str, str | None]) -> str:
    def replace(match: re.Match[str]) -> str:
        value = variables.get(match.group(1))
        if value is not None:
            return value
        return match.group(3) if match.group(2) else match.group(0)

    return _VARIABLE.sub(replace, text)


def _line_of(text: str, host: str, variables: dict[str, str | None]) -> int:
    for number, line in enumerate(text.split("\n")):
        if host in _substituted(line, variables) and not line.lstrip().startswith("#"):
            return number
    return 0


def _command_text(container: Container) -> str:
    words: list[str] = []
    for part in (container.command, container.arguments):
        if isinstance(part, Unknown):
            return ""
        words += part
    if container.kind != "init" and not words and container.build is not None:
        command = container.build.command
        words += () if isinstance(command, Unknown) else command
    return " ".join(word if "\n" in word or " " in word else shlex.quote(word) for word in words)


def _dependency(
    at: Span,
    service: str,
    host: str,
    target: NetworkService | None,
    kind: str,
    environment: str,
    *,
    is_production: bool = True,
) -> StartupDependency:
    return StartupDependency(
        at=at,
        name=f"{service} -> {host}",
        key=f"{environment}/{kind}/{service}/{host}",
        service=service,
        target=target.name if target else host,
        kind=kind,
        target_kind=_target_kind(host, target),
        is_production=is_production,
        related=(Place(target.at, f"{target.name} is defined here"),) if target else (),
    )


def _target_kind(host: str, target: NetworkService | None) -> str:
    roles = {one.role for one in target.workloads} if target else set()
    for role in ("datastore", "broker", "job"):
        if role in roles:
            return role
    if roles & _SERVICES:
        return "service"
    return "datastore" if _STORE_NAME.search(host) else "unknown"


def _service_of(workload: object) -> str | None:
    return getattr(workload, "service", None)
