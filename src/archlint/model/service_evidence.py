"""Which directories and containers make a service: the evidence that ``services`` turns into subjects.

In come image builds, containers and source files; out come candidates, each with the directory of its source, the
images that pack it and the containers that run it. Strongest first: configuration, images, entry points, workloads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import field

from archlint.core.facts.documents import OtherSource
from archlint.core.facts.python import PythonModule
from archlint.core.facts.requirements import PythonRequirement
from archlint.core.record import dataclass
from archlint.core.span import Span, start_of
from archlint.core.system.workloads import Container, ImageBuild
from archlint.core.values import Place
from archlint.model.deployment import known_images
from archlint.model.deployment.images import directory_name
from archlint.model.deployment.references import last_part, parse
from archlint.model.draft import Draft
from archlint.model.linking import FILLERS, normal
from archlint.model.paths import is_below, is_own_source, names, parent, words
from archlint.model.production import is_production, makes_application

_OFFICIAL = names(
    "python node golang go java openjdk eclipse-temurin amazoncorretto ruby php rust swift elixir erlang haskell julia "
    "perl mono dart bun deno gradle maven alpine debian ubuntu fedora centos rockylinux busybox scratch nginx httpd "
    "caddy"
)
_COLLECTIONS = names("services microservices")
"""Folders whose folders are services."""
_LOOSE_COLLECTIONS = names("apps backend servers")
"""Folders whose folders are services where more than one of them makes an application."""
_STRUCTURAL = names("src app docker build deploy deployment image code source dockerfiles")


@dataclass
class Candidate:
    """What may be a service: ``places`` are its evidence, ``name`` is given only where configuration names it."""

    directory: str | None
    builds: list[ImageBuild] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    name: str | None = None
    places: list[Place] = field(default_factory=list)


class Sources:
    """Source files by directory: what there is to read, and in which language."""

    def __init__(self, draft: Draft) -> None:
        self.python: list[str] = []
        self.other: list[tuple[str, str]] = []
        self.applications: dict[str, PythonModule] = {}
        self.consuming: dict[str, Span] = {}
        for module in draft.index.of(PythonModule):
            path = module.at.path
            if not is_own_source(path) or not is_production(path, draft.config):
                continue
            self.python.append(path)
            if _is_application(module):
                self.applications[path] = module
            else:
                self.consuming.update(
                    (path, call.at)
                    for call in module.calls
                    if call.function is None and call.name.endswith(".start_consuming")
                )
        for fact in draft.index.of(OtherSource):
            if is_own_source(fact.at.path):
                self.other.append((fact.at.path, fact.language))
        self._by_name: dict[str, list[str]] | None = None
        self._folders: dict[str, set[str]] | None = None
        self.configuring: set[str] = set()
        self.required = {parent(one.at.path) for one in draft.index.of(PythonRequirement)}
        self.required |= {parent(path) for path in self.python if path.rpartition("/")[2] == "setup.py"}
        self.directories: Counter[str] = Counter()
        for path in (*self.python, *(path for path, _ in self.other)):
            directory = parent(path)
            while True:
                self.directories[directory] += 1
                if not directory:
                    break
                directory = parent(directory)

    def named(self, name: str, taken: Iterable[str]) -> str | None:
        """The one directory of source that is called so, outside those that are taken; of nested ones the outermost."""
        if self._by_name is None:
            self._by_name = {}
            for directory in sorted(self.directories, key=lambda one: (one.count("/"), one)):
                found = self._by_name.setdefault(normal(directory.rpartition("/")[2]), [])
                if not any(is_below(directory, one) for one in found):
                    found.append(directory)
        found = self._by_name.get(normal(name), [])
        if len(found) != 1 or not found[0] or any(is_below(found[0], one) or is_below(one, found[0]) for one in taken):
            return None
        return found[0]

    def folders_in(self, directory: str) -> set[str]:
        """The folders with source that lie directly in a directory."""
        if self._folders is None:
            self._folders = {}
            for one in self.directories:
                if one:
                    self._folders.setdefault(parent(one), set()).add(one)
        return self._folders.get(directory, set())

    def has_source(self, directory: str) -> bool:
        """Whether any source file lies below."""
        return self.directories[directory] > 0


def find_candidates(draft: Draft, built: dict[Container, ImageBuild], sources: Sources) -> list[Candidate]:
    """The candidates, those with a directory first."""
    by_directory: dict[str, Candidate] = {}
    builds = draft.images
    directories = {parent(build.path) for build in builds}
    sources.configuring = {parent(build.path) for build in builds if _configures(build, sources)}
    containers_of: dict[ImageBuild, list[Container]] = {}
    for container, build in built.items():
        containers_of.setdefault(build, []).append(container)
    bases = _base_images(builds)

    for name, config in draft.config.services.items():
        if config.path is not None:
            directory = config.path.strip("/")
            by_directory[directory] = Candidate(directory, name=name)

    for build in builds:
        running = [one for one in containers_of.get(build, ()) if one.role in ("service", "job", "test-tool")]
        if containers_of.get(build) and not running:
            continue
        directory = _service_directory(build, directories, sources)
        if not running and (
            _packs_one_of_many(build, sources) or not _stands_alone(build, directory, sources, bases, directories)
        ):
            continue
        candidate = by_directory.setdefault(directory, Candidate(directory))
        candidate.builds.append(build)
        candidate.containers += running
        candidate.places.append(Place(build.at, "builds its image"))

    for path, module in sorted(sources.applications.items()):
        if any(directory and is_below(path, directory) for directory in by_directory):
            continue
        if "" in by_directory and by_directory[""].builds:
            continue
        root = _own_folder(path, _root_of(path, sources, draft), sources)
        candidate = by_directory.setdefault(root, Candidate(root))
        candidate.places.append(Place(module.main or start_of(path), "an entry point"))
    _add_consuming(by_directory, sources)

    result = list(by_directory.values())
    _add_unbuilt(draft, built, result, sources)
    libraries = set(draft.config.libraries)
    return [
        one for one in result if not libraries & {one.name, one.directory, (one.directory or "").rpartition("/")[2]}
    ]


def _add_consuming(by_directory: dict[str, Candidate], sources: Sources) -> None:
    """Folders beside a service that has no Dockerfile either, whose module consumes a queue when it is loaded."""
    collections = {
        parent(directory)
        for directory, one in by_directory.items()
        if not one.builds and parent(directory).rpartition("/")[2].lower() in _COLLECTIONS
    }
    for path, at in sorted(sources.consuming.items()) if collections else ():
        member = next((one for one in _members(path) if parent(one) in collections), None)
        if member is not None and not any(one and is_below(path, one) for one in by_directory):
            by_directory[member] = Candidate(member, places=[Place(at, "an entry point")])


def _configures(build: ImageBuild, sources: Sources) -> bool:
    """Whether an image only sets up infrastructure: nothing but configuration lies beside its Dockerfile."""
    base = known_images.find(parse(build.base).repository) if isinstance(build.base, str) else None
    return base is not None and base.role != "infrastructure" and not sources.has_source(parent(build.path))


def _packs_one_of_many(build: ImageBuild, sources: Sources) -> bool:
    """Whether a build argument chooses which of several folders of source the image packs: it is no service itself."""
    folder = "/".join(one for one in (build.context, build.chosen_below) if one) if build.chosen_below else ""
    return bool(folder) and len(sources.folders_in(folder)) > 1


def _members(path: str) -> list[str]:
    """The folders above a file that lie directly in a folder of services, outermost first."""
    parts = path.split("/")[:-1]
    return [
        "/".join(parts[: place + 2])
        for place, part in enumerate(parts[:-1])
        if place < 3 and part.lower() in _COLLECTIONS | _LOOSE_COLLECTIONS
    ]


def _is_application(module: PythonModule) -> bool:
    if makes_application(module):
        return True
    return any(
        one.module.split(".")[0] == "nameko" and one.name in ("rpc", "http", "event_handler") for one in module.imports
    ) or any(one.module in ("nameko.rpc", "nameko.web.handlers", "nameko.events") for one in module.imports)


def _base_images(builds: list[ImageBuild]) -> set[str]:
    """The names of images that others are built on: not Docker's own, which no folder of that name builds."""
    repositories = {parse(build.base).repository for build in builds if isinstance(build.base, str)}
    return {normal(last_part(one)) for one in repositories if one not in _OFFICIAL}


