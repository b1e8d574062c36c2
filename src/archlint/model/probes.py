"""Whether the code behind a probe serves its path and port.

In: probes, containers, images and the routes of services that are read. Out: each probe's ``served``. A path is judged
only where every route of the service is resolved; a port only where the image's EXPOSE and the container's own ports
are both known and agree. Everything else stays UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archlint.core.record import dataclass, pattern
from archlint.core.system.base import link
from archlint.core.system.calls import Route
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, ImageBuild, Probe
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.routes import has_opaque_routes
from archlint.model.draft import Draft

_URL = pattern(r"https?://(?P<host>\[[^\]]*\]|[^\s:/\"'$]+)(?::(?P<port>\d+))?(?P<path>/[^\s\"'?#|&;)]*)?")
_ASKS = pattern(r"\b(curl|wget|http|urlopen|requests|httpx)\b")
_GIVEN_BY_FRAMEWORK = {
    "fastapi": ("/docs", "/redoc", "/openapi.json"),
    "ninja": ("/api/docs", "/api/openapi.json"),
    "sanic": ("/docs",),
}
_READ_FRAMEWORKS = frozenset(
    {"flask", "fastapi", "starlette", "quart", "sanic", "aiohttp", "bottle", "falcon", "tornado", "django", "nameko"}
)
_OTHER_SERVERS = pattern(r"\b(nginx|supervisord|caddy|envoy|apache2|httpd|haproxy)\b")
_PARAMETER = pattern(r"\{[^{}]*\}")


@dataclass(frozen=True)
class _Request:
    """What a probe asks for."""

    path: str | None
    port: int | str | None


@dataclass(frozen=True)
class _Answer:
    """Whether it is served, why not, and the places that say so."""

    served: Truth
    problem: str = ""
    related: tuple[Place, ...] = ()


def add_probe_service(draft: Draft) -> None:
    """Fill in whether probes are served."""
    builds = {image.service: image for image in reversed(draft.images) if image.service is not None}
    by_service = {service.name: service for service in draft.services}
    for container in draft.containers:
        service = by_service.get(container.service or "")
        for probe in container.probes:
            request = _request(probe, container)
            if request is not None:
                build = container.build or (builds.get(service.name) if service is not None else None)
                answer = _answer(draft, request, probe, container, service, build)
                link(probe, served=answer.served, problem=answer.problem, related=(*probe.related, *answer.related))


def routes_asked(probe: Probe, container: Container, service: Service) -> tuple[Route, ...]:
    """The routes of the service that may answer a probe over HTTP, an exact path before templates."""
    request = _request(probe, container)
    if request is None or request.path is None:
        return ()
    wanted = request.path.split("?", maxsplit=1)[0].rstrip("/") or "/"
    found = [
        one
        for one in service.routes
        if one.protocol == "http" and isinstance(one.path, str) and one.kind != "static" and _matches(one, wanted)
    ]
    return tuple(sorted(found, key=lambda one: "{" in str(one.path)))[:1]


def _request(probe: Probe, container: Container) -> _Request | None:
    if probe.mechanism == "http":
        return _Request(probe.path if isinstance(probe.path, str) else None, _port(probe))
    if probe.mechanism == "grpc":
        return _Request(None, _port(probe))
    if probe.command is None or not _ASKS.search(probe.command):
        return None
    match = _URL.search(probe.command)
    if match is None or not _is_own_host(match["host"].strip("[]"), container):
        return None
    if "$" in match[0] or probe.command[match.end() : match.end() + 1] in (":", "$", "{"):
        return None
    port = match["port"] or ("443" if match[0].startswith("https") else "80")
    return _Request(match["path"] or "/", int(port))


def _port(probe: Probe) -> int | str | None:
    return probe.port if isinstance(probe.port, int | str) else None


def _is_own_host(host: str, container: Container) -> bool:
    return host in ("localhost", "127.0.0.1", "0.0.0.0", "::1", container.name, container.workload)


def _answer(
    draft: Draft,
    request: _Request,
    probe: Probe,
    container: Container,
    service: Service | None,
    build: ImageBuild | None,
) -> _Answer:
    port = _port_served(request, container, build)
    if port.served is False:
        return port
    if service is None or not service.is_read or has_opaque_routes(draft, service.name):
        return _Answer(Unknown("its code or its routes are not read"))
    if _runs_another_server(container, build):
        return _Answer(Unknown("another server in the image answers too"))
    if probe.mechanism == "grpc":
        return _health_rpc(service)
    if request.path is None:
        return _Answer(Unknown("its path is not known"))
    return _path_served(request.path, service)


def _path_served(path: str, service: Service) -> _Answer:
    routes = [one for one in service.routes if one.protocol == "http"]
    if _is_offered(path, routes) or any(
        path.startswith(given) for name in service.frameworks for given in _GIVEN_BY_FRAMEWORK.get(name, ())
    ):
        return _Answer(True)
    if not routes or any(isinstance(one.path, Unknown) for one in routes):
        return _Answer(Unknown("not all routes of its code are resolved"))
    if not set(service.frameworks) <= _READ_FRAMEWORKS | {"grpc", "library"}:
        return _Answer(Unknown("a framework whose routes are not all read"))
    shown = ", ".join(sorted({str(one.path) for one in routes})[:6])
    places = tuple(Place(one.at, f"{service.name} serves {one.name}") for one in routes[:5])
    return _Answer(False, f"{service.name} serves no {path} (it serves {shown})", places)


def _is_offered(path: str, routes: Iterable[Route]) -> bool:
    wanted = path.split("?", maxsplit=1)[0].rstrip("/") or "/"
    return any(isinstance(one.path, str) and _matches(one, wanted) for one in routes)


def _matches(route: Route, wanted: str) -> bool:
    if route.methods and not {"GET", "HEAD"} & set(route.methods):
        return False
    template = str(route.path).rstrip("/") or "/"
    if route.kind == "static":
        return wanted.startswith(template.split("{")[0])
    if "{" not in template:
        return template == wanted
    literal = [re.escape(part) for part in _PARAMETER.split(template)]
    many = route.framework in ("starlette", "fastapi", "django", "tornado", "bottle", "flask")
    return re.fullmatch((".+" if many else "[^/]+").join(literal), wanted) is not None


def _health_rpc(service: Service) -> _Answer:
    if any(one.protocol == "grpc" and one.kind == "health" for one in service.routes):
        return _Answer(True)
    if any(one.protocol == "grpc" and isinstance(one.path, Unknown) for one in service.routes):
        return _Answer(Unknown("not all of its servicers are read"))
    servicers = [one for one in service.routes if one.protocol == "grpc"]
    if not servicers:
        return _Answer(Unknown("its servicers are not read"))
    places = tuple(Place(one.at, f"{service.name} serves {one.name}") for one in servicers[:3])
    return _Answer(False, f"{service.name} registers no gRPC health service", places)


def _port_served(request: _Request, container: Container, build: ImageBuild | None) -> _Answer:
    port = request.port
    if isinstance(port, str) and not port.isdigit():
        return _named_port(port, container)
    if port is None or build is None or not build.exposed_ports:
        return _Answer(Unknown("its port is not known"))
    number = int(port)
    declared = [one.number for one in container.ports]
    if not declared or any(isinstance(one, Unknown) for one in declared) or number in (*declared, *build.exposed_ports):
        return _Answer(Unknown("nothing says that the port is wrong"))
    if not set(declared) & set(build.exposed_ports) or _mentions(number, container, build):
        return _Answer(Unknown("nothing says that the port is wrong"))
    shown = ", ".join(str(one) for one in build.exposed_ports)
    places = tuple(Place(one.at, f"the container's port {one.number}") for one in container.ports)
    image = Place(build.at, f"the image's Dockerfile exposes {shown}")
    return _Answer(False, f"it asks port {number}, but the container listens on {shown}", (*places, image))


def _named_port(port: str, container: Container) -> _Answer:
    if container.platform != "kubernetes" or any(isinstance(one.number, Unknown) for one in container.ports):
        return _Answer(Unknown("its port is not known"))
    names = [one.port_name for one in container.ports if one.port_name]
    if port in names or "{" in port or "$" in port:
        return _Answer(Unknown("its port is a named one"))
    return _Answer(False, f"the container declares no port named {port}")


def _mentions(number: int, container: Container, build: ImageBuild) -> bool:
    """Whether a variable or the command names the port: the process may well listen on it."""
    wanted = re.compile(rf"(?<!\d){number}(?!\d)")
    values = [one.value for one in (*container.variables, *build.variables)]
    if any(isinstance(one, Unknown) for one in values):
        return True
    commands = (container.command, container.arguments, build.command)
    if any(isinstance(one, Unknown) for one in commands):
        return True
    words = [word for one in commands if isinstance(one, tuple) for word in one]
    return any(wanted.search(str(one)) for one in (*values, *words) if one is not None)


def _runs_another_server(container: Container, build: ImageBuild | None) -> bool:
    commands = [container.command, container.arguments, *([build.command] if build is not None else [])]
    words = " ".join(" ".join(one) for one in commands if isinstance(one, tuple))
    return _OTHER_SERVERS.search(words) is not None
