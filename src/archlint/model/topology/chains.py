"""Chains of synchronous calls: a call, the call that its callee makes to answer it, and so on.

In: calls and what answers them. Out: one ``CallChain`` for each first caller and callee, the longest that is sure:
where several routes may answer, the one with the shortest way on counts. A part of a longer chain is none of its own.
"""

from __future__ import annotations

from archlint.core.system.calls import CallChain, RemoteCall
from archlint.core.values import Place
from archlint.model.draft import Draft
from archlint.model.topology.serving import Serving

_MOST_HOPS = 12

Chain = tuple[RemoteCall, ...]


def add_call_chains(draft: Draft, serving: Serving) -> None:
    """Add the chains of two and more calls."""
    longest = _Longest(serving)
    best: dict[tuple[str, str], Chain] = {}
    inner: set[int] = set()
    for call in draft.select(RemoteCall):
        if not _counts(call):
            continue
        chain = longest.of(call)
        inner.update(id(one) for one in chain[1:])
        key = (call.service, call.target)
        before = best.get(key)
        if before is None or (len(chain), before[0].at) > (len(before), call.at):
            best[key] = chain
    for chain in best.values():
        if len(chain) > 1 and id(chain[0]) not in inner:
            draft.add(_subject(chain))


def _counts(call: RemoteCall) -> bool:
    if call.target_kind != "service" or call.target == call.service or call.is_probe is True:
        return False
    return call.in_production_code is True


class _Longest:
    """The longest chain from each call, worked out once."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._known: dict[int, Chain] = {}

    def of(self, call: RemoteCall, depth: int = 0) -> Chain:
        """The chain that begins with the call."""
        found = self._known.get(id(call))
        if found is None:
            self._known[id(call)] = (call,)  # a call that comes back to itself ends there
            found = (call, *self._rest(call, depth)) if depth < _MOST_HOPS else (call,)
            self._known[id(call)] = found
        return found

    def _rest(self, call: RemoteCall, depth: int) -> Chain:
        ways: list[Chain] = []
        for made in self._serving.answering(call):
            onward = [self.of(one, depth + 1) for one in made if _counts(one)]
            onward = [one for one in onward if all(step.target != call.service for step in one)]
            ways.append(max(onward, key=len, default=()))
        return min(ways, key=len, default=())


def _subject(chain: Chain) -> CallChain:
    services = (chain[0].service, *(one.target for one in chain))
    shown = " -> ".join(services)
    return CallChain(
        at=chain[0].at,
        name=shown,
        key=shown,
        services=services,
        hops=len(chain),
        calls=chain,
        related=tuple(Place(one.at, f"{one.service} calls {one.target}") for one in chain[1:]),
    )
