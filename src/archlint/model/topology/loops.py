"""Remote calls that are made once for each element of data: in a loop, or in a function that a loop calls.

In: remote calls, the loops around them and the callers of the functions that make them. Out: a ``RepeatedCall`` for
each place in a loop. Attempts, polls, pages, batches, messages, a fixed list and calls that run at the same time are
not loops over data; a call that does not depend on the element is none either.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import PythonCall, PythonFunction, Result
from archlint.core.span import Span
from archlint.core.system.calls import GrpcCall, HttpCall, RemoteCall, RepeatedCall
from archlint.core.values import Place
from archlint.model.code.calls.handed import stands_for
from archlint.model.code.objects import member_of
from archlint.model.code.scope import code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.topology.rounds import depends_on_element, is_over_data, leads_to_element

_MOST_HOPS = 4
_MOST_SITES = 60
_CONCURRENT = frozenset({"grequests", "requests-futures", "requests_futures", "treq"})
_RUNS = frozenset({"run", "run_until_complete", "wait_for", "async_to_sync", "run_sync", "shield"})


def add_repeated_calls(draft: Draft) -> None:
    """Add the calls that are made in loops over data."""
    callers = _Callers(draft)
    scope = code_scope(draft)
    found: dict[tuple[str, Span, str], RepeatedCall] = {}
    for remote in draft.select(RemoteCall):
        if remote.target_kind == "infrastructure" or remote.is_loopback is not False or remote.is_probe is True:
            continue
        if remote.in_production_code is not True or remote.library in _CONCURRENT or remote.target == remote.service:
            continue
        if isinstance(remote, GrpcCall) and remote.streaming is not False:
            continue
        module = draft.program.modules.get(remote.at.path)
        call = _call_at(draft, module, remote.at) if module is not None else None
        if module is None or call is None:
            continue
        for site, where, chain in callers.loops_around(remote, call, module):
            key = (remote.service, site.at, remote.target)
            if key not in found and remote.service in scope.services_running(site, where):
                found[key] = _subject(remote, site, where, chain)
    draft.add(*found.values())


def _subject(remote: RemoteCall, site: PythonCall, module: Module, chain: tuple[Place, ...]) -> RepeatedCall:
    loop = site.loop
    function = module.function(site.function)
    where = function.name.rpartition(".")[2] if function is not None else "module"
    places = [Place(loop.at, "the loop")] if loop is not None else []
    return RepeatedCall(
        at=site.at,
        name=f"{remote.service} calls {remote.target} in {where}",
        key=f"{remote.service} {where} repeats {remote.key}",
        service=remote.service,
        target=remote.target,
        loop=loop.kind if loop is not None else "map",
        is_over_data=True,
        related=(*places, *chain),
    )


def _call_at(draft: Draft, module: Module, at: Span) -> PythonCall | None:
    known = draft.memo.setdefault("calls by place", {})
    assert isinstance(known, dict)
    index = known.get(module.path)
    if index is None:
        index = known[module.path] = {one.at: one for one in module.facts.calls}
    found: PythonCall | None = index.get(at)
    return found


_Site = tuple[PythonCall, Module, tuple[Place, ...]]


class _Callers:
    """The places that run a function, and whether each does for the elements of a loop; each worked out once."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._known: dict[tuple[str, str], tuple[tuple[PythonCall, Module, bool], ...]] = {}

    def of(self, function: PythonFunction, module: Module) -> tuple[tuple[PythonCall, Module, bool], ...]:
        """The calls, without those that hand the function to something that runs it on its own."""
        key = (module.path, function.name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(self._find(function, module))
        return found

    def _find(self, function: PythonFunction, module: Module) -> Iterator[tuple[PythonCall, Module, bool]]:
        draft = self._draft
        for site, home in draft.program.callers(function, module)[:_MOST_SITES]:
            handed = _is_handed_on(draft, site, home, function)
            if handed is not None:
                yield site, home, handed or _is_repeated(draft, site, home, is_async=function.is_async)

    def loops_around(self, remote: RemoteCall, call: PythonCall, module: Module) -> Iterator[_Site]:
        """The calls in loops over data that lead to the remote call, nearest first."""
        if isinstance(remote, HttpCall) and remote.target_kind == "unknown" and leads_to_element(call):
            return  # each round asks somebody else: the address itself is the element, or is handed in
        if _is_repeated(self._draft, call, module, is_async=None):
            yield call, module, ()
            return
        seen: set[tuple[str, str]] = set()
        level: list[_Site] = [(call, module, (Place(remote.at, f"calls {remote.target}"),))]
        for _ in range(_MOST_HOPS):
            following: list[_Site] = []
            for inner, where, chain in level:
                function = where.function(inner.function)
                if function is None or (where.path, function.name) in seen:
                    continue
                seen.add((where.path, function.name))
                step = f"calls {function.name.rpartition('.')[2]}"
                for site, home, is_repeated in self.of(function, where):
                    if is_repeated:
                        yield site, home, chain
                    else:
                        following.append((site, home, (Place(site.at, step), *chain)))
            level = following[:_MOST_SITES]
            if not level:
                return


def _is_repeated(draft: Draft, call: PythonCall, module: Module, *, is_async: bool | None) -> bool:
    """Whether the call is made one after the other for the elements of a loop."""
    loop = call.loop
    if loop is None or not is_over_data(draft, loop, call, module) or not depends_on_element(call, loop, module):
        return False
    if member_of(call.callee) == "future":
        return False
    return not _is_concurrent(call, module, is_async)


def _is_concurrent(call: PythonCall, module: Module, is_async: bool | None) -> bool:
    """Whether the loop only makes coroutines, which something else runs together."""
    if call.awaited or is_async is False:
        return False
    function = module.function(call.function)
    if is_async is None and (function is None or not function.is_async):
        return False
    made = next(
        (place for place in module.places_named({member_of(call.callee)}) if module.facts.calls[place] is call), None
    )
    if made is None:
        return True
    result = Result(made)
    for other in module.facts.calls:
        if result in other.contexts:
            return False
        if any(one.value == result for one in other.arguments) and (other.awaited or member_of(other.callee) in _RUNS):
            return member_of(other.callee) in ("gather", "as_completed", "wait")
    # ``async with client.get(…)`` around calls that are not in this module's facts cannot be told from a coroutine.
    return True


def _is_handed_on(draft: Draft, site: PythonCall, module: Module, function: PythonFunction) -> bool | None:
    """False where the site calls the function itself; True for ``map(f, data)``; None where something else runs it."""
    name = function.name.rpartition(".")[2]
    if member_of(site.callee) == name:
        return False
    called = draft.program.function_of(site.callee, module)
    if called is not None or not any(stands_for(draft, one.value, module, function) for one in site.arguments):
        return False
    if site.name == "map" and len(site.arguments) > 1:
        return True
    return None