def _stands_alone(build: ImageBuild, directory: str, sources: Sources, bases: set[str], directories: set[str]) -> bool:
    """Whether a Dockerfile that no manifest runs still makes a service: it packs source, and is no base image."""
    if not build.is_production or not sources.has_source(directory):
        return False
    own = {directory, parent(build.path)}
    if any(other not in own and is_below(other, directory) for other in directories):
        return False
    base = known_images.find(parse(build.base).repository) if isinstance(build.base, str) else None
    if base is not None and base.role in ("datastore", "broker", "observability"):
        return False
    return normal(directory_name(directory)) not in bases or any(
        is_below(path, directory) for path in sources.applications
    )


def _service_directory(build: ImageBuild, directories: set[str], sources: Sources) -> str:
    """The directory of the source that the Dockerfile packs: its own, climbing out of ``src`` and the like."""
    directory = parent(build.path)
    if not sources.has_source(directory) and build.context != directory and sources.has_source(build.context):
        own = directory.rpartition("/")[2]
        below = {
            own if one.rpartition("/")[2] == own and not sources.has_source(one) else one
            for one in directories
            if one != build.context and is_below(one, build.context) and one not in sources.configuring
        }
        if (
            len(below) <= 1
        ):  # the same image for development and production is one: compose/local/django, …/production/…
            directory = build.context
    while directory and directory.rpartition("/")[2].lower() in _STRUCTURAL and parent(directory):
        above = parent(directory)
        if any(
            other != directory and is_below(other, above) and not is_below(other, directory) for other in directories
        ):
            break
        directory = above
    return directory


