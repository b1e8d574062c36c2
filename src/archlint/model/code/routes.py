"""What the code serves: HTTP routes and gRPC methods.

In: the production Python of each service. Out: ``Route`` subjects, and each service's routes, frameworks, and whether
it has a health route. A route whose prefix is not resolved has an UNKNOWN path; a service with parts that are not read
has an UNKNOWN health route where none is found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archlint.core.facts.python import Literal, PythonFunction
from archlint.core.record import dataclass
from archlint.core.system.base import link
from archlint.core.system.calls import Route
from archlint.core.system.services import Service
from archlint.core.values import Place, Truth, Unknown, any_of
from archlint.model.code.objects import methods_of
from archlint.model.code.scope import code_scope
from archlint.model.code.serving.declared import Declarations
from archlint.model.code.serving.django import read_urls
from archlint.model.code.serving.found import Found, Served
from archlint.model.code.serving.kinds import kind_of
from archlint.model.code.serving.rpc import read_servicers
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_DOCUMENTED_KINDS = ("business",)
_HEALTH_PATH = re.compile(r"/(?:health|healthz|health[-_]?check|livez|readyz)/?")
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "urljoin", "join"})


def add_routes(draft: Draft) -> None:
    """Add the routes, and fill in what services serve."""
    scope = code_scope(draft)
    for service in draft.services:
        code = scope.code(service.name)
        if code is None:
            continue
        served = served_by(draft, code.modules)
        routes: dict[str, Route] = {}
        declared: list[tuple[Route, Found]] = []
        for found in served.routes:
            for path in served.paths(found):
                route = _route(draft, service, found, path)
                if route is not None:
                    key = f"{route.key} {route.at}" if isinstance(route.path, Unknown) else route.key
                    if routes.setdefault(key, route) is route:
                        declared.append((route, found))
        ordered = tuple(sorted(routes.values(), key=lambda one: (one.at, one.key)))
        draft.add(*ordered)
        draft.memo[f"opaque routes of {service.name}"] = tuple(served.opaque)
        draft.memo[f"declared routes of {service.name}"] = Declared(served, tuple(declared))
        link(
            service,
            routes=ordered,
            frameworks=tuple(sorted({*service.frameworks, *served.frameworks})),
            has_health_route=any_of(_has_health(ordered, served), _may_answer_health(code.modules)),
            serves_html=any(one.kind == "html" for one in ordered),
            published_operations=(
                *service.published_operations,
                *(Place(one.at, one.name) for one in ordered if _is_published(one)),
            ),
        )


@dataclass(frozen=True)
class Declared:
    """What one service's code declares as served, and the declaration of each of its routes."""

    served: Served
    routes: tuple[tuple[Route, Found], ...]


def declared_routes(draft: Draft, service: str) -> Declared | None:
    """The declarations behind a service's routes, None where its code is not read."""
    found = draft.memo.get(f"declared routes of {service}")
    return found if isinstance(found, Declared) else None


def served_by(draft: Draft, modules: Sequence[Module]) -> Served:
    """All that some modules declare as served."""
    served = Served()
    declarations = Declarations(draft, served)
    for module in modules:
        if _may_serve(module):
            declarations.read_routers(module)
    for module in modules:
        if _may_serve(module):
            declarations.read(module)
            read_servicers(draft, served, module)
    read_urls(draft, served, list(modules))
    return served


def has_opaque_routes(draft: Draft, service: str) -> bool:
    """Whether a service may serve more than the routes that were found."""
    return bool(draft.memo.get(f"opaque routes of {service}"))


def _may_serve(module: Module) -> bool:
    return bool(module.facts.calls)


def _route(draft: Draft, service: Service, found: Found, path: str | Unknown) -> Route | None:
    handlers = _handlers(draft, found)
    known = found.path if isinstance(path, Unknown) else path
    kind = found.kind or ("business" if isinstance(known, Unknown) else kind_of(known, found.methods, handlers))
    if found.protocol == "grpc" and found.kind is None:
        kind = "business"
    verbs = ",".join(found.methods) or "ANY"
    shown = f"…{known}" if isinstance(path, Unknown) and not isinstance(known, Unknown) else str(known)
    name = f"{verbs} {shown}" if found.protocol == "http" else shown
    return Route(
        at=found.at,
        name=name,
        key=f"{service.name} {name}",
        service=service.name,
        protocol=found.protocol,
        path=path,
        methods=found.methods,
        kind=kind,
        framework=found.framework,
        handler=found.handler,
    )


def _handlers(draft: Draft, found: Found) -> list[tuple[PythonFunction, Module]]:
    function = draft.program.function_named(found.handler) if found.handler else None
    if function is not None:
        return [function]
    methods = methods_of(draft, found.handler) if found.handler and not found.handler.startswith("?") else {}
    return [methods[one] for one in ("get", "on_get") if one in methods]


def _has_health(routes: Sequence[Route], served: Served) -> Truth:
    if any(one.kind == "health" for one in routes):
        return True
    if served.opaque:
        return served.opaque[0]
    for found in served.routes:
        if isinstance(found.path, Unknown) and found.protocol == "http":
            return found.path
    return False


def _may_answer_health(modules: Sequence[Module]) -> Truth:
    """UNKNOWN where code outside of any route names a health path: middleware around the application may answer it."""
    for module in modules:
        compared = (one.value for one in module.facts.strings if one.context == "comparison")
        given = (
            one.value.value
            for call in module.facts.calls
            if call.name.rpartition(".")[2] not in _VERBS
            for one in call.arguments
            if isinstance(one.value, Literal) and isinstance(one.value.value, str)
        )
        for path in (*compared, *given):
            if _HEALTH_PATH.fullmatch(path):
                return Unknown(f"middleware may answer {path}")
    return False


def _is_published(route: Route) -> bool:
    return route.kind in _DOCUMENTED_KINDS
