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
from archlint.model.deployment import known_images
from archlint.model.deployment.images import directory_name
from archlint.model.deployment.references import last_part, parse
from archlint.model.deployment.roles import is_test_tool
from archlint.model.draft import Draft
from archlint.model.linking import link_builds, normal
from archlint.model.paths import names, parent, words
from archlint.model.service_code import locate_code
from archlint.model.service_evidence import Candidate, Sources, find_candidates
from archlint.model.settling import (
    settle_images,
    settle_loose_builds,
    settle_production,
    settle_roles,
    settle_strangers,
    settle_user,
)

_FRONT_WORDS = names("frontend front webui ui website webapp spa storefront")
_GATEWAY_WORDS = names("gateway apigateway gatewayservice bff ingress apigw")
_WORKER_WORDS = names("worker consumer beat celery scheduler relay")


def add_services(draft: Draft) -> None:
    """Add the services to the draft, and link containers, workloads and images with them."""
    built = link_builds(draft)
    sources = Sources(draft)
    settle_roles(draft, built, sources)
    settle_strangers(draft, built)
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
    settle_loose_builds(draft)


def _unique(name: str, directory: str | None, taken: set[str]) -> str:
    """The name, told apart from a service of the same name by the directory above, else by a number."""
    if name in taken and directory and parent(directory):
        own = directory_name(directory)
        name = own if own not in taken else f"{directory_name(parent(directory))}-{name}"
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found


def _name(one: Candidate) -> str:
    """The directory's name where a manifest agrees with it; else the one workload's, which says more than ``ch14``."""
    own = directory_name(one.directory) if one.directory else None
    running = [container for container in one.containers if container.role != "job"] or one.containers
    called = {normal(name) for item in running for name in (item.workload, item.name)}
    called |= {normal(last_part(item.image.repository)) for item in running if item.image is not None}
    workloads = list(dict.fromkeys(item.workload for item in running))
    if own is not None and normal(own) in called:
        return _once(workloads[0]) if len(workloads) == 1 and normal(workloads[0]) == normal(own) else own
    manifests = list(dict.fromkeys(item.workload for item in running if item.platform == "kubernetes"))
    for names_ in (manifests, workloads):
        if len(names_) == 1:
            return _once(names_[0])
    if own:
        return own
    published = [item.workload for item in running if item.ports]
    images = [last_part(image) for build in one.builds for image in build.images]
    return next(iter((*published, *workloads, *images)), "application")


def _once(name: str) -> str:
    """``orders`` for ``orders-orders``: a chart that puts its own name behind that of its release."""
    half = len(name) // 2
    return name[:half] if half and name == f"{name[:half]}-{name[:half]}" else name


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
    if parts & _FRONT_WORDS or any(_serves_files(build) for build in one.builds):
        return "frontend"
    if parts & _WORKER_WORDS:
        return "worker"
    return "service"


def _serves_files(build: ImageBuild) -> bool:
    """Whether the image is a web server with files in it: a front end that was built before."""
    base = known_images.find(parse(build.base).repository) if isinstance(build.base, str) else None
    return base is not None and base.role == "gateway"


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
