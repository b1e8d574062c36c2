"""Contracts to the services that serve them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from archlint.core.facts.base import Fact
from archlint.core.facts.documents import AsyncApiDocument, OpenApiDocument, ProtoFile
from archlint.core.record import dataclass, pattern
from archlint.core.system.base import link
from archlint.core.system.calls import Route
from archlint.core.system.contracts import Contract, InvalidContract, Operation
from archlint.core.system.messaging import Publisher
from archlint.core.system.services import Service
from archlint.core.values import UNKNOWN, Place, Truth, is_unknown
from archlint.model.code.routes import has_opaque_routes
from archlint.model.contracts.documents import (
    Document,
    group_copies,
    is_foreign,
    read_asyncapi,
    read_openapi,
    read_proto,
)
from archlint.model.contracts.drift import openapi_drifts, proto_drifts
from archlint.model.contracts.matching import Match, match_http, match_rpc, rpc_service, served_rpc_services
from archlint.model.draft import Draft
from archlint.model.production import is_production

FactT = TypeVar("FactT", bound=Fact)

_GENERIC_WORDS = frozenset(
    ("api", "apis", "service", "services", "svc", "server", "microservice", "openapi", "swagger", "rest", "http", "the")
)
_JOBS = frozenset({"celery", "dramatiq", "rq", "arq", "temporal"})
_DOCUMENTATION = pattern(r"(?:^|/)docs?/|(?:^|/)documentation/")


@dataclass(frozen=True)
class Serving:
    """A service that serves a document, and how the two meet. ``is_sure`` says that some operation does meet."""

    service: Service
    match: Match
    is_sure: bool


NO_MATCH = Match(frozenset(), frozenset())


class Names:
    """Which services a document may belong to, by where it lies, by its names and by what it says; looked up, as there
    may be hundreds of both."""

    def __init__(self, draft: Draft, documents: Sequence[Document]) -> None:
        self.draft = draft
        self._by_stems: dict[frozenset[str], list[Service]] = {}
        self._ends: dict[str, frozenset[str]] = {}
        for service in draft.services:
            if stems := _stems(service.name):
                self._by_stems.setdefault(stems, []).append(service)
            self._ends[service.name] = frozenset(
                _end(route.path) for route in service.routes if isinstance(route.path, str)
            )
        self._channels: dict[str, list[Service]] = {}
        for publisher in draft.select(Publisher):
            owner = draft.service(publisher.service)
            if owner is not None and isinstance(publisher.channel, str):
                self._channels.setdefault(publisher.channel, []).append(owner)
        self._at_home: dict[str, list[Document]] = {}
        for document in documents:
            home = draft.service_at(document.path)
            if home is not None and document.format == "openapi":
                self._at_home.setdefault(home.name, []).append(document)

    def services_of(self, document: Document) -> list[Service]:
        """The services that the title, the file or a folder of the document names; the folder of the service that it
        lies in says where it is, not what it is."""
        home = self.draft.service_at(document.path)
        below = document.path.removeprefix(f"{home.directory}/") if home and home.directory else document.path
        names = (document.title, *below.rsplit(".", 1)[0].split("/"))
        found = [service for name in names for service in self._by_stems.get(_stems(name), ())]
        return list(dict.fromkeys(found))

    def publishers_of(self, document: Document) -> list[Service]:
        """The services that publish to a channel of the document."""
        found = [service for one in document.operations for service in self._channels.get(one.path, ())]
        return list(dict.fromkeys(found))

    def may_meet(self, document: Document, service: Service) -> bool:
        """Whether some route of the service ends as some operation does."""
        ends = self._ends[service.name]
        return any(_end(one.path) in ends for one in document.operations)

    def has_own_document(self, home: Service, document: Document) -> bool:
        """Whether another document in the service's folder is surely the service's own."""
        return any(
            home in self.services_of(other) or _match(other, home.routes).operations
            for other in self._at_home.get(home.name, ())
            if other is not document
        )


def add_contracts(draft: Draft) -> None:
    """Add contracts, operations, invalid contracts and drifts; fill in what services and routes have of them."""
    openapi = _production(draft, draft.index.of(OpenApiDocument))
    protos = [one for one in _production(draft, draft.index.of(ProtoFile)) if not is_foreign(one.package)]
    documents = [
        *map(read_openapi, openapi),
        *map(read_asyncapi, _production(draft, draft.index.of(AsyncApiDocument))),
        *map(read_proto, protos),
    ]
    _add_problems(draft, documents)
    draft.add(*openapi_drifts(openapi), *proto_drifts(protos))
    names = Names(draft, documents)
    contracts: dict[str, list[Contract]] = {}
    described: dict[int, str] = {}
    judged: set[int] = set()
    for group in group_copies(documents):
        contract, servings = _contract(names, group)
        draft.add(contract, *contract.operations)
        for serving in servings:
            contracts.setdefault(serving.service.name, []).append(contract)
            if contract.format == "openapi" and serving.is_sure and not any(one.is_open for one in group):
                judged |= {id(route) for route in serving.service.routes if route.protocol == "http"}
            for index in serving.match.routes:
                described[id(serving.service.routes[index])] = contract.name
    for service in draft.services:
        mine = tuple(contracts.get(service.name, ()))
        _fill_in(draft, service, mine, described, judged)


def _production(draft: Draft, facts: Iterable[FactT]) -> list[FactT]:
    """The facts of the project's own production files; contracts often lie below ``docs``."""
    return [one for one in facts if is_production(_DOCUMENTATION.sub("/", one.at.path).lstrip("/"), draft.config)]


