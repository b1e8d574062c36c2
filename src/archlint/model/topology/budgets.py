"""Timeouts along chains of calls: whether a caller still waits when its callee gives up.

In: calls with their effective timeouts and retries, and what answers them. Out: a ``TimeoutBudget`` for each call whose
callee, to answer it, makes a call with a known bound. A caller waits at most its timeout times its attempts, a callee
at least its timeout times its attempts; where either is not known, nothing is said.
"""

from __future__ import annotations

from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, RemoteCall, TimeoutBudget
from archlint.core.values import Place, Setting, Unknown
from archlint.model.draft import Draft
from archlint.model.topology.serving import Serving


def add_timeout_budgets(draft: Draft, serving: Serving) -> None:
    """Add the budgets."""
    for call in draft.select(RemoteCall):
        if call.target_kind != "service" or call.target == call.service or call.in_production_code is not True:
            continue
        waits = longest_wait(call)
        if waits is None:
            continue
        slowest: list[tuple[float, RemoteCall]] = []
        for made in serving.answering(call):
            bounds = [(bound, one) for one in made if (bound := shortest_bound(one)) is not None]
            slowest.append(max(bounds, key=lambda found: found[0], default=(0.0, call)))
        needs, inner = min(slowest, key=lambda found: found[0], default=(0.0, call))
        if inner is not call:
            draft.add(_subject(call, waits, inner, needs))


def longest_wait(call: RemoteCall) -> float | None:
    """The seconds after which the caller has given up with all its attempts, None where that is not known."""
    attempts = _attempts(call)
    if not isinstance(call.timeout, Setting) or not isinstance(attempts, int):
        return None
    return call.timeout.value * attempts


def shortest_bound(call: RemoteCall) -> float | None:
    """The seconds that the call may take before it fails, at least, None where that is not known."""
    attempts = _attempts(call)
    if not isinstance(call.timeout, Setting):
        return None
    return call.timeout.value * (attempts if isinstance(attempts, int) else 1)


def _attempts(call: RemoteCall) -> int | None | Unknown:
    """How often the timeout runs: once where what repeats the call does so inside it (the mesh behind the client, gRPC
    within a deadline)."""
    if isinstance(call.retry, Setting):
        inside = ("mesh", "gateway", "platform")
        if call.retry.source in inside or (isinstance(call, GrpcCall) and call.retry.source in ("session", "library")):
            return 1
    return call.attempts


def _subject(call: RemoteCall, waits: float, inner: RemoteCall, needs: float) -> TimeoutBudget:
    related = [Place(inner.at, f"{inner.service} waits up to {needs:g} s for {inner.target}")]
    for one in (call, inner):
        place = _given_at(one)
        if place is not None and place != one.at:
            related.append(Place(place, f"the timeout of {one.service}'s call"))
    return TimeoutBudget(
        at=call.at,
        name=f"{call.service} -> {call.target} -> {inner.target}",
        key=f"{call.key} then {inner.key}",
        service=call.service,
        callee=call.target,
        target=inner.target,
        waits=waits,
        needs=needs,
        related=tuple(related),
    )


def _given_at(call: RemoteCall) -> Span | None:
    return call.timeout.at if isinstance(call.timeout, Setting) else None
