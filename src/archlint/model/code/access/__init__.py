"""Who may call what an API offers: its operations, what they change, and what identifies their callers.

In: the routes that code declares, contracts, calls, exposures and manifests. Out: ``ApiOperation`` subjects: one for
each method of a route that may change state, and for each such operation of a contract whose serving code is not in the
scan. Any layer may identify the caller: the handler, its decorators and dependencies, its router, application or
middleware, the framework's settings, a gateway.
"""

from __future__ import annotations

from archlint.core.facts.python import Dictionary, Literal, PythonFunction
from archlint.core.span import Span
from archlint.core.system.base import link
from archlint.core.system.calls import Route
from archlint.core.system.contracts import Contract, Operation
from archlint.core.system.security import ApiOperation
from archlint.core.system.services import Service
from archlint.core.values import Place, Setting, Truth, Unknown
from archlint.model.code.access.changes import change_of
from archlint.model.code.access.deliveries import Deliveries, deliveries_of
from archlint.model.code.access.layers import Hook, hooks_of, of_layers
from archlint.model.code.access.methods import methods_allowed
from archlint.model.code.access.purposes import only_reads, purpose_of, says_change
from archlint.model.code.access.signals import Evidence, best
from archlint.model.code.access.views import of_django_middleware, of_function_view
from archlint.model.code.objects import call_of, class_named, member_of, methods_of
from archlint.model.code.routes import Declared, declared_routes
from archlint.model.code.scope import code_scope
from archlint.model.code.serving.found import NEVER_MOUNTED, Found
from archlint.model.deployment.gateway_access import Gateways, gateways_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

Handler = tuple[PythonFunction, Module]

_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
_ACTIONS = {"POST": ("create",), "PUT": ("update",), "PATCH": ("partial_update", "update"), "DELETE": ("destroy",)}
_KINDS = frozenset({"business"})
_FRAMEWORKS_OUTSIDE = frozenset({"graphql", "library", "lambda", "chalice"})
"""Where the platform in front decides who may call, or one route answers everything."""


def add_api_operations(draft: Draft) -> None:
    """Add the operations."""
    gateways = gateways_of(draft)
    deliveries = deliveries_of(draft)
    for service in draft.services:
        declared = declared_routes(draft, service.name)
        if declared is not None and service.role != "test-tool":
            _add_routes(draft, service, declared, gateways, deliveries)
    _excuse_insides(draft, gateways)
    for contract in draft.select(Contract):
        if contract.format == "openapi":
            _add_contract(draft, contract, gateways)


def _excuse_insides(draft: Draft, gateways: Gateways) -> None:
    """Leave alone what only services that identify their own callers can reach: they may be how it is protected."""
    operations: dict[str, list[ApiOperation]] = {}
    for one in draft.select(ApiOperation):
        if one.purpose == "business":
            operations.setdefault(one.service, []).append(one)
    identifying = {
        name
        for name, ones in operations.items()
        if all(one.authentication is not None or one.changes_state is False for one in ones)
    }
    for name, ones in operations.items():
        callers = gateways.only_callers(name)
        if callers and callers <= identifying:
            for one in ones:
                if one.authentication is None:
                    link(one, authentication=Unknown("only services that identify their callers reach it"))


def _add_routes(draft: Draft, service: Service, declared: Declared, gateways: Gateways, deliveries: Deliveries) -> None:
    unsafe = [
        (route, found, method)
        for route, found in declared.routes
        if route.kind in _KINDS and found.framework not in _FRAMEWORKS_OUTSIDE and not _is_socket(found)
        for method in _methods(draft, route, found)
    ]
    if not unsafe:
        return
    code = code_scope(draft).code(service.name)
    modules = list(code.modules) if code is not None else []
    hooks = hooks_of(draft, declared.served, modules)
    if "django" in service.frameworks:
        hooks.append(Hook(None, of_django_middleware(draft, modules)))
    for route, found, method in unsafe:
        draft.add(_operation(draft, service, declared, route, found, method, hooks, gateways, deliveries))


