"""Which business services there are, from evidence: configuration, images, entry points, workload names.

In come image builds, containers and source files; out go services, each one across all environments, linked with its
workloads, containers and images. Infrastructure (known public images, images that only configure one) is no service, nor
is a folder of Python that nothing starts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from archlint.core.facts.documents import HelmChart, HelmTemplate, OtherSource
from archlint.core.facts.python import PythonModule, PythonRequirement
from archlint.core.span import Span, start_of
from archlint.core.system import link
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, ImageBuild, Workload
from archlint.core.values import Place, any_of
from archlint.model.deployment import known_images
from archlint.model.deployment.images import directory_name, user_kind
from archlint.model.deployment.references import last_part, parse
from archlint.model.deployment.roles import is_test_tool
from archlint.model.draft import Draft
from archlint.model.linking import link_builds, normal
from archlint.model.paths import is_below, is_own_source, parent, words
from archlint.model.production import APPLICATIONS, entry_points, is_production

_STRUCTURAL = frozenset(["src", "app", "docker", "build", "deploy", "deployment", "image", "code", "source", "dockerfiles"])
_ENTRY_NAMES = frozenset(["main.py", "app.py", "server.py", "worker.py", "consumer.py", "wsgi.py", "asgi.py", "manage.py", "service.py", "__main__.py"])
_FRONT_WORDS = frozenset(["frontend", "front", "webui", "ui", "website", "webapp", "spa", "storefront"])
_GATEWAY_WORDS = frozenset(["gateway", "apigateway", "gatewayservice", "bff", "ingress", "apigw"])
_WORKER_WORDS = frozenset(["worker", "consumer", "beat", "celery", "scheduler", "relay"])


@dataclass
class _Candidate:
    directory: str | None
    builds: list[ImageBuild] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    name: str | None = None
    places: list[Place] = field(default_factory=list)


def add_services(draft: Draft) -> None:
    """Add the services to the draft, and link containers, workloads and images with them."""
    built = link_builds(draft)
    sources = _Sources(draft)
    _settle_roles(draft, built, sources)
    candidates = _candidates(draft, built, sources)
    taken: set[str] = set()
    services = []
    for one in candidates:
        name = one.name or _name(one)
        while name in taken:
            name = f"{directory_name(parent(one.directory))}-{name}" if one.directory and parent(one.directory) and (
                f"{directory_name(parent(one.directory))}-{name}" not in taken
            ) else f"{name}-2"
        taken.add(name)
        service = _service(draft, name, one, sources)
        services.append((service, one))
        draft.add(service)
    _link(draft, services, built)
    for service, one in services:
        _locate(draft, service, one)
    _settle_production(draft)
    _settle_images(draft)
    _settle_base_images(draft)


class _Sources:
    """Source files by directory: what there is to read, and in which language."""

    def __init__(self, draft: Draft) -> None:
        self.python: list[str] = []
        self.other: list[tuple[str, str]] = []
        self.applications: dict[str, PythonModule] = {}
        for module in draft.index.of(PythonModule):
            path = module.at.path
            if not is_own_source(path) or not is_production(path, draft.config):
                continue
            self.python.append(path)
            if _is_application(module):
                self.applications[path] = module
        for fact in draft.index.of(OtherSource):
            if is_own_source(fact.at.path):
                self.other.append((fact.at.path, fact.language))
        self.required = {parent(one.at.path) for one in draft.index.of(PythonRequirement)}
        self.directories: Counter[str] = Counter()
        for path in (*self.python, *(path for path, _ in self.other)):
            directory = parent(path)
            while True:
                self.directories[directory] += 1
                if not directory:
                    break
                directory = parent(directory)

    def has_source(self, directory: str) -> bool:
        """Whether any source file lies below."""
        return self.directories[directory] > 0


def _is_application(module: PythonModule) -> bool:
    if any(call.name in APPLICATIONS for call in module.calls):
        return True
    return any(one.module.split(".")[0] == "nameko" and one.name in ("rpc", "http", "event_handler") for one in module.imports) or any(
        one.module in ("nameko.rpc", "nameko.web.handlers", "nameko.events") for one in module.imports
    )


def _settle_roles(draft: Draft, built: dict[Container, ImageBuild], sources: _Sources) -> None:
    """A build that only configures a public image (its base is one and there is no source) plays that image's part."""
    for container, build in built.items():
        link(container, build=build)
        base = build.base if isinstance(build.base, str) else ""
        found = known_images.find(parse(base).repository)
        if found is not None and container.role == "service" and found.role not in ("infrastructure", "test-tool"):
            directory = parent(build.path)
            if not sources.has_source(directory) and build.stages == 1:
                link(container, role=found.role)
        if found is not None and found.role == "test-tool" and container.role == "service":
            link(container, role="test-tool")
        if container.role == "service" and is_test_tool(parent(build.path).rpartition("/")[2]):
            link(container, role="test-tool")


