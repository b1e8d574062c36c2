"""Which calls a service makes, and waits for, while it serves a route; and which route a call asks for.

In: routes, remote calls and the call graph. Out: answers, worked out when they are asked for. Work that a handler only
starts (background tasks, threads) is not waited for. Whatever cannot be followed gives no calls and no routes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archlint.core.facts.python import PythonCall, PythonFunction, Result
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall, Route, RpcCall
from archlint.core.values import Unknown
from archlint.model.code.objects import member_of, methods_of
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE, Module

_MOST_DEPTH = 8
_MOST_CALLS = 1500
_DETACHED = frozenset(
    {
        "add_task",
        "create_task",
        "ensure_future",
        "Thread",
        "Process",
        "Timer",
        "spawn",
        "start_soon",
        "start_soon_async",
        "call_later",
        "call_soon",
        "call_soon_threadsafe",
        "run_coroutine_threadsafe",
        "start_background_task",
        "add_background_task",
        "spawn_callback",
        "add_callback",
        "add_job",
        "apply_async",
        "delay",
        "defer",
        "enqueue",
        "on_commit",
        "add_done_callback",
        "submit",
    }
)
"""What starts work that the function which starts it does not wait for, as far as one call tells."""
_HOLE_SEGMENT = pattern(r"\{[^{}]*\}")

Function = tuple[PythonFunction, Module]


class Serving:
    """Routes, and the calls that serving them makes."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._made: dict[Span, list[RemoteCall]] = {}
        self._http: dict[str, list[Route]] = {}
        self._grpc: dict[tuple[str, str, str], list[Route]] = {}
        self._calls: dict[tuple[str, str], tuple[RemoteCall, ...]] = {}
        for call in draft.select(RemoteCall):
            if call.in_production_code is True:
                self._made.setdefault(call.at, []).append(call)
        for route in draft.select(Route):
            if route.protocol == "grpc" and isinstance(route.path, str):
                service, _, rpc = route.path.strip("/").partition("/")
                self._grpc.setdefault((route.service, service.rpartition(".")[2], rpc), []).append(route)
            elif route.protocol == "http":
                self._http.setdefault(route.service, []).append(route)

    def calls_of(self, route: Route) -> tuple[RemoteCall, ...]:
        """The calls that the service makes, and waits for, while it serves the route."""
        functions = self._handlers(route)
        return tuple(call for one in functions for call in self.calls_in(one, route.service))

    def calls_in(self, function: Function, service: str) -> tuple[RemoteCall, ...]:
        """The calls that the service makes, and waits for, while it runs the function."""
        key = (function[0].name, service)
        found = self._calls.get(key)
        if found is None:
            self._calls[key] = ()
            found = self._calls[key] = self._follow(function, service)
        return found

    def answering(self, call: RemoteCall) -> tuple[tuple[RemoteCall, ...], ...]:
        """For each function of the callee that may answer the call: the calls that it makes. Which of them it is may
        not be known; none where nothing of the callee is."""
        if isinstance(call, RpcCall):
            found = (self._draft.program.function_named(one) for one in call.handlers)
            return tuple(self.calls_in(one, call.target) for one in found if one is not None)
        return tuple(self.calls_of(route) for route in self.routes_of(call))

    def routes_of(self, call: RemoteCall) -> tuple[Route, ...]:
        """The routes of the callee that the call may ask for."""
        if isinstance(call, GrpcCall) and isinstance(call.rpc, str) and isinstance(call.rpc_service, str):
            return tuple(self._grpc.get((call.target, call.rpc_service, call.rpc), ()))
        if not isinstance(call, HttpCall):
            return ()
        routes = [one for one in self._http.get(call.target, ()) if _has_method(one, call.method)]
        if isinstance(call.path, Unknown) or HOLE in call.path.strip("/").partition("/")[0]:
            return tuple(one for one in routes if one.kind == "business")
        wanted = _segments(call.path)
        if call.passes_through is True and wanted[-1:] == (HOLE,):
            return tuple(one for one in routes if _is_below(one, wanted[:-1]))  # the hole is any rest of a path
        ranked: dict[int, list[Route]] = {}
        for route in routes:
            alike = _likeness(wanted, _segments(route.path)) if isinstance(route.path, str) else None
            if alike is not None:
                ranked.setdefault(alike, []).append(route)
        return tuple(ranked[max(ranked)]) if ranked else ()

    def _handlers(self, route: Route) -> list[Function]:
        program = self._draft.program
        function = program.function_named(route.handler) if route.handler else None
        if function is not None:
            return [function]
        if not route.handler or route.handler.startswith("?"):
            return []
        methods = methods_of(self._draft, route.handler)
        names = [one.lower() for one in route.methods] or ["get", "post", "put", "patch", "delete", "dispatch"]
        wanted = {*names, *(f"on_{one}" for one in names)}
        return [found for name, found in methods.items() if name in wanted]

    def _follow(self, function: Function, service: str) -> tuple[RemoteCall, ...]:
        program = self._draft.program
        found: dict[str, RemoteCall] = {}
        seen = {function[0].name}
        level = [function, *self._injected(function)]
        budget = _MOST_CALLS
        for _ in range(_MOST_DEPTH):
            following: list[Function] = []
            for one, module in level:
                # What a function defines inside itself runs only where it is called.
                calls = [call for call in program.calls_in(one, module) if module.function(call.function) is one]
                budget -= len(calls)
                for call in _waited_for(calls, module):
                    for made in self._made.get(call.at, ()):
                        if made.service == service:
                            found[f"{made.at} {made.key}"] = made
                    for target in program.called_functions(call, module):
                        if target[0].name not in seen:
                            seen.add(target[0].name)
                            following.append(target)
            level = following
            if not level or budget <= 0:
                break
        return tuple(found.values())

    def _injected(self, function: Function) -> Iterator[Function]:
        """What the framework calls before the handler: ``Depends(f)`` among its defaults."""
        for parameter in function[0].parameters:
            if isinstance(parameter.default, Result):
                call = function[1].call(parameter.default.call)
                if call is not None:
                    yield from self._draft.program.called_functions(call, function[1])


def _waited_for(calls: Iterable[PythonCall], module: Module) -> list[PythonCall]:
    """The calls without those that are only started: ``create_task(f())``, ``Thread(target=f)``."""
    started: set[int] = set()
    kept = []
    for call in calls:
        if member_of(call.callee) in _DETACHED or call.name == "atexit.register":
            started |= {id(module.call(one.value.call)) for one in call.arguments if isinstance(one.value, Result)}
        else:
            kept.append(call)
    return [one for one in kept if id(one) not in started]


def _has_method(route: Route, method: str | Unknown) -> bool:
    return isinstance(method, Unknown) or not route.methods or method in route.methods


def _is_below(route: Route, wanted: tuple[str, ...]) -> bool:
    served = _segments(route.path) if isinstance(route.path, str) else ()
    return _likeness(wanted, served[: len(wanted)]) is not None


def _segments(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.partition("?")[0].split("/") if part)


def _likeness(wanted: tuple[str, ...], served: tuple[str, ...]) -> int | None:
    """How many segments are the same text; None where two cannot be the same."""
    if len(wanted) != len(served):
        return None
    same = 0
    for one, other in zip(wanted, served, strict=True):
        if one == other:
            same += 1
        elif not _HOLE_SEGMENT.search(one) and not _HOLE_SEGMENT.search(other):
            return None
    return same
