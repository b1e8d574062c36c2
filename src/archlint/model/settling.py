"""What is known of containers and images only when builds and services are: roles, users, production, replaced tags.

In comes the draft with its links between containers and builds; fields of those subjects are filled in.
"""

from __future__ import annotations

from archlint.core import tree
from archlint.core.facts.documents import HelmChart, HelmTemplate, SkaffoldConfig
from archlint.core.system import link
from archlint.core.system.workloads import Container, ImageBuild
from archlint.model.deployment import known_images
from archlint.model.deployment.images import directory_name, user_kind
from archlint.model.deployment.references import parse
from archlint.model.deployment.roles import is_test_tool
from archlint.model.draft import Draft
from archlint.model.linking import normal
from archlint.model.paths import names, parent
from archlint.model.service_evidence import Sources

_PUBLIC = names("wordpress ghost drupal joomla nextcloud odoo redmine mediawiki gitea sonarqube tomcat jetty")
"""Official images of whole applications: a workload that is called like one of them did not build it."""


def settle_roles(draft: Draft, built: dict[Container, ImageBuild], sources: Sources) -> None:
    """A build that only configures a public image (its base is one and there is no source) plays that image's part."""
    for container, build in built.items():
        link(container, build=build)
        base = build.base if isinstance(build.base, str) else ""
        found = known_images.find(parse(base).repository)
        if found is not None and container.role == "service" and found.role not in ("infrastructure", "test-tool"):
            is_bare = not sources.has_source(parent(build.path)) and build.stages == 1
            if is_bare or found.role in ("datastore", "broker", "observability"):
                link(container, role=found.role)
        if found is not None and found.role == "test-tool" and container.role == "service":
            link(container, role="test-tool")
        if container.role == "service" and is_test_tool(parent(build.path).rpartition("/")[2]):
            link(container, role="test-tool")


def settle_strangers(draft: Draft, built: dict[Container, ImageBuild]) -> None:
    """Where an environment's other images are built here, one from another publisher is no service of this system.

    A publisher is what stands before an image's own name. With nothing built here, nobody can tell them apart.
    """
    publishers: dict[str, set[str]] = {}
    for container in built:
        publishers.setdefault(container.environment, set()).add(_publisher(container))
    given = {image for config in draft.config.services.values() for image in (*config.images, *config.workloads)}
    for container in draft.containers:
        known_here = publishers.get(container.environment)
        if known_here is None or container in built or container.role != "service" or container.image is None:
            continue
        is_ours = _publisher(container) in known_here or {container.image.repository, container.workload} & given
        if not is_ours and "/" in container.image.repository:
            link(container, role="infrastructure")


def _publisher(container: Container) -> str:
    return container.image.repository.rpartition("/")[0] if container.image is not None else ""


def settle_user(container: Container) -> None:
    """Whether root runs the container, where its manifest leaves that to the image."""
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


def settle_production(draft: Draft) -> None:
    """Compose files are not production where manifests or charts deploy the same services; one with infrastructure
    alone, where manifests deploy all of it."""
    deployed = {
        container.service
        for container in draft.containers
        if container.platform != "compose" and container.service is not None and container.is_production
    }
    images = {
        container.image.repository
        for container in draft.containers
        if container.platform != "compose" and container.image is not None and container.is_production
    }
    charts = {normal(one.name) for one in draft.index.of(HelmChart)}
    charts |= {normal(one.at.path.rpartition("/")[2].rpartition(".")[0]) for one in draft.index.of(HelmTemplate)}
    charts -= {normal(one) for one in ("deployment", "service", "ingress", "configmap", "NOTES", "_helpers", "hpa")}
    for environment in draft.environments:
        if environment.kind != "compose" or not environment.is_production:
            continue
        inside = [one for one in draft.workloads if one.environment == environment.name and one.platform == "compose"]
        business = {one.service for one in inside if one.service is not None}
        own_images = {
            container.image.repository if container.image is not None else None
            for one in inside
            for container in one.containers
        }
        is_copy = not business and bool(own_images) and own_images <= images
        if is_copy or business & deployed or any(normal(one) in charts for one in business if one):
            link(environment, is_production=False)
            for workload in inside:
                link(workload, is_production=False)
                for container in workload.containers:
                    link(container, is_production=False)
                for network in workload.selected_by:
                    link(network, is_production=False)


def settle_loose_builds(draft: Draft) -> None:
    """A Dockerfile that makes no service and that no container runs ships nothing: a base image, a generator, a tool.

    With no service found at all, the Dockerfile is the only thing that is known to ship.
    """
    running = {container.build for container in draft.containers}
    for build in draft.images:
        if draft.services and build.service is None and build not in running:
            link(build, ships_build_tools=False)


def settle_images(draft: Draft) -> None:
    """What builds an image here, and whose tag is set at deployment: a bare name equal to a service of this system."""
    own = {service.name for service in draft.services} | {
        directory_name(service.directory) for service in draft.services if service.directory
    }
    skaffolded = {
        parse(text).repository
        for config in draft.index.of(SkaffoldConfig)
        for artifact in tree.items(config.tree, "build", "artifacts")
        if (text := tree.text(artifact, "image"))
    }
    for container in draft.containers:
        image = container.image
        if image is None:
            continue
        if container.build is not None:
            link(image, is_built_here=True)
        if image.tag is None and container.platform == "kubernetes":
            is_bare = "/" not in image.repository and image.repository in own - _PUBLIC
            if is_bare or image.repository in skaffolded:
                link(image, is_replaced=True)