def _candidates(draft: Draft, built: dict[Container, ImageBuild], sources: _Sources) -> list[_Candidate]:
    by_directory: dict[str, _Candidate] = {}
    builds = [one for one in draft.images]
    directories = {parent(build.path) for build in builds}
    containers_of: dict[ImageBuild, list[Container]] = {}
    for container, build in built.items():
        containers_of.setdefault(build, []).append(container)
    bases = _base_images(builds)

    for name, config in draft.config.services.items():
        if config.path is not None:
            directory = config.path.strip("/")
            by_directory[directory] = _Candidate(directory, name=name)

    for build in builds:
        running = [one for one in containers_of.get(build, ()) if one.role in ("service", "job", "test-tool")]
        if containers_of.get(build) and not running:
            continue
        directory = _service_directory(build, directories, sources)
        if not running and not _stands_alone(build, directory, sources, bases, directories):
            continue
        candidate = by_directory.setdefault(directory, _Candidate(directory))
        candidate.builds.append(build)
        candidate.containers += running
        candidate.places.append(Place(build.at, "builds its image"))

    for path, module in sorted(sources.applications.items()):
        if any(directory and is_below(path, directory) for directory in by_directory):
            continue
        if "" in by_directory and by_directory[""].builds:
            continue
        directory = _root_of(path, sources, draft)
        if directory is not None:
            candidate = by_directory.setdefault(directory, _Candidate(directory))
            candidate.places.append(Place(module.main or start_of(path), "an entry point"))

    result = list(by_directory.values())
    _add_unbuilt(draft, built, result, sources)
    return [one for one in result if one.name not in draft.config.libraries]


def _base_images(builds: list[ImageBuild]) -> set[str]:
    return {normal(last_part(parse(build.base).repository)) for build in builds if isinstance(build.base, str)}


def _stands_alone(
    build: ImageBuild, directory: str, sources: _Sources, bases: set[str], directories: set[str]
) -> bool:
    """Whether a Dockerfile that no manifest runs still makes a service: it packs source of its own, and is no base image."""
    if not build.is_production or not sources.has_source(directory):
        return False
    if any(other != directory and is_below(other, directory) for other in directories):
        return False
    base = known_images.find(parse(build.base).repository) if isinstance(build.base, str) else None
    if base is not None and base.role in ("datastore", "broker", "observability"):
        return False
    return normal(directory_name(directory)) not in bases or any(is_below(path, directory) for path in sources.applications)


def _service_directory(build: ImageBuild, directories: set[str], sources: _Sources) -> str:
    """The directory of the source that the Dockerfile packs: its own, climbing out of ``src`` and the like."""
    directory = parent(build.path)
    if not sources.has_source(directory) and build.context != directory and sources.has_source(build.context):
        below = [one for one in directories if one != build.context and is_below(one, build.context)]
        if len(below) <= 1:
            directory = build.context
    while directory and directory.rpartition("/")[2].lower() in _STRUCTURAL and parent(directory):
        above = parent(directory)
        if any(other != directory and is_below(other, above) and not is_below(other, directory) for other in directories):
            break
        directory = above
    return directory


