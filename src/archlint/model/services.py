"""Which business services there are, from evidence: configuration, images, entry points, workload names.

In come image builds, containers and source files; out go services, each one across all environments, linked with its
workloads, containers and images. Infrastructure (known public images, images that only configure one) is no service,
nor is a folder of Python that nothing starts.
"""

from __future__ import annotations

from archlint.core.span import start_of
from archlint.core.system import link
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, ImageBuild, Workload
from archlint.core.values import any_of
from archlint.model.deployment.images import directory_name
from archlint.model.deployment.references import last_part
from archlint.model.deployment.roles import is_test_tool
from archlint.model.draft import Draft
from archlint.model.linking import link_builds, normal
from archlint.model.paths import names, parent, words
from archlint.model.service_code import locate_code
from archlint.model.service_evidence import Candidate, Sources, find_candidates
from archlint.model.settling import settle_base_images, settle_images, settle_production, settle_roles, settle_user

_FRONT_WORDS = names("frontend front webui ui website webapp spa storefront")
_GATEWAY_WORDS = names("gateway apigateway gatewayservice bff ingress apigw")
_WORKER_WORDS = names("worker consumer beat celery scheduler relay")


def add_services(draft: Draft) -> None:
    """Add the services to the draft, and link containers, workloads and images with them."""
    built = link_builds(draft)
    sources = Sources(draft)
    settle_roles(draft, built, sources)
    candidates = find_candidates(draft, built, sources)
    taken: set[str] = set()
    services = []
    for one in candidates:
        name = _unique(one.name or _name(one), one.directory, taken)
        taken.add(name)
        service = _service(draft, name, one, sources)
        services.append((service, one))
        draft.add(service)
    _link(draft, services, built)
    locate_code(draft, services)
    settle_production(draft)
    settle_images(draft)
    settle_base_images(draft)


def _unique(name: str, directory: str | None, taken: set[str]) -> str:
    """The name, told apart from a service of the same name by the directory above, else by a number."""
    if name in taken and directory and parent(directory):
        name = f"{directory_name(parent(directory))}-{name}"
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


def _name(one: Candidate) -> str:
    own = directory_name(one.directory) if one.directory else None
    workloads = list(dict.fromkeys(container.workload for container in one.containers if container.role != "job"))
    for workload in workloads:
        if own is not None and normal(workload) == normal(own):
            return workload if len(workloads) == 1 else own
    manifests = list(
        dict.fromkeys(
            container.workload
            for container in one.containers
            if container.platform == "kubernetes" and container.role != "job"
        )
    )
    if len(manifests) == 1:
        return manifests[0]
    if len(workloads) == 1:
        return workloads[0]
    if own:
        return own
    if workloads:
        published = [item.workload for item in one.containers if item.ports]
        return (published or workloads)[0]
    images = [last_part(image) for build in one.builds for image in build.images]
    containers = [container.workload for container in one.containers]
    return (images or containers or ["application"])[0]


def _service(draft: Draft, name: str, one: Candidate, sources: Sources) -> Service:
    at = one.places[0].at if one.places else start_of(one.directory or ".")
    return Service(
        at=at,
        name=name,
        key=name,
        directory=one.directory,
        role=_role(draft, name, one),
        owner=draft.config.services[name].owner if name in draft.config.services else None,
        labels=draft.config.services[name].labels if name in draft.config.services else (),
        evidence=tuple(dict.fromkeys(one.places)),
    )


def _role(draft: Draft, name: str, one: Candidate) -> str:
    config = draft.config.services.get(name)
    if config is not None and config.role:
        return config.role
    parts = set(words(name)) | set(words(directory_name(one.directory or "")))
    roles = {container.role for container in one.containers if container.kind != "init"}
    if (
        roles == {"test-tool"}
        or is_test_tool(name)
        or (one.directory and is_test_tool(one.directory.rpartition("/")[2]))
    ):
        return "test-tool"
    if name in draft.config.gateways or parts & _GATEWAY_WORDS:
        return "gateway"
    if roles == {"job"}:
        return "job"
    if parts & _FRONT_WORDS:
        return "frontend"
    if parts & _WORKER_WORDS:
        return "worker"
    return "service"


def _link(draft: Draft, services: list[tuple[Service, Candidate]], built: dict[Container, ImageBuild]) -> None:
    workloads: dict[Container, Workload] = {item: one for one in draft.workloads for item in one.containers}
    for service, one in services:
        for container in one.containers:
            link(container, service=service.name)
            workload = workloads.get(container)
            if workload is not None and (workload.service is None or container.kind == "app"):
                link(workload, service=service.name, role=container.role)
            for probe in container.probes:
                link(probe, role=container.role)
        for build in one.builds:
            link(build, service=service.name)
        link(
            service,
            containers=tuple(one.containers),
            images=tuple(one.builds),
            workloads=tuple(dict.fromkeys(workloads[item] for item in one.containers if item in workloads)),
        )
        if one.containers:
            link(service, is_long_running=any_of(*(item.is_long_running for item in one.containers)))
    for container, build in built.items():
        if build.healthcheck is not None and container.liveness is None and container.platform == "compose":
            link(container, liveness=build.healthcheck, readiness=build.healthcheck)
    for container in draft.containers:
        settle_user(container)
