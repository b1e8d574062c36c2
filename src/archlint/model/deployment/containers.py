"""One container of a pod specification: its ports, probes, resources and effective security context.

In come positioned trees of manifests; out come subjects. What the tree leaves open (a value that is no scalar, a
template) is UNKNOWN; what it does not say is None or Kubernetes' own default, as the subject's field says.
"""

from __future__ import annotations

from archlint.core import tree
from archlint.core.span import Span
from archlint.core.system.workloads import Container, ContainerSecurity, Port, Probe, Resources
from archlint.core.tree import Mapping, Node
from archlint.core.values import UNKNOWN, Truth, Unknown
from archlint.model.deployment import references

PROBES = {"livenessProbe": "liveness", "readinessProbe": "readiness", "startupProbe": "startup"}
HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


def line_of(node: Mapping, key: str) -> Span:
    """The ``key: value`` of a mapping on one line: where a person would look for it. The mapping's start without it."""
    found = tree.entry(node, key)
    if found is None:
        at = node.at
        return Span(at.path, at.line, at.column, at.line, at.column + 1)
    value = found.value.at
    end = value if value.path == found.at.path and value.line == found.at.line else found.at
    return Span(found.at.path, found.at.line, found.at.column, end.end_line, max(end.end_column, found.at.end_column))


def texts(node: Node | None) -> tuple[str, ...] | Unknown:
    """A list of strings; UNKNOWN where an item is none."""
    if node is None:
        return ()
    if isinstance(node, tree.Scalar):
        return (node.text,) if node.value is not None else ()
    found = [tree.text(item) for item in tree.items(node)]
    if any(one is None for one in found):
        return UNKNOWN
    return tuple(one for one in found if one is not None)


def ports(node: Mapping, key: str) -> tuple[Port, ...]:
    """The declared ports of a container."""
    result = []
    for item in tree.items(node, "ports"):
        if not isinstance(item, Mapping):
            continue
        number = tree.value(item, "containerPort")
        name = tree.text(item, "name")
        host_port = tree.value(item, "hostPort")
        result.append(
            Port(
                at=line_of(item, "containerPort"),
                name=str(number if number is not None else name),
                key=f"{key}/{number if number is not None else name}",
                number=number if isinstance(number, int) else UNKNOWN,
                port_name=name,
                protocol=tree.text(item, "protocol") or "TCP",
                host_port=host_port if isinstance(host_port, int) else None,
            )
        )
    return tuple(result)


def probes(node: Mapping, workload: str, container: str, key: str, role: str) -> tuple[Probe, ...]:
    """The probes of a container."""
    result = []
    for field, kind in PROBES.items():
        found = tree.entry(node, field)
        if found is None or not isinstance(found.value, Mapping) or not found.value.entries:
            continue
        result.append(_probe(found, kind, workload, container, key, role))
    return tuple(result)


def resources(node: Mapping, key: str, defaults: Mapping | None = None) -> Resources | None:
    """Requests and limits, a limit counting as its own request; a LimitRange's container defaults fill the gaps."""
    own = tree.get(node, "resources")
    if not (isinstance(own, Mapping) and own.entries) and defaults is None:
        return None

    def quantity(*path: str) -> str | Unknown | None:
        found = tree.get(own, *path)
        if found is None:
            return None
        text = tree.text(found)
        if text is None:
            return None if isinstance(found, tree.Scalar) else UNKNOWN
        return text

    def first(*values: str | Unknown | None) -> str | Unknown | None:
        return next((one for one in values if one is not None), None)

    limits = {name: first(quantity("limits", name), tree.text(defaults, "default", name)) for name in ("cpu", "memory")}
    requests = {
        name: first(quantity("requests", name), tree.text(defaults, "defaultRequest", name), limits[name])
        for name in ("cpu", "memory")
    }
    return Resources(
        at=line_of(node, "resources"),
        name=f"resources of {key}",
        key=key,
        cpu_request=requests["cpu"],
        memory_request=requests["memory"],
        cpu_limit=limits["cpu"],
        memory_limit=limits["memory"],
    )


def missing_resources(given: Resources | Unknown | None) -> tuple[str, ...]:
    """What a container should say about its resources and does not."""
    if isinstance(given, Unknown):
        return ()
    wanted = {
        "CPU request": given and given.cpu_request,
        "memory request": given and given.memory_request,
        "memory limit": given and given.memory_limit,
    }
    return tuple(name for name, value in wanted.items() if value is None)


