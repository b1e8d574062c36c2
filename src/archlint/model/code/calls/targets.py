"""Whom a call reaches: from the text of an address to a service of the system, infrastructure, or the outside.

In: an evaluated URL or ``host:port``. Out: the target's name and kind, with the chain of places that gives the address.
What stays open (a host from an unresolved variable) is unknown, never external.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from archlint.core.facts.python import Expression
from archlint.core.record import dataclass, pattern
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.scope import surroundings_of
from archlint.model.draft import Draft
from archlint.model.program.program import HOLE, Given, Lookup, Module, Resolved

_URL = pattern(
    r"^(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?//(?:[^@/]*@)?(?P<host>\[[^\]]*\]|[^:/?#]*)(?::(?P<port>[^/?#]*))?"
    r"(?P<rest>.*)$",
    re.DOTALL,
)
_PAIR = pattern(r"^(?:dns:/{0,3}|ipv4:)?(?P<host>\[[^\]]*\]|[^:/?#]+)(?::(?P<port>\d+|\{\}))?(?P<rest>/.*)?$")
_OPEN = Unknown("its address is not resolved")
_LOOPBACK = pattern(r"localhost|127\.\d+\.\d+\.\d+|\[?::1?\]?|0\.0\.0\.0|.*\.localhost")
_DOCKER_HOST = pattern(r"(^|\.)docker\.internal$|^docker\.for\.")
"""The machine that containers run on: whatever is published there."""
_METADATA = frozenset({"169.254.169.254", "metadata", "metadata.google.internal", "169.254.170.2", "instance-data"})
_CLUSTER_SUFFIX = pattern(r"\.svc(\.cluster\.local)?$")


@dataclass(frozen=True)
class Target:
    """A callee. ``kind`` as in RemoteCall; ``host`` and ``path`` are UNKNOWN where the address does not tell."""

    name: str
    kind: str
    url: str | Unknown = _OPEN
    host: str | Unknown = _OPEN
    path: str | Unknown = _OPEN
    is_loopback: bool = False
    chain: tuple[Place, ...] = ()

    @property
    def is_internal(self) -> Truth:
        """Whether the callee is inside the system: one of its services, or a host of its cluster."""
        if self.kind == "unknown" and not self.is_loopback:
            return True if isinstance(self.host, str) else _OPEN
        return self.kind == "service"


_RANKS = ("service", "infrastructure", "external", "unknown")

NOWHERE = Target("an address that is not resolved", "unknown")


def target_of(
    draft: Draft, service: str, expression: Expression | None, module: Module, prefix: Expression | None = None
) -> Target:
    """Where an address leads when that service uses it: the likeliest of several. ``prefix`` is the client's base
    address, if it has one."""
    return targets_of(draft, service, expression, module, None, (prefix, module) if prefix is not None else None)[0]


def targets_of(
    draft: Draft,
    service: str,
    expression: Expression | None,
    module: Module,
    given: Mapping[tuple[str, str], Given] | None = None,
    prefix: Given | None = None,
) -> list[Target]:
    """Wherever an address may lead, the likeliest first; ``given`` are the parameters of one way to run the code."""
    if expression is None and prefix is None:
        return [NOWHERE]
    targets: list[Target] = []
    for surroundings in surroundings_of(draft, service):
        texts = _texts(draft, expression, module, prefix, surroundings.lookup, given)
        targets.extend(read_target(draft, one, surroundings.environment) for one in texts)
        if texts and surroundings.is_production:
            break
    ranked = sorted(targets, key=lambda one: _RANKS.index(one.kind))
    distinct: dict[tuple[str, str], Target] = {}
    for one in ranked:
        if one.kind != "unknown" or not distinct:
            distinct.setdefault((one.name, str(one.path)), one)
    return list(distinct.values()) or [NOWHERE]


def _texts(
    draft: Draft,
    expression: Expression | None,
    module: Module,
    prefix: Given | None,
    lookup: Lookup,
    given: Mapping[tuple[str, str], Given] | None,
) -> list[Resolved]:
    def resolve(one: Expression | None, home: Module) -> list[Resolved]:
        if one is None:
            return []
        found = draft.program.evaluate(one, home, lookup, given)
        return [] if isinstance(found, Unknown) else [value for value in found if isinstance(value.value, str)]

    paths = resolve(expression, module)
    if prefix is None or any(_URL.match(str(one.value)) for one in paths):
        return paths
    joined = []
    for base in resolve(*prefix):
        for path in paths or [Resolved(HOLE, (), False)]:
            text = str(base.value).rstrip("/") + "/" + str(path.value).lstrip("/")
            joined.append(Resolved(text, base.chain + path.chain, base.is_exact and path.is_exact))
    return joined or paths


def read_target(draft: Draft, address: Resolved, environment: str | None = None) -> Target:
    """Whom one address reaches when it is used in that environment."""
    text = str(address.value)
    match = _URL.match(text) or (_PAIR.match(text) if not text.startswith("/") else None)
    if match is None:
        return Target(NOWHERE.name, "unknown", text, NOWHERE.host, text if text.startswith("/") else NOWHERE.path)
    host, port, rest = match["host"].strip("[]").lower(), match["port"], match["rest"] or "/"
    path = rest.split("?")[0].split("#")[0] or "/"
    if not host or HOLE in host or "$" in host or host.startswith("{"):
        return Target(NOWHERE.name, "unknown", text, Unknown("its host is not known"), path, False, address.chain)
    shown = f"{host}:{port}" if port and port.isdigit() else host
    if _LOOPBACK.fullmatch(host):
        return Target(shown, "unknown", text, host, path, True, address.chain)
    if host in _METADATA:
        return Target(shown, "infrastructure", text, host, path, False, address.chain)
    service = service_of_host(draft, host, environment)
    if service is not None:
        return Target(service[0], service[1], text, host, path, False, address.chain)
    kind = (
        "external" if "." in host and not _CLUSTER_SUFFIX.search(host) and not _DOCKER_HOST.search(host) else "unknown"
    )
    return Target(shown, kind, text, host, path, False, address.chain)


def service_of_host(draft: Draft, host: str, environment: str | None = None) -> tuple[str, str] | None:
    """The service or infrastructure behind a host name of the system: its name and kind. What the environment itself
    defines comes first: two environments may give one name to different services."""
    hosts = draft.memo.get("hosts")
    if not isinstance(hosts, dict):
        hosts = draft.memo["hosts"] = _hosts(draft)
    names = [host]
    if _CLUSTER_SUFFIX.search(host):
        names.append(_CLUSTER_SUFFIX.sub("", host).split(".")[0])
    elif host.count(".") == 1 and host.partition(".")[2] in _namespaces(draft):
        names.append(host.partition(".")[0])
    for name in names:
        found: tuple[str, str] | None = hosts.get((environment, name)) or hosts.get((None, name))
        if found is not None:
            return found
    return None


def _hosts(draft: Draft) -> dict[tuple[str | None, str], tuple[str, str]]:
    """What is behind each host: by environment and name, and by name alone."""
    hosts: dict[tuple[str | None, str], tuple[str, str]] = {}
    for network in draft.network_services:
        services = sorted({one.service for one in network.workloads if one.service is not None})
        if services:
            behind = (services[0], "service")
        elif network.workloads:
            behind = (network.workloads[0].name, "infrastructure")
        else:
            behind = (network.name, "unknown")
        for host in network.hosts:
            for environment in (network.environment, None):
                before = hosts.get((environment, host.lower()))
                if before is None or (before[1] != "service" and behind[1] == "service"):
                    hosts[(environment, host.lower())] = behind
    for service in draft.services:
        for alias in (service.name, service.name.replace("_", "-")):
            hosts.setdefault((None, alias.lower()), (service.name, "service"))
    return hosts


def _namespaces(draft: Draft) -> frozenset[str]:
    found = draft.memo.get("namespaces")
    if not isinstance(found, frozenset):
        found = draft.memo["namespaces"] = frozenset(
            one.namespace for one in draft.network_services if one.namespace is not None
        )
    return found
