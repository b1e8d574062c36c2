"""What answers the services' liveness probes, and whether it asks others.

In: probes, routes, gRPC servicers and the call graph. Out: a ``LivenessCheck`` for each handler, script or command that
a liveness probe runs, and for each route that calls itself live and that no other probe asks. A compose health check is
no liveness probe: nothing restarts what it finds unhealthy.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from archlint.core.facts.python import PythonCall, PythonFunction
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span, start_of
from archlint.core.system.calls import Route
from archlint.core.system.services import Service
from archlint.core.system.workloads import Container, LivenessCheck, Probe
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.datastores.touching import Touching
from archlint.model.code.objects import class_of, methods_of
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.probes import routes_asked
from archlint.model.program.program import Module

_LIVE_PATH = pattern(
    r"(?i)(?:.*/)?(?:livez|liveness|live(?:ness)?[-_](?:check|probe)|(?:healthz?|health[-_]?check|probes?)/a?live)/?"
)
_GRPC_TOOL = pattern(r"\bgrpc[-_]health[-_]probe\b")
_STORE_TOOL = pattern(
    r"\b(?P<tool>pg_isready|psql|mysqladmin|mysql|redis-cli|mongosh?)\b[^|;&]*?(?:\s-h[= ]?|--host[= ]|\s-u\s+rediss?://)"
    r"(?P<host>[\w.${}:-]+)"
)
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})
_DEPTH = 5


@dataclass(frozen=True, eq=False)
class _Answer:
    """What runs when the probe asks: a function, or the calls of a script."""

    at: Span
    name: str
    calls: tuple[tuple[PythonCall, Module], ...]


def add_liveness_checks(draft: Draft) -> None:
    """Add them to the draft."""
    touching = Touching(draft)
    found: dict[tuple[str, Span], LivenessCheck] = {}
    asked: set[tuple[str, str]] = set()
    for container in draft.containers:
        service = draft.service(container.service)
        if service is None:
            continue
        for probe in container.probes:
            for route in routes_asked(probe, container, service):
                asked.add((service.name, route.key))
            if probe.kind == "liveness":
                for one in _of_probe(draft, touching, probe, container, service):
                    found.setdefault((service.name, one.at), one)
    for service in draft.services:
        for route in service.routes:
            if (
                route.protocol == "http"
                and isinstance(route.path, str)
                and (service.name, route.key) not in asked
                and _LIVE_PATH.fullmatch(route.path)
            ):
                answer = _of_route(draft, route)
                if answer is not None:
                    one = _check(draft, touching, answer, service, "whoever asks whether it is alive", ())
                    found.setdefault((service.name, one.at), one)
    draft.add(*found.values())


def _of_probe(
    draft: Draft, touching: Touching, probe: Probe, container: Container, service: Service
) -> Iterator[LivenessCheck]:
    asks = f"the liveness probe of {container.workload}"
    places = (Place(probe.at, "the liveness probe"),)
    if probe.command is not None:
        match = _STORE_TOOL.search(probe.command)
        if match and match["host"].partition(":")[0] not in _OWN_HOSTS:
            yield LivenessCheck(
                at=probe.at,
                name=f"{match['tool']} in {container.workload}",
                key=f"{service.name} {container.workload} {match['tool']}",
                service=service.name,
                handler=match["tool"],
                probe=asks,
                touches_dependencies=True,
                touched=f"the database or cache at {match['host']}",
            )
            return
    for answer in _answers(draft, probe, container, service):
        yield _check(draft, touching, answer, service, asks, places)


def _answers(draft: Draft, probe: Probe, container: Container, service: Service) -> Iterator[_Answer]:
    if probe.mechanism == "grpc" or (probe.command is not None and _GRPC_TOOL.search(probe.command)):
        yield from _of_health_servicer(draft, service)
        return
    routes = routes_asked(probe, container, service)
    for route in routes:
        answer = _of_route(draft, route)
        if answer is not None:
            yield answer
    if not routes and probe.command is not None:
        yield from _of_script(draft, probe.command, service)


def _of_route(draft: Draft, route: Route) -> _Answer | None:
    if not route.handler or route.handler.startswith("?"):
        return None
    function = draft.program.function_named(route.handler)
    if function is None:
        methods = methods_of(draft, route.handler)
        function = next((methods[one] for one in ("get", "on_get", "head") if one in methods), None)
    return _of_function(draft, function, route.name) if function is not None else None


def _of_health_servicer(draft: Draft, service: Service) -> Iterator[_Answer]:
    code = code_scope(draft).code(service.name)
    for module in code.modules if code is not None else ():
        for call in module.calls_named({"add_HealthServicer_to_server"}):
            if call.arguments:
                check = methods_of(draft, class_of(draft, call.arguments[0].value, module)).get("Check")
                if check is not None:
                    yield _of_function(draft, check, "grpc.health.v1.Health/Check")


def _of_script(draft: Draft, command: str, service: Service) -> Iterator[_Answer]:
    """``python healthcheck.py`` and ``python -m app.health``: what the file's module level calls."""
    try:
        words = shlex.split(command)
    except ValueError:
        return
    if not any(word.rpartition("/")[2].startswith("python") for word in words):
        return
    directory = f"{service.directory}/" if service.directory else ""
    for before, word in zip(["", *words], words, strict=False):
        tail = word if word.endswith(".py") else f"{word.replace('.', '/')}.py" if before == "-m" else None
        if tail is None:
            continue
        tail = tail.removeprefix("./").lstrip("/")
        modules = draft.program.modules
        # The image may hold the service's directory under another name.
        candidates = (directory + tail, f"{directory}src/{tail}", directory + tail.rpartition("/")[2])
        for path in [one for one in candidates if one in modules][:1]:
            module = modules[path]
            calls: list[tuple[PythonCall, Module]] = []
            for call in draft.program.module_scope_calls(module):
                calls.append((call, module))
                for function, home in draft.program.called_functions(call, module):
                    calls += draft.program.reachable(function, home, _DEPTH)
            yield _Answer(start_of(path), path, tuple(calls))