def security(pod: Mapping, node: Mapping, at: Span, key: str) -> ContainerSecurity:
    """The effective security context as far as the manifest gives it; the image's user is joined later.

    ``at`` is the line that grants too much where one does, else the given place.
    """
    own, shared = tree.get(node, "securityContext"), tree.get(pod, "securityContext")
    host = tuple(name for name in HOST_NAMESPACES if tree.value(pod, name) is True)
    privileged = _truth(own, "privileged", False)
    escalation = True if privileged is True else _truth(own, "allowPrivilegeEscalation", True)
    added = texts(tree.get(own, "capabilities", "add"))
    user = _first(own, shared, "runAsUser")
    non_root = _first(own, shared, "runAsNonRoot")
    as_root: Truth = UNKNOWN
    if user is not None:
        number = tree.value(user)
        as_root = number == 0 if isinstance(number, int) else UNKNOWN
    elif non_root is not None and tree.value(non_root) is True:
        as_root = False
    where = at
    if isinstance(own, Mapping):
        if privileged is True:
            where = line_of(own, "privileged")
        elif tree.value(own, "allowPrivilegeEscalation") is True:
            where = line_of(own, "allowPrivilegeEscalation")
        elif as_root is True and tree.entry(own, "runAsUser") is not None:
            where = line_of(own, "runAsUser")
    if where == at and host and escalation is False:
        where = line_of(pod, host[0])
    return ContainerSecurity(
        at=where,
        name=key,
        key=key,
        privileged=privileged,
        allows_escalation=escalation,
        host_namespaces=host,
        added_capabilities=() if isinstance(added, Unknown) else added,
        runs_as_root=as_root,
        root_is_explicit=as_root is True,
        read_only_root=_truth(own, "readOnlyRootFilesystem", False),
        grants=grants(
            privileged is True, escalation is True, host, () if isinstance(added, Unknown) else added, as_root is True
        ),
    )


def grants(
    privileged: bool, escalation: bool, host: tuple[str, ...], added: tuple[str, ...], as_root: bool
) -> tuple[str, ...]:
    """What a security context allows, in a manifest's words."""
    found = ["privileged"] if privileged else []
    if escalation and not privileged:
        found.append("allowPrivilegeEscalation is not false")
    found += host
    beyond = [one for one in added if one.removeprefix("CAP_") != "NET_BIND_SERVICE"]
    if beyond:
        found.append(f"capability {beyond[0]}" if len(beyond) == 1 else f"capabilities {', '.join(beyond)}")
    if as_root:
        found.append("runs as root")
    return tuple(found)


def container(
    node: Mapping,
    pod: Mapping,
    kind: str,
    workload: str,
    workload_kind: str,
    environment: str,
    key: str,
    **fields: object,
) -> Container:
    """The container as a subject. Its role, service and variables are joined by later stages."""
    name = tree.text(node, "name") or ""
    key = f"{key}/{name}"
    at = line_of(node, "name")
    image_text = tree.text(node, "image")
    image_at = tree.entry(node, "image")
    role = str(fields.get("role", "service"))
    found = probes(node, workload, name, key, role)
    by_kind = {one.kind: one for one in found}
    limits = fields.pop("limits", None)
    given = resources(node, key, limits if isinstance(limits, Mapping) else None)
    return Container(
        at=at,
        name=name,
        key=key,
        kind=kind,
        platform="kubernetes",
        workload=workload,
        workload_kind=workload_kind,
        environment=environment,
        image=references.image(image_text, line_of(node, "image"), key) if image_text and image_at else None,
        command=texts(tree.get(node, "command")),
        arguments=texts(tree.get(node, "args")),
        ports=ports(node, key),
        probes=found,
        liveness=by_kind.get("liveness"),
        readiness=by_kind.get("readiness"),
        resources=given,
        missing_resources=missing_resources(given),
        security=security(pod, node, at, key),
        **fields,  # type: ignore[arg-type]
    )


def _probe(found: tree.Entry, kind: str, workload: str, container: str, key: str, role: str) -> Probe:
    node = found.value
    mechanism, path, port = "exec", None, None
    if tree.entry(node, "httpGet") is not None:
        mechanism, path, port = "http", tree.text(node, "httpGet", "path") or "/", tree.value(node, "httpGet", "port")
    elif tree.entry(node, "grpc") is not None:
        mechanism, port = "grpc", tree.value(node, "grpc", "port")
    elif tree.entry(node, "tcpSocket") is not None:
        mechanism, port = "tcp", tree.value(node, "tcpSocket", "port")
    at = found.at
    http = tree.get(node, "httpGet")
    if isinstance(http, Mapping) and tree.entry(http, "path") is not None:
        at = line_of(http, "path")
    return Probe(
        at=at,
        name=f"{kind} probe of {container}",
        key=f"{key}/{kind}",
        kind=kind,
        mechanism=mechanism,
        workload=workload,
        container=container,
        role=role,
        path=path,
        port=port if isinstance(port, (int, str)) and not isinstance(port, bool) else UNKNOWN,
        command=" ".join(tree.text(one) or "" for one in tree.items(node, "exec", "command")) or None,
    )


def _truth(node: Node | None, key: str, default: bool) -> Truth:
    found = tree.get(node, key)
    if found is None:
        return default
    value = tree.value(found)
    if value is None and isinstance(found, tree.Scalar):
        return default
    return value if isinstance(value, bool) else UNKNOWN


def _first(own: Node | None, shared: Node | None, key: str) -> Node | None:
    for node in (own, shared):
        found = tree.get(node, key)
        if found is not None:
            return found
    return None
