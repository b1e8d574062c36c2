"""The layers that stand before a handler in the code of its service: decorators, dependencies, routers, middleware.

In: a route's declaration and its handler. Out: Evidence (see ``signals``). What registers middleware in a way that is
not followed to one application counts for all of the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archlint.core.facts.python import Expression, Literal, PythonCall, PythonFunction
from archlint.core.record import dataclass
from archlint.core.values import Setting
from archlint.model.code.access.evidence import of_dependency, of_function, of_guard
from archlint.model.code.access.signals import Evidence, best
from archlint.model.code.access.views import of_view
from archlint.model.code.objects import Key, base_of, call_of, items_of, member_of, origin_key
from archlint.model.code.serving.found import Found, Served
from archlint.model.code.serving.frameworks import VERBS
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_DEPENDENCIES = frozenset({"dependencies", "auth", "authorizer", "guards"})
_MIDDLEWARE = frozenset({"middleware", "middlewares", "interceptors", "decorators"})
_HOOKS = frozenset(
    {"before_request", "before_app_request", "before_websocket", "middleware", "on_request", "hook", "listener"}
)
_ADDING = frozenset(
    {"add_middleware", "before_request", "before_app_request", "register_middleware", "add_hook", "append", "server"}
)
_DECLARING = VERBS | {
    "route",
    "api_route",
    "websocket",
    "http",
    "view",
    "resource",
    "action",
    "expose",
    "doc",
    "expect",
    "marshal_with",
    "response",
    "arguments",
    "input",
    "output",
    "swag_from",
}
_MOST_HOPS = 8


@dataclass(frozen=True)
class Hook:
    """What runs before handlers: ``router`` is the application or router that it is registered on, None where that is
    not known."""

    router: Key | None
    evidence: Evidence


def hooks_of(draft: Draft, served: Served, modules: Iterable[Module]) -> list[Hook]:
    """All that one service registers to run before its handlers."""
    found = []
    for router in served.routers.values():
        if router.call is not None and router.module is not None:
            found.append(Hook(router.key, _of_arguments(draft, router.call, router.module)))
    for module in modules:
        found.extend(_registered(draft, served, module))
    return [one for one in found if one.evidence is not None]


def _registered(draft: Draft, served: Served, module: Module) -> Iterator[Hook]:
    for call in module.calls_named(_ADDING):
        member = member_of(call.callee)
        base = base_of(call.callee)
        if member == "server":
            if draft.program.callee(call, module) in ("grpc.server", "grpc.aio.server"):
                yield Hook(None, _of_arguments(draft, call, module))
            continue
        if not call.arguments or (member == "append" and (base is None or member_of(base) != "middlewares")):
            continue
        owner = base_of(base) if member == "append" and base is not None else base
        position = 1 if member == "add_hook" and len(call.arguments) > 1 else 0
        guard = of_guard(draft, call.arguments[position].value, module, call.at)
        yield Hook(_key(draft, served, None if "app_request" in member else owner, module), guard)
    for function in module.facts.functions:
        for decorator in function.decorators:
            call_made = call_of(decorator, module)
            named = call_made.callee if call_made is not None else decorator
            if member_of(named) in _HOOKS and (base_of(named) is not None):
                owner = None if "app_request" in member_of(named) else base_of(named)
                yield Hook(_key(draft, served, owner, module), of_function(draft, function, module))


def _key(draft: Draft, served: Served, owner: Expression | None, module: Module) -> Key | None:
    key = origin_key(draft, owner, module)
    return key if key in served.routers else None


def _of_arguments(draft: Draft, call: PythonCall, module: Module) -> Evidence:
    """Dependencies and middleware that are given where an application, router or route is made."""
    found: Evidence = None
    for argument in call.arguments:
        if argument.name in _DEPENDENCIES:
            if argument.value == Literal(None):
                continue
            if argument.name == "authorizer":
                return Setting("an authorizer", "code", argument.at)
            for item, where in items_of(draft, argument.value, module):
                found = best(found, of_dependency(draft, item, where, argument.at))
                if argument.name == "auth" and found is None:
                    found = Setting("auth", "code", argument.at)
        elif argument.name in _MIDDLEWARE:
            for item, where in items_of(draft, argument.value, module):
                found = best(found, _of_middleware(draft, item, where))
    return found


def _of_middleware(draft: Draft, value: Expression, module: Module) -> Evidence:
    """``Middleware(X, ...)`` of Starlette, an instance, a class or a function."""
    call = call_of(value, module)
    if call is not None and member_of(call.callee) == "Middleware" and call.arguments:
        value = call.arguments[0].value
    if isinstance(value, Literal):
        return None
    return of_guard(draft, value, module, call.at if call is not None else module.facts.at)


def of_layers(
    draft: Draft,
    served: Served,
    hooks: Iterable[Hook],
    found: Found,
    handler: tuple[PythonFunction, Module] | None,
    owner: str | None,
) -> Evidence:
    """What stands before the handler of a route, and in it. ``owner`` is the class of a class-based view."""
    routers = _routers(served, found.router)
    evidence: Evidence = None
    for hook in hooks:
        if hook.router is None or found.router is None or hook.router in routers:
            evidence = best(evidence, hook.evidence)
    if found.call is not None and found.module is not None:
        evidence = best(evidence, _of_arguments(draft, found.call, found.module))
    for key in routers:
        for mount in served.mounts.get(key, ()):
            if mount.call is not None and mount.module is not None:
                evidence = best(evidence, _of_arguments(draft, mount.call, mount.module))
    if isinstance(evidence, Setting):
        return evidence
    if handler is not None:
        evidence = best(evidence, _of_decorators(draft, *handler))
    if owner is not None and not isinstance(evidence, Setting):
        evidence = best(evidence, of_view(draft, owner, found))
    if handler is not None and not isinstance(evidence, Setting):
        evidence = best(evidence, of_function(draft, *handler))
    return evidence


def _of_decorators(draft: Draft, function: PythonFunction, module: Module) -> Evidence:
    found: Evidence = None
    for decorator, at in zip(function.decorators, function.decorator_spans, strict=False):
        call = call_of(decorator, module)
        member = member_of(call.callee if call is not None else decorator)
        if member in _DECLARING:
            found = best(found, _of_arguments(draft, call, module) if call is not None else None)
        else:
            found = best(found, of_guard(draft, decorator, module, at))
    return found


def _routers(served: Served, key: Key | None) -> list[Key]:
    """A router and all that it is mounted on."""
    found: list[Key] = []
    waiting = [key] if key is not None else []
    while waiting and len(found) < _MOST_HOPS:
        one = waiting.pop()
        if one not in found:
            found.append(one)
            waiting.extend(mount.parent for mount in served.mounts.get(one, ()) if mount.parent is not None)
    return found
