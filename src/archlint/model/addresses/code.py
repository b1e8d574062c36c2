"""Hosts that code itself names: in calls, and in the defaults and constants that calls use.

In: calls and datastore uses. Out: one ``AddressReference`` for each service and host, at the line that a person edits:
where the text with the host stands. What uses it is related. A host that a variable gives is reported at the variable,
by others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from archlint.core.facts.python import (
    Choice,
    Dictionary,
    Display,
    EnvironmentRead,
    Expression,
    Literal,
    PythonAssignment,
    Template,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.system.calls import AddressReference, GrpcCall, HttpCall
from archlint.core.system.data import DatastoreUse
from archlint.core.values import UNKNOWN, Place, Truth, known
from archlint.model.addresses.directory import Directory
from archlint.model.addresses.hosts import Address, addresses_in, kind_of
from archlint.model.addresses.ports import bind_reference
from archlint.model.draft import Draft


@dataclass(frozen=True)
class _Use:
    """Something in a service's code that uses an address; ``cause`` is where its host is written."""

    service: str
    address: Address
    at: Span
    cause: Span
    name: str


def add_code_addresses(
    draft: Draft, found: Mapping[str, Directory], from_variables: Mapping[str, Collection[str]]
) -> None:
    """Add the hosts that code names. ``from_variables`` are those that each service gets from its environment."""
    uses: dict[tuple[str, str], list[_Use]] = {}
    for use in _uses(draft):
        if use.address.host not in from_variables.get(use.service, ()):
            uses.setdefault((use.service, use.address.host.lower()), []).append(use)
    for same in uses.values():
        _add(draft, sorted(same, key=lambda one: (one.cause.path, one.cause.line, one.at.path, one.at.line)), found)


def _uses(draft: Draft) -> Iterator[_Use]:
    assigned = _Assigned(draft)
    calls: list[tuple[HttpCall | GrpcCall, str]] = [
        (call, url) for call in draft.select(HttpCall) if (url := known(call.url)) is not None
    ]
    calls += [(call, call.target) for call in draft.select(GrpcCall) if call.target_kind in ("external", "unknown")]
    for call, text in calls:
        if call.in_production_code is False:
            continue
        for address in addresses_in("url", text):
            cause = assigned.cause(call.related, address.host) or call.at
            yield _Use(call.service, address, call.at, cause, call.name)
            break
    for use in draft.select(DatastoreUse):
        host = known(use.host)
        if host and use.at.path.endswith(".py"):
            port = use.port if isinstance(use.port, int) else None
            yield _Use(use.service, Address(host, port, use.engine), use.at, use.at, use.name)


class _Assigned:
    """What Python modules assign, by place."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._by_path: dict[str, dict[Span, PythonAssignment]] = {}

    def cause(self, chain: tuple[Place, ...], host: str) -> Span | None:
        """The place of the chain whose value has the host in it."""
        for place in reversed(chain):
            assignment = self._at(place.at)
            if assignment is not None and _mentions(assignment.value, host.lower()):
                return assignment.at
        return None

    def _at(self, at: Span) -> PythonAssignment | None:
        found = self._by_path.get(at.path)
        if found is None:
            module = self._draft.program.modules.get(at.path)
            assignments = module.facts.assignments if module is not None else ()
            found = self._by_path[at.path] = {one.at: one for one in assignments}
        return found.get(at)


def _mentions(value: Expression | None, host: str, depth: int = 8) -> bool:
    if depth == 0:
        return False
    parts: tuple[Expression | None, ...] = ()
    if isinstance(value, Literal):
        return isinstance(value.value, str) and host in value.value.lower()
    if isinstance(value, EnvironmentRead):
        parts = (value.default,)
    elif isinstance(value, Template):
        parts = value.parts
    elif isinstance(value, Choice):
        parts = value.options
    elif isinstance(value, Display):
        parts = value.items
    elif isinstance(value, Dictionary):
        parts = tuple(item for _, item in value.entries)
    return any(_mentions(one, host, depth - 1) for one in parts)


def _add(draft: Draft, uses: list[_Use], found: Mapping[str, Directory]) -> None:
    first = uses[0]
    address, service = first.address, first.service
    homes = {container.environment for container in draft.containers_of(service)}
    near = [found[one] for one in sorted(homes) if one in found]
    kind = kind_of(address.host, {name for one in near for name in one.namespaces})
    target = next((match for one in near if (match := one.find(address.host)) is not None), None)
    resolves: Truth = UNKNOWN
    if kind == "in-cluster" and near:
        answers = [one.resolves(address.host) for one in near if one.environment.kind != "compose" or len(near) == 1]
        if target is not None or any(answer is True for answer in answers):
            resolves = True
        elif answers and all(answer is False for answer in answers):
            resolves = False
    places = [Place(use.cause, "names it too") for use in uses if use.cause != first.cause]
    places += [Place(use.at, f"{use.name} uses it") for use in uses if use.at != use.cause]
    if target is not None:
        places.append(Place(target.at, f"{target.name} is defined here"))
    draft.add(
        AddressReference(
            at=first.cause,
            name=address.host,
            key=f"code/{service}/{address.host}",
            source="code",
            host=address.host,
            host_kind=kind,
            port=address.port,
            environment=target.environment if target else near[0].environment.name if near else None,
            service=service,
            scheme=address.scheme,
            path=address.path,
            resolves=resolves,
            target=target.name if target else None,
            is_call_target=True,
            related=tuple(dict.fromkeys(places)),
        )
    )
    if target is not None:
        ports: dict[int, Span] = {}
        for use in uses:
            if use.address.port is not None:
                ports.setdefault(use.address.port, use.cause)
        for port, at in ports.items():
            bind_reference(draft, at, target, port, caller=service)
