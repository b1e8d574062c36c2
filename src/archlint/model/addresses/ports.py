"""Ports that something names of something else, and whether the other end has them.

In a cluster a call must use a port of the Service; in a compose network the port that the container itself listens on,
whatever the host publishes. Only what is known to be missing is reported as such.
"""

from __future__ import annotations

from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.workloads import Container, NetworkService, PortBinding, ServicePort
from archlint.core.values import UNKNOWN, Place, Truth, Unknown
from archlint.model.addresses.directory import offered_ports
from archlint.model.draft import Draft

_COMMAND_PORT = pattern(
    r"(?:--(?:port|http-port|server-port|listen-port)[= ]|(?:^| )-p[= ]?|(?:--bind|-b|--http|--host)[= ]\S*?:"
    r"|runserver \S*?:|runserver )(\d{2,5})\b"
)


def reference_exposed(service: NetworkService, port: int) -> Truth:
    """Whether something that is reached under the service's name has the port."""
    if service.platform == "compose":
        return _listens(service, port)
    if service.type == "ExternalName" or (not service.has_selector and not service.workloads):
        return UNKNOWN
    offered = offered_ports(service)
    return UNKNOWN if isinstance(offered, Unknown) else port in offered


def offered_texts(service: NetworkService) -> tuple[str, ...]:
    """The ports of a network service for people."""
    return tuple(dict.fromkeys(str(port.number) for port in service.ports if isinstance(port.number, int)))


def bind_reference(
    draft: Draft,
    at: Span,
    service: NetworkService,
    port: int,
    *,
    caller: str,
    is_production: bool = True,
    related: tuple[Place, ...] = (),
) -> None:
    """Add what a call or variable says about a port of the service."""
    draft.add(
        PortBinding(
            at=at,
            name=f"{service.name}:{port}",
            key=f"{service.environment}/{caller}/{service.name}:{port}",
            kind="reference",
            port=port,
            target=service.name,
            exposed=reference_exposed(service, port),
            offered=offered_texts(service),
            service=caller,
            environment=service.environment,
            is_production=is_production,
            related=(*related, Place(service.at, f"{service.name} is defined here")),
        )
    )


def add_target_ports(draft: Draft) -> None:
    """Add the target ports of every Service against the containers that it selects."""
    for service in draft.network_services:
        if service.platform != "kubernetes":
            continue
        for port in service.ports:
            target = port.target if port.target is not None else port.number
            if target is None or not service.workloads:
                continue
            draft.add(
                PortBinding(
                    at=port.at,
                    name=f"{service.name}:{target}",
                    key=f"{service.key}/{target}",
                    kind="target-port",
                    port=target,
                    target=", ".join(dict.fromkeys(one.name for one in service.workloads)),
                    exposed=_declared(service, port, target),
                    offered=_declared_ports(service),
                    service=f"Service {service.name}",
                    environment=service.environment,
                    related=tuple(Place(one.at, f"selected: {one.name}") for one in service.workloads),
                )
            )


def _declared(service: NetworkService, port: ServicePort, target: int | str | Unknown) -> Truth:
    if isinstance(target, Unknown):
        return UNKNOWN
    result: Truth = False
    for workload in service.workloads:
        containers = [one for one in workload.containers if one.kind != "init"]
        declared = [one for container in containers for one in container.ports]
        is_open = not declared or any(isinstance(one.number, Unknown) for one in declared)
        # What an image from elsewhere serves beyond what the manifest declares, it knows best: a broker's own ports.
        is_strange = any(one.build is None and one.role not in ("service", "job") for one in containers)
        if is_open or is_strange or workload.is_meshed is True:
            result = UNKNOWN if result is False else result
        if isinstance(target, str):
            if any(one.port_name == target for one in declared):
                return True
        elif any(one.number == target for one in declared) or any(_serves(one, target) for one in containers):
            return True
    return result


def _declared_ports(service: NetworkService) -> tuple[str, ...]:
    found = [
        f"{port.number} ({port.port_name})" if port.port_name else str(port.number)
        for workload in service.workloads
        for container in workload.containers
        if container.kind != "init"
        for port in container.ports
        if isinstance(port.number, int)
    ]
    return tuple(dict.fromkeys(found))


def _serves(container: Container, port: int) -> bool:
    """Whether the container's command, image or environment names the port as one it listens on."""
    if container.build is not None and port in container.build.exposed_ports:
        return True
    if port in command_ports(container):
        return True
    return any(
        one.name.upper().endswith("PORT") and one.value == str(port)
        for one in container.variables
        if one.value is not None
    )


def command_ports(container: Container) -> set[int]:
    """The ports that a container's command line says it listens on."""
    words: list[str] = []
    for part in (container.command, container.arguments):
        if not isinstance(part, Unknown):
            words += part
    if container.build is not None and not words and not isinstance(container.build.command, Unknown):
        words += container.build.command
    return {int(one) for one in _COMMAND_PORT.findall(" ".join(words))}


def _listens(service: NetworkService, port: int) -> Truth:
    """Whether a compose service listens on the port: by its published and exposed ports, its image and its command."""
    inside: set[int] = set()
    published: set[int] = set()
    is_own = False
    for workload in service.workloads:
        for container in workload.containers:
            is_own = is_own or container.role == "service"
            for one in container.ports:
                if isinstance(one.number, int):
                    inside.add(one.number)
                if one.host_port is not None:
                    published.add(one.host_port)
            if container.build is not None:
                inside.update(container.build.exposed_ports)
            inside |= command_ports(container)
            if _serves(container, port):
                return True
    if port in inside:
        return True
    if port in published and inside:
        return False
    return False if inside and is_own else UNKNOWN
