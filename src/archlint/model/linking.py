"""Which Dockerfile of the workspace builds the image that a container runs.

In come containers and image builds; out goes a build or None. Evidence, strongest first: the compose file names the
Dockerfile; compose or skaffold names the image; the image's own name is the build's directory, up to words that say
nothing (``orders-service``, ``shop-orders``); the workload's name is; the only Dockerfile beside the manifest. Where
two builds fit equally, none is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from archlint.core import tree
from archlint.core.system.workloads import Container, ImageBuild
from archlint.core.values import is_unknown
from archlint.model.deployment.compose import compose_nodes
from archlint.model.deployment.images import composed_build, directory_name
from archlint.model.deployment.references import last_part
from archlint.model.draft import Draft
from archlint.model.paths import join, names, parent, words

FILLERS = names(
    "service services svc srv server app application image img api ms microservice microservices container "
    "deployment deploy python py prod production pod main k8s latest"
)
_MANIFEST_FOLDERS = names(
    "manifests manifest k8s kubernetes kube deploy deployment deployments helm chart templates yaml yamls infra"
)


def normal(name: str) -> str:
    """A name without separators, repeated words (a release and a chart of one name) and words that say nothing; the
    whole name where nothing else is left."""
    parts = tuple(dict.fromkeys(words(name)))
    kept = [part for part in parts if part not in FILLERS]
    joined = "".join(kept) or "".join(parts)
    for ending in ("service", "svc", "server", "api", "app"):
        if joined.endswith(ending) and len(joined) > len(ending) + 2:
            return joined[: -len(ending)]
    return joined


def link_builds(draft: Draft) -> dict[Container, ImageBuild]:
    """The build of each container that runs an image of this workspace."""
    builds = draft.images
    by_path = {build.path: build for build in builds}
    by_image: dict[str, list[ImageBuild]] = {}
    by_name: dict[str, list[ImageBuild]] = {}
    for build in builds:
        for repository in build.images:
            by_image.setdefault(repository, []).append(build)
        for name in build_names(build):
            by_name.setdefault(normal(name), []).append(build)
    result: dict[Container, ImageBuild] = {}
    rest: list[Container] = []
    for container in draft.containers:
        if container.platform == "compose":
            composed = _composed(draft, container, by_path)
            if composed is not None:
                result[container] = composed
                image = last_part(container.image.repository) if container.image else container.name
                for name in (container.name, image):
                    by_name.setdefault(normal(name), []).append(composed)
                continue
        rest.append(container)
    remaining: list[Container] = []
    for container in rest:
        fitting = _by_image(container, by_image, by_name)
        if fitting is not None:
            result[container] = fitting
        else:
            remaining.append(container)
    result.update(_by_place(remaining, builds))
    return result


def build_names(build: ImageBuild) -> tuple[str, ...]:
    """The names that an image of this build may go by: its directory's, its file's, its declared images'."""
    file_name = build.path.rpartition("/")[2]
    lowered = file_name.lower()
    own = lowered.removeprefix("dockerfile").strip(".-_") or ""
    if lowered.endswith(".dockerfile"):
        own = lowered.removesuffix(".dockerfile")
    names = [last_part(one) for one in build.images]
    directory = directory_name(parent(build.path))
    if own:
        names.append(own)
    elif directory:
        names.append(directory)
    return tuple(dict.fromkeys(names))


def _composed(draft: Draft, container: Container, by_path: Mapping[str, ImageBuild]) -> ImageBuild | None:
    node, _ = compose_nodes(draft)[container]
    found = tree.get(node, "build")
    if found is None:
        return None
    directory = parent(found.at.path)
    built = composed_build(directory, found, by_path)
    if built is None:
        return None
    return by_path.get(built[1]) or by_path.get(join(directory, tree.text(found, "dockerfile") or "Dockerfile") or "")


def _by_image(
    container: Container, by_image: Mapping[str, Sequence[ImageBuild]], by_name: Mapping[str, Sequence[ImageBuild]]
) -> ImageBuild | None:
    image = container.image
    if image is None:
        return None
    exact = _only(by_image.get(image.repository, ()))
    if exact is not None:
        return exact
    if container.role not in ("service", "job", "test-tool"):
        return None
    name = last_part(image.repository)
    if "$" in name or "{" in name:
        name = container.workload
    found = _only(by_name.get(normal(name), ()))
    if found is not None:
        return found
    parts = [part for part in words(name) if part not in FILLERS]
    for length in range(len(parts) - 1, 0, -1):
        for some in (parts[-length:], parts[:length]):
            found = _only(by_name.get(normal("-".join(some)), ()))
            if found is not None and len("".join(some)) > 2:
                return found
    if container.kind == "app":
        return _only(by_name.get(normal(container.workload), ()))
    return None


def _only(builds: Iterable[ImageBuild]) -> ImageBuild | None:
    """The one build, or the production one of several that differ in that only."""
    found = list(dict.fromkeys(builds))
    if len(found) > 1:
        plain = [build for build in found if build.path.rpartition("/")[2].lower() == "dockerfile"]
        found = plain if len(plain) == 1 else [build for build in found if build.is_production]
    return found[0] if len(found) == 1 else None


def _by_place(containers: Sequence[Container], builds: Sequence[ImageBuild]) -> list[tuple[Container, ImageBuild]]:
    by_directory: dict[str, list[ImageBuild]] = {}
    for build in builds:
        by_directory.setdefault(parent(build.path), []).append(build)
    wanted: dict[ImageBuild, list[Container]] = {}
    for container in containers:
        if container.platform != "kubernetes" or container.kind != "app" or container.image is None:
            continue
        if container.role not in ("service", "job") or is_unknown(container.image.tag):
            continue
        directory = parent(container.at.path)
        while directory not in by_directory and directory.rpartition("/")[2].lower() in _MANIFEST_FOLDERS:
            directory = parent(directory)
        near = by_directory.get(directory, [])
        own_words = set(words(container.image.repository)) | set(words(container.workload))
        special = [build for build in near if (set(words(build.path.rpartition("/")[2])) - {"dockerfile"}) & own_words]
        plain = [build for build in near if build.path.rpartition("/")[2].lower() == "dockerfile"]
        chosen = special if len(special) == 1 else plain
        if len(chosen) == 1:
            wanted.setdefault(chosen[0], []).append(container)
    result = []
    for build, found in wanted.items():
        repositories = {container.image.repository for container in found if container.image is not None}
        if len(repositories) == 1:
            result += [(container, build) for container in found]
    return result
