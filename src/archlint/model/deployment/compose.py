"""Compose services as workloads with one container each, and as network names.

In come the projects of ``compose_files``; out go environments, workloads, containers and network services. What a
compose service does not say its image may: a Dockerfile's HEALTHCHECK, USER and ports are joined later.
"""

from __future__ import annotations

import shlex

from archlint.core import tree
from archlint.core.span import Span
from archlint.core.system import link
from archlint.core.system.workloads import (
    Container,
    ContainerSecurity,
    Environment,
    NetworkService,
    Port,
    Probe,
    Resources,
    ServicePort,
    Workload,
)
from archlint.core.tree import Mapping, Node
from archlint.core.values import UNKNOWN, Truth, Unknown, known
from archlint.model.deployment import known_images, references
from archlint.model.deployment.compose_files import Project, keyed, projects
from archlint.model.deployment.containers import grants, line_of, missing_resources, texts
from archlint.model.deployment.roles import is_one_shot, role_of
from archlint.model.draft import Draft
from archlint.model.paths import says_non_production

NODES = "compose nodes"
_NO_LIMITS = Unknown("compose limits resources in swarm mode only")


def add_compose(draft: Draft) -> None:
    """Add environments, workloads, containers and network services to the draft."""
    overlays: dict[object, list[str]] = {}
    added: list[Container | Workload] = []
    for project in projects(draft):
        draft.add(
            Environment(
                at=project.at,
                name=project.path,
                key=project.path,
                kind="compose",
                path=project.path,
                is_production=project.is_production,
                is_complete=project.is_complete,
            )
        )
        finishing = _finishing(project)
        is_swarm = _is_swarm(project)
        for name, node in project.services.items():
            workload = _workload(project, name, node, name in finishing, is_swarm)
            network = _network_service(project, name, node, workload)
            link(workload, selected_by=(network,))
            container = workload.containers[0]
            compose_nodes(draft)[container] = (node, project)
            draft.add(workload, container, network, *network.ports, *container.ports, *container.probes)
            for part in (container.image, container.security, container.resources):
                if part is not None and not isinstance(part, Unknown):
                    draft.add(part)
            for subject in (workload, container):
                overlays.setdefault((type(subject), subject.at), []).append(project.path)
                added.append(subject)
    for subject in added:
        names = overlays[(type(subject), subject.at)]
        if len(names) > 1:
            link(subject, overlays=tuple(names))


def compose_nodes(draft: Draft) -> dict[Container, tuple[Mapping, Project]]:
    """The merged definition and project that each compose container came from."""
    found = draft.memo.setdefault(NODES, {})
    assert isinstance(found, dict)
    return found


def _workload(project: Project, name: str, node: Mapping, is_finishing: bool, is_swarm: bool) -> Workload:
    key = f"{project.path}/{name}"
    at = project.keys[name]
    image_text = _text(project, node, "image")
    image = None
    if isinstance(image_text, str):
        image = references.image(image_text, line_of(node, "image"), key)
        if tree.get(node, "build") is not None:
            link(image, is_built_here=True)
    elif image_text is not None:
        written = tree.text(node, "image") or ""
        image = references.image(written, line_of(node, "image"), key)
    build_name = tree.text(node, "build", "context") or tree.text(node, "build") or ""
    ports = _ports(project, node, key)
    numbers = [port.number for port in ports if isinstance(port.number, int)]
    role = role_of(image.repository if image else None, name, "", numbers)
    if role == "service" and role_of(None, build_name.rpartition("/")[2], "") == "test-tool":
        role = "test-tool"
    is_job = is_finishing or (role in ("service", "infrastructure") and _ends_by_itself(name, node))
    if is_job and role == "service":
        role = "job"
    is_production = project.is_production and not _is_development_profile(node)
    probe, liveness = _healthcheck(node, name, key, role, image.repository if image else None)
    given = _resources(node, name, key) if is_swarm else _NO_LIMITS
    container = Container(
        at=at,
        name=name,
        key=key,
        kind="app",
        platform="compose",
        workload=name,
        workload_kind="ComposeService",
        environment=project.path,
        is_production=is_production,
        role=role,
        image=image,
        command=_words(tree.get(node, "entrypoint")),
        arguments=_words(tree.get(node, "command")),
        ports=ports,
        probes=(probe,) if probe else (),
        liveness=liveness,
        readiness=liveness,
        resources=given,
        missing_resources=missing_resources(given),
        security=_security(project, node, at, key),
        is_long_running=not is_job,
        is_behind_service=bool(tree.items(node, "ports") or tree.items(node, "expose")),
    )
    replicas = tree.value(node, "deploy", "replicas")
    replicas = replicas if replicas is not None else tree.value(node, "scale")
    return Workload(
        at=at,
        name=name,
        key=key,
        kind="ComposeService",
        platform="compose",
        environment=project.path,
        is_production=is_production,
        role=role,
        containers=(container,),
        replicas=replicas if isinstance(replicas, int) else (UNKNOWN if replicas is not None else None),
        replicas_at=at,
    )