def _add_problems(draft: Draft, documents: Iterable[Document]) -> None:
    for document in documents:
        for problem in document.problems:
            draft.add(
                InvalidContract(
                    at=problem.at,
                    name=document.title,
                    key=f"{document.path} {problem.message}",
                    format=document.specification,
                    problem=problem.message,
                    contract=document.title,
                )
            )


def _contract(names: Names, group: Sequence[Document]) -> tuple[Contract, list[Serving]]:
    """One contract for all its copies, with the services that serve it."""
    first = group[0]
    servings: dict[str, Serving] = {}
    operations: dict[str, Operation] = {}
    for document in group:
        found = _servings(names, document)
        for serving in found:
            servings.setdefault(serving.service.name, serving)
        for number, one in enumerate(document.operations):
            name = f"{one.method} {one.path}" if document.format != "proto" else one.path.lstrip("/")
            if name in operations:
                continue
            operations[name] = Operation(
                at=one.at,
                name=name,
                key=f"{document.format} {document.title} {name}",
                contract=document.title,
                protocol={"openapi": "http", "proto": "grpc"}.get(document.format, "message"),
                method=one.method,
                path=one.path,
                service=found[0].service.name if found else None,
                is_authenticated=one.is_authenticated,
                responses=one.responses,
                implemented=_implemented(names.draft, document, number, found),
                related=tuple(Place(serving.service.at, f"{serving.service.name} serves it") for serving in found[:3]),
            )
    versioned = next((one.version_in for one in group if one.version_in), None)
    return (
        Contract(
            at=first.version_at,
            name=first.title,
            key=f"{first.format} {first.title} {first.path}",
            format=first.format,
            title=first.title,
            specification=first.specification,
            version_in=versioned,
            is_operational=all(one.is_operational for one in group),
            operations=tuple(operations.values()),
            services=tuple(sorted(servings)),
            copies=tuple(Place(one.version_at, "a copy of it") for one in group[1:]),
        ),
        [servings[name] for name in sorted(servings)],
    )


def _servings(names: Names, document: Document) -> list[Serving]:
    """The services that serve a document, the surest first. Where it lies and what it is called come before what it
    says: services that offer alike operations do not serve each other's contracts."""
    draft = names.draft
    home = draft.service_at(document.path)
    named = names.services_of(document)
    near = [*([home] if home else []), *(one for one in named if one is not home)]
    found = [Serving(one, match, True) for one in near if (match := _match(document, one.routes)).operations]
    if found:
        return found
    if document.format == "asyncapi":
        publishers = [one for one in names.publishers_of(document) if one not in near]
        return [Serving(one, NO_MATCH, False) for one in (*near, *publishers)]
    if document.operations and document.format in ("openapi", "proto"):
        met = [
            Serving(service, match, True)
            for service in draft.services
            if service not in near and names.may_meet(document, service)
            if (match := _match(document, service.routes)).operations
        ]
        found = met if document.format == "proto" else _sharing(document, met)
        if home is not None and home.directory and not home.is_read:
            # It is that service's, whose code nobody reads here, unless it is a copy of all that another one serves.
            found = [one for one in found if len(one.match.operations) == len(document.operations)]
    if found or document.format == "proto":
        return found
    if home is not None and (home in named or not (named or names.has_own_document(home, document))):
        return [Serving(home, NO_MATCH, False)]
    return []


