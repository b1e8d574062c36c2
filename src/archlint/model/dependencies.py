"""What services depend on: their synchronous calls, one ``Dependency`` for each caller and callee.

In: the remote calls of all layers. Out: ``Dependency`` subjects, each at the line of the code that gives the target,
its calls and the place that sets the address related; and the services' own calls and dependencies. A call to oneself,
to a datastore or to an address that is not resolved is none.
"""

from __future__ import annotations

from archlint.core.record import pattern
from archlint.core.system.base import link
from archlint.core.system.calls import Dependency, GrpcCall, HttpCall, RemoteCall
from archlint.core.system.services import Service
from archlint.core.values import Place, Setting, Truth, Unknown, any_of
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE
from archlint.model.target_lines import address_of, target_line

_MOST_RELATED = 20
_HEALTH = pattern(r"(?i)/(?:health\w*|healthz|ready|readyz|readiness|live|livez|liveness|ping|status|up|metrics)/?$")
_TELEMETRY_HOST = pattern(
    r"(?i)(?:^|\.)otlp[-.]|(?:^|\.)(?:sentry\.io|datadoghq\.(?:com|eu)|newrelic\.com|nr-data\.net|honeycomb\.io|logz\.io"
    r"|grafana\.net|loggly\.com|sumologic\.com|splunkcloud\.com|papertrailapp\.com|logtail\.com)(?:$|:)"
)
_TELEMETRY_PATH = pattern(r"/v1/(?:traces|metrics|logs)/?$|/loki/api/v\d/push$|/api/v\d/(?:push|spans)$")


def add_dependencies(draft: Draft) -> None:
    """Add the dependencies, and link services with them and with their calls."""
    calls: dict[str, list[RemoteCall]] = {}
    for call in draft.select(RemoteCall):
        calls.setdefault(call.service, []).append(call)
    dependencies: dict[str, list[Dependency]] = {}
    for name, made in sorted(calls.items()):
        caller = draft.service(name)
        dependencies[name] = _dependencies(draft, name, made, _runs_once(caller))
        draft.add(*dependencies[name])
    for service in draft.services:
        link(
            service,
            calls=tuple(sorted(calls.get(service.name, ()), key=lambda one: (one.at, one.key))),
            dependencies=tuple(dependencies.get(service.name, ())),
        )


def _dependencies(draft: Draft, service: str, calls: list[RemoteCall], is_one_shot: Truth) -> list[Dependency]:
    grouped: dict[tuple[str, str], list[RemoteCall]] = {}
    for call in sorted(calls, key=lambda one: (one.at, one.key)):
        if call.target_kind not in ("service", "external") or call.target == service or _is_telemetry(call):
            continue
        if call.in_production_code is True:
            grouped.setdefault((call.target, call.target_kind), []).append(call)
    return [
        Dependency(
            at=target_line(draft, made[0]),
            name=f"{service} -> {target}",
            key=f"{service} -> {target}",
            service=service,
            target=target,
            target_kind=kind,
            protocol=_protocol(made),
            calls=tuple(made),
            address_at=address_of(made[0])[-1].at if address_of(made[0]) else made[0].at,
            is_retryable=any_of(*(one.is_idempotent for one in made if not is_probe(one))),
            retryable=_related([one for one in made if one.is_idempotent is True and not is_probe(one)]),
            retry=_given([one.retry for one in made if one.is_idempotent is True]),
            breaker=_breaker(made),
            is_one_shot=is_one_shot,
            related=_related(made),
        )
        for (target, kind), made in sorted(grouped.items())
    ]


def _is_telemetry(call: RemoteCall) -> bool:
    """Whether it hands traces, metrics or logs to a back end for them: nobody's answer hangs on it."""
    if call.target_kind != "external" or not isinstance(call, HttpCall):
        return False
    path = call.path if isinstance(call.path, str) else ""
    return _TELEMETRY_HOST.search(call.target) is not None or _TELEMETRY_PATH.search(path) is not None


def _runs_once(caller: Service | None) -> Truth:
    if caller is None or isinstance(caller.is_long_running, Unknown):
        return False
    return caller.role == "job" or not caller.is_long_running


def is_probe(call: RemoteCall) -> bool:
    """Whether it only asks whether the other side is well: who asks, asks again."""
    if not isinstance(call, HttpCall) or not isinstance(call.path, str) or HOLE in call.path.rpartition("/")[0]:
        return False  # ``/orders/{}/status`` is about an order
    return _HEALTH.search(call.path) is not None


def _given(settings: list[Setting[str] | None | Unknown]) -> Setting[str] | None | Unknown:
    """What any of the calls has: one that is guarded shows that somebody thought of it."""
    found = next((one for one in settings if isinstance(one, Setting)), None)
    return found or next((one for one in settings if isinstance(one, Unknown)), None)


def _breaker(calls: list[RemoteCall]) -> Setting[str] | None | Unknown:
    guarded = [one.breaker for one in calls if not is_probe(one)]
    return _given(guarded) if guarded else Unknown("it only asks whether the other side is well")


def _protocol(calls: list[RemoteCall]) -> str:
    if any(isinstance(one, HttpCall) for one in calls):
        return "http"
    return "grpc" if all(isinstance(one, GrpcCall) for one in calls) else calls[0].library


def _related(calls: list[RemoteCall]) -> tuple[Place, ...]:
    """Every call, and where the first one's address is set."""
    if not calls:
        return ()
    places = [Place(one.at, f"calls {one.name}" if " " not in one.name else one.name) for one in calls]
    return tuple(dict.fromkeys([*places[:_MOST_RELATED], *address_of(calls[0])[-1:]]))