def _methods(draft: Draft, route: Route, found: Found) -> tuple[str, ...]:
    """The methods of a route that may change state; none where it takes any and does not ask which one came."""
    if route.protocol == "grpc":
        return ("RPC",)
    allowed = route.methods or methods_allowed(draft, found)
    return tuple(one for one in allowed if one in _UNSAFE and _is_handled(draft, found, one))


def _is_handled(draft: Draft, found: Found, method: str) -> bool:
    """Whether a view of Flask has the method that its rule allows: no base brings one along."""
    if found.framework != "flask" or class_named(draft, found.handler) is None:
        return True
    methods = methods_of(draft, found.handler)
    known = not isinstance(draft.program.bases(found.handler), Unknown)
    return not known or method.lower() in methods or "dispatch_request" in methods


def _is_socket(found: Found) -> bool:
    return found.call is not None and "websocket" in member_of(found.call.callee)


def _operation(
    draft: Draft,
    service: Service,
    declared: Declared,
    route: Route,
    found: Found,
    method: str,
    hooks: list[Hook],
    gateways: Gateways,
    deliveries: Deliveries,
) -> ApiOperation:
    handler, owner = handler_of(draft, found, method)
    path = route.path if isinstance(route.path, str) else found.path
    shown = path if isinstance(path, str) else "?"
    calls = draft.program.reachable(*handler, 4) if handler is not None else ()
    named = frozenset(call.name.rpartition(".")[2] for call, _ in calls)
    name = handler[0].name if handler is not None else found.handler
    purpose = purpose_of(shown if isinstance(path, str) else "", name, method, named, service.name)
    if purpose == "business" and (shown in deliveries.paths or (handler and handler[0].at in deliveries.handlers)):
        purpose = "message"
    reachable: Truth = True if route.protocol == "http" else gateways.reaches(service.name)
    authentication: Evidence = Unknown("not looked for")
    changes: Truth = Unknown("not looked for")
    related: tuple[Place, ...] = ()
    if purpose == "business" and reachable is not False:
        authentication = _authentication(draft, service, declared, found, hooks, gateways, handler, owner)
        if authentication is None:
            changes, related = _changes(draft, route, method, shown, handler, name)
    title = f"{method} {shown if isinstance(route.path, str) else f'…{shown}'}" if route.protocol == "http" else shown
    return ApiOperation(
        at=_place(draft, found, handler, owner),
        name=title,
        key=f"{service.name} {title}",
        service=service.name,
        protocol=route.protocol,
        method=method,
        path=route.path,
        declared_in="code",
        changes_state=changes,
        purpose=purpose,
        is_reachable=reachable,
        authentication=authentication,
        related=related,
    )


def _authentication(
    draft: Draft,
    service: Service,
    declared: Declared,
    found: Found,
    hooks: list[Hook],
    gateways: Gateways,
    handler: Handler | None,
    owner: str | None,
) -> Evidence:
    evidence = gateways.identifies(service.name)
    if evidence is None and found.router in declared.served.routers and NEVER_MOUNTED in declared.served.paths(found):
        evidence = NEVER_MOUNTED
    if not isinstance(evidence, Setting):
        evidence = best(evidence, of_layers(draft, declared.served, hooks, found, handler, owner))
    if evidence is None and found.framework == "django" and handler is not None and owner is None:
        evidence = of_function_view(draft, *handler)
    if evidence is None and handler is None and owner is None:
        return Unknown("its handler is not read")
    return evidence


def _changes(
    draft: Draft, route: Route, method: str, path: str, handler: Handler | None, name: str
) -> tuple[Truth, tuple[Place, ...]]:
    guessed = method in ("POST", "ANY", "RPC")
    is_question = guessed and only_reads(path, name)
    changes, related = change_of(draft, handler, guessed, is_question)
    return (False, ()) if changes is not True and is_question else (changes, related)


