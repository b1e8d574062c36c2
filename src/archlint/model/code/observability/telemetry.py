"""Logging, metrics, tracing, prints and debug switches of each service.

In: the services with their code, routes, consumers and workloads. Out: one Telemetry for each service whose source is
read, and DebugSettings. What a service does not have is said at its entry point.
"""

from __future__ import annotations

from itertools import islice

from archlint.core.facts.python import PythonCall, PythonFunction
from archlint.core.span import Span, start_of
from archlint.core.system.base import link
from archlint.core.system.calls import Route
from archlint.core.system.messaging import Consumer
from archlint.core.system.services import LoggingSetup, Telemetry
from archlint.core.values import Place, Setting, Unknown
from archlint.model.code.observability.debug import debug_settings
from archlint.model.code.observability.instrumentation import Exported, metrics_of, proprietary_of, tracing_of
from archlint.model.code.observability.log_setup import logging_of
from archlint.model.code.observability.metric_definitions import (
    definitions_of,
    missing_red,
    resource_metrics,
    resources_of,
)
from archlint.model.code.scope import CodeScope, ServiceCode, Surroundings, code_scope, surroundings_of
from archlint.model.draft import Draft
from archlint.model.production import APPLICATIONS, entry_points
from archlint.model.program.program import Module
from archlint.model.service_code import APPLICATION

_STANDARD_STREAMS = ("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__")
_DEPTH = 6
_MOST_CALLS = 5


def add_telemetry(draft: Draft) -> None:
    """Add them to the draft."""
    scope = code_scope(draft)
    handlers = _handlers(draft, scope)
    loops = {
        one.handler_at.path: one.handler_at
        for one in draft.select(Consumer)
        if not one.handler and one.handler_at is not None
    }
    for service in draft.services:
        code = scope.code(service.name)
        if not service.is_read or code is None or service.role in ("test-tool", "library"):
            continue
        at = entry_point_of(draft, code)
        tracing = tracing_of(draft, code)
        logging = logging_of(draft, code, _main_surroundings(draft, service.name), tracing)
        prints = _prints(draft, code, handlers.get(service.name, []), loops)
        exported = metrics_of(draft, code)
        metrics = exported.setting if isinstance(exported, Exported) else exported
        definitions = definitions_of(draft, code)
        resources = resources_of(draft, code)
        red = missing_red(code, exported, definitions)
        if not handlers.get(service.name):
            red = Unknown("it is not seen to answer requests or messages")
        proprietary = proprietary_of(tracing)
        telemetry = Telemetry(
            at=at,
            name=service.name,
            key=f"telemetry of {service.name}",
            service=service.name,
            is_long_running=False if service.role == "job" else service.is_long_running,
            logging=logging,
            log_format=logging.format if isinstance(logging, LoggingSetup) else logging,
            log_at=logging.at if isinstance(logging, LoggingSetup) else at,
            metrics=metrics,
            metrics_at=metrics.at if isinstance(metrics, Setting) else at,
            metric_definitions=tuple(one.at for one in definitions.all),
            missing_red=red,
            resources=resources,
            resources_at=resources[0].at if resources else at,
            resource_metrics=resource_metrics(draft, code, exported, definitions),
            tracing=tracing,
            tracing_at=tracing.at if isinstance(tracing, Setting) else at,
            proprietary_tracing=proprietary,
            tracing_calls=_client_calls(draft, proprietary),
            prints=prints,
            prints_at=prints[0].at if prints else at,
        )
        if isinstance(logging, LoggingSetup):
            draft.add(logging)
        draft.add(telemetry)
        link(service, telemetry=telemetry)
    draft.add(*debug_settings(draft, scope))


def _client_calls(draft: Draft, tracing: Setting[str] | None) -> tuple[Place, ...]:
    """Where the module that imports a vendor's client calls it."""
    module = draft.program.modules.get(tracing.at.path) if tracing is not None else None
    if tracing is None or module is None:
        return ()
    roots = tuple(f"{one.module.partition('.')[0]}." for one in module.facts.imports if one.at == tracing.at)
    calls = (call for call in module.facts.calls if roots and draft.program.callee(call, module).startswith(roots))
    return tuple(Place(call.at, f"{tracing.value} is used here") for call in islice(calls, _MOST_CALLS))


def _main_surroundings(draft: Draft, service: str) -> Surroundings:
    found = surroundings_of(draft, service)
    return next((one for one in found if one.is_production), found[0])


_APPLICATIONS = frozenset(name.rpartition(".")[2] for name in APPLICATIONS)


def entry_point_of(draft: Draft, code: ServiceCode) -> Span:
    """The line at which a service's main process starts, in a file of the service's own."""
    own = {module.path: module for module in code.own}
    places = [place for place in code.service.entry_points if place.at.path in own]
    if places:
        return next((one for one in places if one.note == APPLICATION), places[0]).at
    starts = [own[path] for path in entry_points(draft, code.service) if path in own] or list(code.own)
    for module in (*starts, *code.own):
        for call in module.calls_named(_APPLICATIONS):
            if call.name in APPLICATIONS:
                return call.at
    for module in starts:
        if module.facts.main is not None:
            return module.facts.main
    return start_of(starts[0].path)


def _handlers(draft: Draft, scope: CodeScope) -> dict[str, list[tuple[PythonFunction, Module]]]:
    """The functions of each service that answer requests and messages."""
    found: dict[str, dict[str, tuple[PythonFunction, Module]]] = {}
    for route in draft.select(Route):
        function = draft.program.function_named(route.handler) if route.handler else None
        if function is not None:
            found.setdefault(route.service, {})[function[0].name] = function
    for consumer in draft.select(Consumer):
        function = draft.program.function_named(consumer.handler) if consumer.handler else None
        if function is not None:
            found.setdefault(consumer.service, {})[function[0].name] = function
    return {service: [functions[name] for name in sorted(functions)] for service, functions in found.items()}


def _is_print(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether a call prints where logs go."""
    if call.name != "print":
        return False
    target = call.argument("file")
    return target is None or draft.program.qualify(target.value, module) in _STANDARD_STREAMS


def _prints(
    draft: Draft, code: ServiceCode, handlers: list[tuple[PythonFunction, Module]], loops: dict[str, Span]
) -> tuple[Place, ...]:
    """The prints that answering a request or message may run, in a handler or in a loop of a module itself."""
    if not any("print" in module.called for module in code.modules):
        return ()
    own = {module.path for module in code.own}
    shared = {module.path for module in code.shared}
    found: dict[Span, Place] = {}
    for function, module in handlers:
        for call, where in draft.program.reachable(function, module, _DEPTH):
            if where.path in own | shared and _is_print(draft, call, where):
                found[call.at] = Place(call.at, f"printed while {function.name.rpartition('.')[2]} runs")
    for module in code.own:
        for call in module.calls_named({"print"}) if module.path in loops else ():
            is_round = call.function is None and call.loop is not None and call.at.line > loops[module.path].line
            if is_round and _is_print(draft, call, module):
                found[call.at] = Place(call.at, "printed while messages are taken")
    # The finding stands in the service's own code; shared code comes after it.
    return tuple(sorted(found.values(), key=lambda one: (one.at.path not in own, one.at)))