def _root_of(path: str, sources: _Sources, draft: Draft) -> str | None:
    """The root of a service that has no Dockerfile: the nearest directory upward with its own requirements."""
    directory = parent(path)
    outermost = directory
    packages = {parent(module.path) for module in draft.program.modules.values() if module.facts.is_package}
    while outermost in packages and parent(outermost) != outermost:
        outermost = parent(outermost)
    current = directory
    while True:
        if current in sources.required:
            below = {
                one[len(current) + 1 if current else 0 :].partition("/")[0]
                for one in sources.applications
                if is_below(one, current) and parent(one) != current
            }
            if len(below) > 1 and parent(path) != current and current == "":
                top = path[len(current) + 1 if current else 0 :].partition("/")[0]
                return f"{current}/{top}" if current else top
            return current
        if not current:
            break
        current = parent(current)
    return outermost


def _add_unbuilt(
    draft: Draft, built: dict[Container, ImageBuild], result: list[_Candidate], sources: _Sources
) -> None:
    """Containers whose image is built elsewhere: of a service known by name, or of one whose source is not in the scan."""
    by_name: dict[str, _Candidate] = {}
    for one in result:
        for name in _names(one):
            by_name.setdefault(normal(name), one)
    configured = {
        image: name for name, config in draft.config.services.items() for image in config.images
    } | {workload: name for name, config in draft.config.services.items() for workload in config.workloads}
    for container in draft.containers:
        if container in built or container.role not in ("service", "job", "test-tool") or container.kind == "init":
            continue
        image = last_part(container.image.repository) if container.image else ""
        given = configured.get(container.image.repository if container.image else "") or configured.get(container.workload)
        names = [one for one in (given, image, container.workload, container.name) if one]
        candidate = next((by_name[normal(one)] for one in names if normal(one) in by_name), None)
        if candidate is None:
            if container.role == "job" or (container.kind == "sidecar" and not given):
                continue
            candidate = _Candidate(None, name=given)
            result.append(candidate)
            for one in names[:3]:
                by_name.setdefault(normal(one), candidate)
        candidate.containers.append(container)
        if not candidate.places:
            candidate.places.append(Place(container.at, "deploys it"))


def _names(one: _Candidate) -> list[str]:
    names = [one.name] if one.name else []
    if one.directory:
        names.append(directory_name(one.directory))
    names += [last_part(image) for build in one.builds for image in build.images]
    names += [container.workload for container in one.containers]
    return names


def _name(one: _Candidate) -> str:
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


def _service(draft: Draft, name: str, one: _Candidate, sources: _Sources) -> Service:
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


def _role(draft: Draft, name: str, one: _Candidate) -> str:
    config = draft.config.services.get(name)
    if config is not None and config.role:
        return config.role
    parts = set(words(name)) | set(words(directory_name(one.directory or "")))
    roles = {container.role for container in one.containers if container.kind != "init"}
    if roles == {"test-tool"} or is_test_tool(name) or (one.directory and is_test_tool(one.directory.rpartition("/")[2])):
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


def _link(draft: Draft, services: list[tuple[Service, _Candidate]], built: dict[Container, ImageBuild]) -> None:
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
        _settle_user(container)


def _settle_user(container: Container) -> None:
    security = container.security
    if security is None or isinstance(security.runs_as_root, bool):
        return
    if container.build is not None:
        as_root = user_kind(container.build.user, container.build.base)
        link(security, runs_as_root=as_root)
        return
    if container.image is not None:
        found = known_images.find(container.image.repository)
        if found is not None and found.user not in (None, "master-root"):
            link(security, runs_as_root=found.user == "root")