def _text(project: Project, node: Mapping, key: str) -> str | Unknown | None:
    found = tree.get(node, key)
    if found is not None and found.at in project.unresolved:
        return UNKNOWN
    return tree.text(found)


def _words(node: Node | None) -> tuple[str, ...] | Unknown:
    if isinstance(node, tree.Scalar) and isinstance(node.value, str):
        try:
            return tuple(shlex.split(node.value, comments=False))
        except ValueError:
            return tuple(node.value.split())
    return texts(node)


def _finishing(project: Project) -> set[str]:
    """The services that another waits for to complete."""
    return {
        one.key
        for node in project.services.values()
        for one in tree.entries(node, "depends_on")
        if tree.text(one.value, "condition") == "service_completed_successfully"
    }


def _ends_by_itself(name: str, node: Mapping) -> bool:
    if is_one_shot(name):
        return True
    line = " ".join(word for key in ("entrypoint", "command") for word in known(_words(tree.get(node, key))) or ())
    if any(mark in line for mark in ("alembic upgrade", "manage.py migrate", "flask db upgrade", "kafka-topics")):
        return not any(mark in line for mark in ("&&", ";", "uvicorn", "gunicorn", "runserver", "exec "))
    image = tree.text(node, "image") or ""
    return references.last_part(references.parse(image).repository) in ("mc", "flyway", "liquibase")


def _is_swarm(project: Project) -> bool:
    if any(word in project.path.lower() for word in ("swarm", "stack")):
        return True
    return any(
        tree.get(node, "deploy", key) is not None
        for node in project.services.values()
        for key in ("placement", "update_config", "rollback_config", "endpoint_mode", "mode")
    )


def _is_development_profile(node: Mapping) -> bool:
    profiles = [tree.text(item) or "" for item in tree.items(node, "profiles")]
    return bool(profiles) and all(says_non_production(one) for one in profiles)


def _ports(project: Project, node: Mapping, key: str) -> tuple[Port, ...]:
    result = []
    for item in tree.items(node, "ports"):
        if isinstance(item, Mapping):
            target, published = tree.value(item, "target"), tree.value(item, "published")
            ip, protocol = tree.text(item, "host_ip"), tree.text(item, "protocol")
            result.append(_port(item.at, key, _number(target), _number(published), ip, protocol))
            continue
        text = tree.text(item)
        if text is None:
            continue
        if item.at in project.unresolved:
            last = text.rpartition(":")[2].partition("/")[0]
            result.append(_port(item.at, key, _number(last), None, None, None))
            continue
        result += _short_ports(item.at, key, text)
    for item in tree.items(node, "expose"):
        number = _number((tree.text(item) or "").partition("/")[0])
        if number is not None and all(port.number != number for port in result):
            result.append(_port(item.at, key, number, None, None, None))
    return tuple(result)


def _short_ports(at: Span, key: str, text: str) -> list[Port]:
    """``[[ip:]published:]target[/protocol]``, where published and target may be ranges."""
    body, _, protocol = text.partition("/")
    head, _, target = body.rpartition(":")
    ip: str | None = None
    published: str | None = None
    if head:
        before, _, last = head.rpartition(":")
        published = last or None
        ip = before.strip("[]") or None
    inner = _range(target)
    outer = _range(published) if published else [None] * len(inner)
    if len(outer) != len(inner):
        outer = (outer or [None])[:1] * len(inner)
    return [_port(at, key, number, host, ip, protocol or None) for number, host in zip(inner, outer, strict=True)]


def _range(text: str) -> list[int | None]:
    first, dash, last = text.partition("-")
    if first.isdigit() and dash and last.isdigit() and 0 <= int(last) - int(first) < 1024:
        return list(range(int(first), int(last) + 1))
    return [int(first)] if first.isdigit() else [None]


def _port(
    at: Span, key: str, number: int | None, host_port: int | None, host_ip: str | None, protocol: str | None
) -> Port:
    return Port(
        at=at,
        name=str(number if number is not None else "?"),
        key=f"{key}/{number}",
        number=number if number is not None else UNKNOWN,
        protocol=(protocol or "tcp").upper(),
        host_port=host_port,
        host_ip=host_ip,
    )