def handler_of(draft: Draft, found: Found, method: str) -> tuple[Handler | None, str | None]:
    """The function that handles a method of a route, and the class of a class-based view."""
    if found.function is not None and found.module is not None:
        return (found.function, found.module), found.function.owner if found.protocol == "grpc" else _view_class(
            draft, found
        )
    function = draft.program.function_named(found.handler) if found.handler else None
    if function is not None:
        return function, _view_class(draft, found)
    name = found.handler
    owner, _, action = name.rpartition(".")
    if class_named(draft, name) is None and class_named(draft, owner) is not None and action:
        return None, owner
    if class_named(draft, name) is None:
        return None, None
    methods = methods_of(draft, name)
    lowered = method.lower()
    mapped = _mapped(found, lowered)
    if mapped in methods:
        return methods[mapped], name
    wanted = (lowered, f"on_{lowered}", *_ACTIONS.get(method, ()), "dispatch_request", "__call__")
    return next((methods[one] for one in wanted if one in methods), None), name


def _mapped(found: Found, method: str) -> str:
    """The action of ``as_view({"post": "create_review"})`` that handles a method."""
    if found.call is None or found.module is None or len(found.call.arguments) < 2:
        return ""
    made = call_of(found.call.arguments[1].value, found.module)
    given = made.arguments[0].value if made is not None and made.arguments else None
    entries = given.entries if isinstance(given, Dictionary) else ()
    return next((str(getattr(value, "value", "")) for key, value in entries if key == Literal(method)), "")


def _view_class(draft: Draft, found: Found) -> str | None:
    owner = found.handler.rpartition(".")[0]
    return owner if class_named(draft, owner) is not None else None


def _place(draft: Draft, found: Found, handler: Handler | None, owner: str | None) -> Span:
    """The line that a person edits: the route's declaration on its handler, else the handler; the class of a view whose
    base handles the method."""
    if handler is None and owner is not None:
        view = class_named(draft, owner)
        return view[0].at if view is not None else found.at
    if handler is None or found.function is not None:
        return found.at
    function = handler[0]
    return function.decorator_spans[0] if function.decorator_spans else function.at


def _add_contract(draft: Draft, contract: Contract, gateways: Gateways) -> None:
    """The operations of a contract that no code of the scan serves, as far as it can be read."""
    services = [one for one in map(draft.service, contract.services) if one is not None]
    if any(one.is_read for one in services) or contract.is_operational:
        return
    for one in contract.operations:
        if one.method in _UNSAFE:
            draft.add(_of_contract(contract, one, services, gateways))


def _is_said_to_change(one: Operation) -> Truth:
    """Whether a contract's POST changes something: it answers that it did, or adds to a collection."""
    last = one.path.rstrip("/").rpartition("/")[2]
    if {"201", "202", "204"} & set(one.responses) or (last.endswith("s") and not last.startswith("{")):
        return True
    return True if says_change(last) else Unknown("what it changes is not said")


def _of_contract(contract: Contract, one: Operation, services: list[Service], gateways: Gateways) -> ApiOperation:
    purpose = purpose_of(one.path, "", one.method, frozenset(), contract.name)
    authentication: Evidence = None
    if isinstance(one.is_authenticated, Unknown):
        authentication = one.is_authenticated
    elif one.is_authenticated:
        authentication = Setting("the contract's security", "configuration", one.at)
    for service in services:
        authentication = best(authentication, gateways.identifies(service.name))
    changes: Truth = True
    if one.method == "POST":
        changes = False if only_reads(one.path, "") else _is_said_to_change(one)
    return ApiOperation(
        at=one.at,
        name=f"{one.method} {one.path}",
        key=f"{contract.name} {one.method} {one.path}",
        service=services[0].name if services else contract.name,
        protocol="http",
        method=one.method,
        path=one.path,
        declared_in="contract",
        changes_state=changes,
        purpose=purpose,
        is_reachable=True,
        authentication=authentication,
    )