def _locate(draft: Draft, service: Service, one: _Candidate) -> None:
    """Find the service's languages and entry points: its own source only, not that of services below it."""
    if service.directory is None:
        return
    nested = [
        other.directory
        for other in draft.services
        if other is not service and other.directory and other.directory != service.directory
        and is_below(other.directory, service.directory)
    ]
    python = [
        path
        for path, module in draft.program.modules.items()
        if is_below(path, service.directory)
        and not any(is_below(path, each) for each in nested)
        and is_own_source(path)
        and is_production(path, draft.config)
    ]
    languages: Counter[str] = Counter()
    for fact in draft.index.of(OtherSource):
        path = fact.at.path
        if is_below(path, service.directory) and is_own_source(path) and not any(is_below(path, each) for each in nested):
            languages[fact.language] += 1
    others = sum(languages.values())
    if python:
        languages["Python"] = len(python)
    starts = entry_points(draft, service) if python else ()
    starts = tuple(path for path in starts if not any(is_below(path, each) for each in nested))
    places = [place for path in starts for place in _lines(draft.program.modules[path].facts)]
    is_python = bool(python) and (
        len(python) >= others or any(place.note != "" and "application" in place.note for place in places) or _python_base(one)
    )
    ordered = tuple(name for name, _ in languages.most_common())
    link(service, languages=ordered, is_read=is_python, entry_points=tuple(places))
    if is_python:
        link(service, at=_main_line(draft, python, places))


def _python_base(one: _Candidate) -> bool:
    return any(isinstance(build.base, str) and "python" in build.base for build in one.builds)


def _lines(module: PythonModule) -> list[Place]:
    found = [
        Place(_one_line(call.at), "makes the application") for call in module.calls if call.name in APPLICATIONS
    ]
    if module.main is not None:
        found.append(Place(_one_line(module.main), "starts here"))
    return found or [Place(start_of(module.at.path), "starts here")]


def _one_line(at: Span) -> Span:
    return Span(at.path, at.line, at.column, at.line, at.end_column if at.end_line == at.line else at.column + 1)


def _main_line(draft: Draft, python: list[str], places: list[Place]) -> Span:
    for place in places:
        if "application" in place.note:
            return place.at
    if places:
        return places[0].at
    named = [path for path in sorted(python, key=lambda one: (one.count("/"), one)) if path.rpartition("/")[2] in _ENTRY_NAMES]
    return start_of((named or sorted(python, key=lambda one: (one.count("/"), one)))[0])


def _settle_production(draft: Draft) -> None:
    """Compose files are not production where manifests or charts deploy the same services."""
    deployed = {
        container.service
        for container in draft.containers
        if container.platform != "compose" and container.service is not None and container.is_production
    }
    charts = {normal(one.name) for one in draft.index.of(HelmChart)}
    charts |= {normal(one.at.path.rpartition("/")[2].rpartition(".")[0]) for one in draft.index.of(HelmTemplate)}
    charts -= {normal(one) for one in ("deployment", "service", "ingress", "configmap", "NOTES", "_helpers", "hpa")}
    for environment in draft.environments:
        if environment.kind != "compose" or not environment.is_production:
            continue
        inside = [one for one in draft.workloads if one.environment == environment.name and one.platform == "compose"]
        business = {one.service for one in inside if one.service is not None}
        if business & deployed or any(normal(one) in charts for one in business if one):
            link(environment, is_production=False)
            for workload in inside:
                link(workload, is_production=False)
                for container in workload.containers:
                    link(container, is_production=False)
                for network in workload.selected_by:
                    link(network, is_production=False)


def _settle_base_images(draft: Draft) -> None:
    """A Dockerfile above others that no container runs makes base images: what it keeps ships with nothing by itself."""
    directories = {parent(build.path) for build in draft.images}
    running = {container.build for container in draft.containers}
    for build in draft.images:
        own = parent(build.path)
        if build.service is None and build not in running:
            if any(other != own and is_below(other, own) for other in directories):
                link(build, ships_build_tools=False)


def _settle_images(draft: Draft) -> None:
    """What builds an image here, and whose tag is set at deployment: a bare name equal to a service of this system."""
    names = {service.name for service in draft.services} | {
        directory_name(service.directory) for service in draft.services if service.directory
    }
    skaffolded = {repository for build in draft.images for repository in build.images}
    for container in draft.containers:
        image = container.image
        if image is None:
            continue
        if container.build is not None:
            link(image, is_built_here=True)
        if image.tag is None and container.platform == "kubernetes":
            is_bare = "/" not in image.repository and image.repository in names
            if is_bare or image.repository in skaffolded:
                link(image, is_replaced=True)