def _number(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else None


def _healthcheck(
    node: Mapping, name: str, key: str, role: str, repository: str | None
) -> tuple[Probe | None, Probe | Unknown | None]:
    found = tree.entry(node, "healthcheck")
    if found is None:
        public = known_images.find(repository) if repository else None
        has_own = public is not None and public.has_healthcheck
        return None, Unknown("the image has a health check of its own") if has_own else None
    test = tree.get(found.value, "test")
    first = tree.text(test) or tree.text(test, 0)
    if tree.value(found.value, "disable") is True or (first or "").upper() == "NONE":
        return None, None
    probe = Probe(
        at=found.at,
        name=f"health check of {name}",
        key=f"{key}/healthcheck",
        kind="healthcheck",
        mechanism="exec",
        workload=name,
        container=name,
        role=role,
        command=first if isinstance(test, tree.Scalar) else " ".join(tree.text(one) or "" for one in tree.items(test)),
    )
    return probe, probe


def _resources(node: Mapping, name: str, key: str) -> Resources | None:
    limits = tree.get(node, "deploy", "resources", "limits")
    requests = tree.get(node, "deploy", "resources", "reservations")
    if limits is None and requests is None:
        return None
    deploy = tree.get(node, "deploy")
    assert isinstance(deploy, Mapping)
    cpu, memory = tree.text(limits, "cpus"), tree.text(limits, "memory")
    return Resources(
        at=line_of(deploy, "resources"),
        name=f"resources of {name}",
        key=key,
        cpu_request=tree.text(requests, "cpus") or cpu,
        memory_request=tree.text(requests, "memory") or memory,
        cpu_limit=cpu,
        memory_limit=memory,
    )


def _security(project: Project, node: Mapping, at: Span, key: str) -> ContainerSecurity:
    privileged: Truth = tree.value(node, "privileged") is True
    host = tuple(
        name
        for name, setting in (("hostNetwork", "network_mode"), ("hostPID", "pid"), ("hostIPC", "ipc"))
        if tree.text(node, setting) == "host"
    )
    added = texts(tree.get(node, "cap_add"))
    user = _text(project, node, "user")
    as_root: Truth = UNKNOWN
    if isinstance(user, str):
        as_root = user.partition(":")[0] in ("0", "root")
    options = texts(tree.get(node, "security_opt"))
    no_new = not isinstance(options, Unknown) and any(one.startswith("no-new-privileges") for one in options)
    where = at
    if privileged is True:
        where = line_of(node, "privileged")
    elif host:
        where = line_of(node, {"hostNetwork": "network_mode", "hostPID": "pid", "hostIPC": "ipc"}[host[0]])
    elif added and not isinstance(added, Unknown):
        where = line_of(node, "cap_add")
    elif as_root is True:
        where = line_of(node, "user")
    return ContainerSecurity(
        at=where,
        name=key,
        key=key,
        privileged=privileged,
        allows_escalation=not no_new,
        host_namespaces=host,
        added_capabilities=() if isinstance(added, Unknown) else added,
        runs_as_root=as_root,
        root_is_explicit=as_root is True,
        read_only_root=tree.value(node, "read_only") is True,
        grants=grants(privileged is True, False, host, () if isinstance(added, Unknown) else added, as_root is True),
    )


def _network_service(project: Project, name: str, node: Mapping, workload: Workload) -> NetworkService:
    key = f"{project.path}/{name}"
    names = [name]
    for field in ("container_name", "hostname"):
        found = _text(project, node, field)
        if isinstance(found, str):
            names.append(found)
    for network in tree.entries(node, "networks"):
        names += [one for one in map(tree.text, tree.items(network.value, "aliases")) if one]
    for other in project.services.values():
        for item in tree.items(other, "links"):
            target, colon, alias = (tree.text(item) or "").partition(":")
            if colon and target == name:
                names.append(alias)
    return NetworkService(
        at=workload.at,
        name=name,
        key=key,
        platform="compose",
        environment=project.path,
        is_production=workload.is_production,
        hosts=tuple(dict.fromkeys(names)),
        ports=tuple(
            ServicePort(
                at=port.at,
                name=f"{name}:{port.name}",
                key=f"{key}/{port.name}",
                number=port.number,
                target=port.number,
            )
            for port in workload.containers[0].ports
        ),
        workloads=(workload,),
    )


__all__ = ["add_compose", "compose_nodes", "keyed"]
