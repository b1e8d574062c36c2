"""Which calls of a gateway only hand on what its client asked.

In: HTTP calls and routes. Out: ``passes_through`` of calls: the method comes from the request that is served, the route
takes any path, or a service that calls itself a gateway answers a route with one call and changes nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from archlint.core.facts.python import Literal, Member, PythonCall, PythonFunction, Reference, Result
from archlint.core.record import pattern
from archlint.core.system.base import link
from archlint.core.system.calls import HttpCall, RemoteCall
from archlint.core.system.services import Service
from archlint.model.code.messaging.message_effects import effects_of
from archlint.model.dependencies import is_probe
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.topology.parts import all_parts
from archlint.model.topology.serving import Serving

_GATEWAY = pattern(r"(?:^|[-_. ])(?:api)?[-_]?(?:gateway|gw|proxy|edge|ingress|bff)(?:[-_. ]|$)|gateway$", 2)
_ANY_PATH = pattern(r"\{\w*:path\}|<path:\w+>|\{\w+:\.[*+]\}|\(\.[*+]\)|/\*$")
_OWN = frozenset({"remote-write"})
_MOST_DEPTH = 4


def mark_calls_that_pass_through(draft: Draft, serving: Serving) -> None:
    """Fill in the calls' ``passes_through``, and ``is_probe`` of those that only ask whether a service is well."""
    for call in draft.select(HttpCall):
        if is_probe(call):
            link(call, is_probe=True)
        if call.target_kind == "service" and _forwards_request(draft, call):
            link(call, passes_through=True)
    for service in draft.services:
        if service.role == "gateway" or service.name in draft.config.gateways or _GATEWAY.search(service.name):
            for one in _only_passed_on(draft, serving, service):
                link(one, passes_through=True)


def _only_passed_on(draft: Draft, serving: Serving, service: Service) -> list[RemoteCall]:
    """The calls of a gateway that are all that the routes do which make them, and whose answers are theirs."""
    passed: dict[int, RemoteCall] = {}
    kept: set[int] = set()
    for route in service.routes:
        if route.kind != "business":
            continue
        function = draft.program.function_named(route.handler)
        made = _led_to(serving.calls_of(route), function)
        for call in made:
            if len(made) == 1 and function is not None and _answers_with(draft, serving, call, *function):
                passed[id(call)] = call
            else:
                kept.add(id(call))
    return [call for key, call in passed.items() if key not in kept]


def _led_to(made: Sequence[RemoteCall], function: tuple[PythonFunction, Module] | None) -> Sequence[RemoteCall]:
    """Of the calls of a helper that handlers share, those to which this one leads; all where none is told."""
    if function is None or len(made) < 2:
        return made
    handler, module = function
    own = {
        one.at
        for one in module.facts.calls
        if one.function is not None and module.facts.functions[one.function] is handler
    }
    return [one for one in made if any(place.at in own for place in one.related)] or made


def _forwards_request(draft: Draft, call: HttpCall) -> bool:
    module = draft.program.modules.get(call.at.path)
    if module is None:
        return False
    function = draft.program.function_named(call.function)
    for one in module.calls_named({"request", "stream", "send", "build_request", "Request"}):
        if one.at == call.at and any(_is_method_of_request(argument.value) for argument in one.arguments):
            return True
    return function is not None and any(_takes_any_path(one, module) for one in function[0].decorators)


def _is_method_of_request(value: object) -> bool:
    return isinstance(value, Member | Reference) and value.name.rpartition(".")[2] == "method"


def _takes_any_path(decorator: object, module: Module) -> bool:
    made: PythonCall | None = module.call(decorator.call) if isinstance(decorator, Result) else None
    return made is not None and any(
        isinstance(one.value, Literal) and isinstance(one.value.value, str) and _ANY_PATH.search(one.value.value)
        for one in made.arguments
    )


def _answers_with(draft: Draft, serving: Serving, call: RemoteCall, function: PythonFunction, module: Module) -> bool:
    """Whether a handler answers with what the call gives, and changes nothing itself."""
    makes = {
        index
        for index, one in enumerate(module.facts.calls)
        if one.function is not None
        and module.facts.functions[one.function] is function
        and (
            one.at == call.at
            or any(
                call in serving.calls_in(inner, call.service) for inner in draft.program.called_functions(one, module)
            )
        )
    }
    made = [one.call for value in function.returns for one in all_parts(value, module) if isinstance(one, Result)]
    if makes.isdisjoint(made) and not _stands_inside(makes, made, module):
        return False
    reached = [one for one in draft.program.reachable(function, module, _MOST_DEPTH) if one[0].at != call.at]
    return all(one.kind in _OWN for one in effects_of(draft, reached, {}))


def _stands_inside(makes: set[int], answers: list[int], module: Module) -> bool:
    """Whether one of the calls stands in an answer's own words: ``return await guarded(lambda: client.ask(7))``."""
    spans = [one.at for one in map(module.call, answers) if one is not None]
    inner = [one.at for one in map(module.call, makes) if one is not None]
    return any(outer.holds(one) for one in inner for outer in spans)