def _own_folder(path: str, root: str, sources: Sources) -> str:
    """The service's folder in a folder of services where the root that was found lies above it."""
    for member in _members(path):
        collection = parent(member)
        if root and not is_below(collection, root) and collection != root:
            continue
        others = sources.folders_in(collection)
        if collection.rpartition("/")[2].lower() in _LOOSE_COLLECTIONS:
            others = others & {each for one in sources.applications for each in _members(one)}
        if len(others) > 1:
            return member
    return root


def _root_of(path: str, sources: Sources, draft: Draft) -> str:
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
                one.removeprefix(current).lstrip("/").partition("/")[0]
                for one in sources.applications
                if is_below(one, current) and parent(one) != current
            }
            if len(below) > 1 and parent(path) != current and current == "":
                return path.partition("/")[0]
            return current
        if not current:
            break
        current = parent(current)
    return outermost


def _add_unbuilt(draft: Draft, built: dict[Container, ImageBuild], result: list[Candidate], sources: Sources) -> None:
    """Containers whose image is built elsewhere: of a service known by name, or of one whose source is not here."""
    by_name: dict[str, Candidate] = {}
    for one in result:
        for each in _names(one):
            by_name.setdefault(normal(each), one)
    configured = {image: name for name, config in draft.config.services.items() for image in config.images} | {
        workload: name for name, config in draft.config.services.items() for workload in config.workloads
    }
    for container in draft.containers:
        if container in built or container.role not in ("service", "job", "test-tool") or container.kind == "init":
            continue
        image = last_part(container.image.repository) if container.image else ""
        given = configured.get(container.image.repository if container.image else "") or configured.get(
            container.workload
        )
        names = [one for one in (given, image if _says_something(image) else None, container.workload) if one]
        candidate = next((by_name[normal(one)] for one in names if normal(one) in by_name), None)
        if candidate is None:
            if container.role == "job" or (container.kind == "sidecar" and not given):
                continue
            if not given and container.at.path.startswith("."):
                continue
            directories = [one.directory for one in result if one.directory is not None]
            is_named = container.role != "test-tool" and _says_something(container.workload)
            candidate = Candidate(sources.named(container.workload, directories) if is_named else None, name=given)
            result.append(candidate)
            for each in names:
                by_name.setdefault(normal(each), candidate)
        candidate.containers.append(container)
        if not candidate.places:
            candidate.places.append(Place(container.at, "deploys it"))


def _names(one: Candidate) -> list[str]:
    names = [one.name] if one.name else []
    if one.directory:
        names.append(directory_name(one.directory))
    names += [last_part(image) for build in one.builds for image in build.images]
    names += [container.workload for container in one.containers]
    return names


def _says_something(name: str) -> bool:
    """Whether an image's name tells services apart: ``api`` and ``server`` do not."""
    return any(word not in FILLERS for word in words(name))