def _sharing(document: Document, met: Sequence[Serving]) -> list[Serving]:
    """The services that serve most of a document, or each its own part of one that describes them all."""
    parts = [one for one in met if len(one.match.operations) > 1]
    together = frozenset(number for one in parts for number in one.match.operations)
    is_split = len(parts) > 1 and sum(len(one.match.operations) for one in parts) == len(together)
    if is_split and 2 * len(together) >= len(document.operations):
        return parts
    return [one for one in met if 2 * len(one.match.operations) >= len(document.operations)]


def _match(document: Document, routes: Sequence[Route]) -> Match:
    if document.format == "openapi":
        return match_http(document, routes)
    return match_rpc(document, routes) if document.format == "proto" else Match(frozenset(), frozenset())


def _end(path: str) -> str:
    last = path.rstrip("/").rpartition("/")[2]
    return "{}" if last[:1] in ("{", "<", ":") else last


def _stems(name: str) -> frozenset[str]:
    parts = re.findall(r"[a-z]+|\d+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    stems = (re.sub(r"(?:micro)?(?:service|svc)$", "", part) or part for part in parts)
    return frozenset(stem.removesuffix("s") for stem in stems if stem not in _GENERIC_WORDS)


def _implemented(draft: Draft, document: Document, number: int, servings: Sequence[Serving]) -> Truth:
    """Whether a service serves the operation; unknown where none is read, or one may serve more than is seen."""
    if document.format == "proto":
        return _rpc_implemented(draft, document, number)
    if any(number in serving.match.operations for serving in servings):
        return True
    if document.format != "openapi" or not servings or not all(serving.is_sure for serving in servings):
        return UNKNOWN
    if any(_may_serve_more(draft, serving.service) for serving in servings):
        return UNKNOWN
    return False


def _rpc_implemented(draft: Draft, document: Document, number: int) -> Truth:
    path = document.operations[number].path
    name = rpc_service(path)
    for service in draft.services:
        if name in served_rpc_services(service.routes):
            served = {route.path for route in service.routes if isinstance(route.path, str)}
            if any(one.endswith(f"{name}/{path.rpartition('/')[2]}") for one in served):
                return True
            return UNKNOWN if _may_serve_more(draft, service) else False
    return UNKNOWN


def _may_serve_more(draft: Draft, service: Service) -> bool:
    return (
        not service.is_read
        or has_opaque_routes(draft, service.name)
        or any(is_unknown(route.path) for route in service.routes)
        or any(language != "Python" for language in service.languages)
    )


def _fill_in(
    draft: Draft, service: Service, contracts: tuple[Contract, ...], described: dict[int, str], judged: set[int]
) -> None:
    for route in service.routes:
        name = described.get(id(route))
        if name is not None:
            link(route, documented=True, contract=name)
        elif id(route) in judged and route.protocol == "http" and not is_unknown(route.path):
            http = [one for one in contracts if one.format == "openapi"]
            link(
                route,
                documented=False,
                contract=http[0].name,
                related=tuple(Place(one.at, f"the contract {one.name}") for one in http[:3]),
            )
    # A task handed to workers of its own code base is no event.
    published = [one for one in draft.select(Publisher) if one.service == service.name and one.broker not in _JOBS]
    operations = (*service.published_operations, *(Place(one.at, f"publishes {one}") for one in published))
    link(service, contracts=contracts, published_operations=operations, has_contract=_has_contract(service, contracts))


def _has_contract(service: Service, contracts: Sequence[Contract]) -> Truth:
    """Whether a contract describes what the service offers. gRPC cannot do without one, wherever it lies."""
    if contracts:
        return True
    if any(route.protocol == "grpc" and route.kind == "business" for route in service.routes):
        return UNKNOWN
    return False
