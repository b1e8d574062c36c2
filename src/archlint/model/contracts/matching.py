"""Which operation of a contract is which route of the code.

A gateway may add or strip a prefix, and documents write server paths in two ways: so operations and routes are compared
under the one shift that makes most of them meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from archlint.core.record import dataclass, pattern
from archlint.core.system.calls import Route
from archlint.model.contracts.documents import Document

Segments = tuple[str, ...]
Shift = tuple[Segments, Segments]
"""What stands before an operation's path, and what stands before a route's, where the two are otherwise the same."""

_PARAMETER = pattern(r"\{[^}]*\}|<[^>]*>|:[A-Za-z_]\w*")
_PLAIN: Shift = ((), ())


@dataclass(frozen=True)
class Match:
    """How a contract and the routes of one service meet: indexes of operations and routes that do."""

    operations: frozenset[int]
    routes: frozenset[int]


def match_http(document: Document, routes: Sequence[Route]) -> Match:
    """The operations that routes serve, and the routes that operations describe."""
    paths = [_segments(route.path) if isinstance(route.path, str) else None for route in routes]
    wanted = [_segments(one.path) for one in document.operations]
    best = Match(frozenset(), frozenset())
    for candidate in _shifts(document, wanted, [one for one in paths if one is not None]):
        found = _under(candidate, document, wanted, routes, paths)
        if (len(found.operations), len(found.routes)) > (len(best.operations), len(best.routes)):
            best = found
    return best


def match_rpc(document: Document, routes: Sequence[Route]) -> Match:
    """The rpcs that servicers serve: by service and method, as code need not say the package."""
    served: dict[tuple[str, str], list[int]] = {}
    for index, route in enumerate(routes):
        if route.protocol == "grpc" and isinstance(route.path, str):
            served.setdefault(_rpc(route.path), []).append(index)
    operations, met = set(), set()
    for number, operation in enumerate(document.operations):
        for index in served.get(_rpc(operation.path), ()):
            operations.add(number)
            met.add(index)
    return Match(frozenset(operations), frozenset(met))


def served_rpc_services(routes: Iterable[Route]) -> frozenset[str]:
    """The simple names of the rpc services that the routes belong to."""
    return frozenset(
        _rpc(route.path)[0] for route in routes if route.protocol == "grpc" and isinstance(route.path, str)
    )


def rpc_service(path: str) -> str:
    """The simple name of the service in ``/package.Service/Method``."""
    return _rpc(path)[0]


def _rpc(path: str) -> tuple[str, str]:
    service, _, method = path.strip("/").partition("/")
    return service.rpartition(".")[2], method


def _segments(path: str) -> Segments:
    return tuple(_PARAMETER.sub("{}", part) for part in path.split("/") if part)


def _shifts(document: Document, wanted: Sequence[Segments], paths: Sequence[Segments]) -> list[Shift]:
    """The shifts worth trying, the likeliest first: the servers' base paths, none, and the most usual differences of
    equal ends."""
    shifts: dict[Shift, None] = {(_segments(base), ()): None for base in document.base_paths}
    shifts[_PLAIN] = None
    ends: dict[Segments, list[Segments]] = {}
    for path in paths:
        for start in range(min(len(path), 4)):
            ends.setdefault(path[start:], []).append(path[:start])
    counts: Counter[Shift] = Counter()
    for operation in wanted:
        for start in range(min(len(operation), 4)):
            for prefix in ends.get(operation[start:], ()):
                if "{}" not in prefix and "{}" not in operation[:start] and not (prefix and start):
                    counts[(prefix, operation[:start])] += 1
    for shift, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:8]:
        shifts[shift] = None
    return list(shifts)


def _under(
    shift: Shift,
    document: Document,
    wanted: Sequence[Segments],
    routes: Sequence[Route],
    paths: Sequence[Segments | None],
) -> Match:
    before, removed = shift
    served: dict[Segments, list[int]] = {}
    for index, path in enumerate(paths):
        if path is not None and routes[index].protocol == "http":
            served.setdefault(path, []).append(index)
    operations, met = set(), set()
    for number, operation in enumerate(document.operations):
        segments = wanted[number]
        if segments[: len(removed)] != removed:
            continue
        for index in served.get(before + segments[len(removed) :], ()):
            methods = routes[index].methods
            if not methods or operation.method in methods:
                operations.add(number)
                met.add(index)
    return Match(frozenset(operations), frozenset(met))