def _of_function(draft: Draft, function: tuple[PythonFunction, Module], name: str) -> _Answer:
    return _Answer(function[0].at, name, draft.program.reachable(function[0], function[1], _DEPTH))


def _check(
    draft: Draft, touching: Touching, answer: _Answer, service: Service, asks: str, places: tuple[Place, ...]
) -> LivenessCheck:
    found = touching.first(answer.calls)
    at, what = answer.at, ""
    truth: Truth = False
    if found is not None:
        truth, what = True, found[1]
        own = _own_step(draft, answer, found[0])
        at = own.at if own is not None else answer.at
        places = (*places, Place(found[0].at, f"asks {what} here")) if found[0].at != at else places
    elif len(answer.calls) > 1000:
        truth = Unknown("too much code to follow")
    return LivenessCheck(
        at=at,
        name=answer.name,
        key=f"{service.name} {answer.name}",
        service=service.name,
        handler=answer.name,
        probe=asks,
        touches_dependencies=truth,
        touched=what,
        related=places,
    )


def _own_step(draft: Draft, answer: _Answer, asking: PythonCall) -> PythonCall | None:
    """The call in the handler itself that leads to the one that asks; None where it is reached without one."""
    for call, module in answer.calls:
        if call.at.path != answer.at.path or not _is_inside(answer, call, module):
            continue
        if call is asking:
            return call
        for function, home in draft.program.called_functions(call, module):
            if any(one is asking for one, _ in draft.program.reachable(function, home, _DEPTH)):
                return call
    return None


def _is_inside(answer: _Answer, call: PythonCall, module: Module) -> bool:
    function = module.function(call.function)
    return (
        function is None
        or function.at == answer.at
        or (function.parent is not None and _parent_at(function, module) == answer.at)
    )


def _parent_at(function: PythonFunction, module: Module) -> Span | None:
    parent = module.function(function.parent)
    return parent.at if parent is not None else None
