"""Retries and circuit breakers that the mesh or a proxy gives, by the host that requests lead to.

In: VirtualServices, HTTPRoutes, DestinationRules, Linkerd ServiceProfiles, traffic policies of other meshes, and the
configuration of Envoy. Out: the setting of a host, None where nothing of the scan gives one. Istio's implicit default
retry never counts; ``attempts: 0`` switches retries off.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core import tree
from archlint.core.facts.documents import ConfigValue, KubernetesObject
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.draft import Draft

_POLICIES = {
    "CiliumClusterwideEnvoyConfig": "both",
    "CiliumEnvoyConfig": "both",
    "EnvoyFilter": "both",
    "BackendTrafficPolicy": "both",
    "TrafficPolicy": "both",
    "Resiliency": "both",
    "RetryPolicy": "retry",
    "MeshRetry": "retry",
    "MeshCircuitBreaker": "breaker",
    "CircuitBreaker": "breaker",
    "ServiceResolver": "retry",
    "ServiceRouter": "retry",
    "UpstreamTrafficSetting": "breaker",
}
"""Policies of other meshes: whom they hold for is not read, so that what they may give is unknown."""

_IN_CLUSTER = pattern(r"[^.]+(?:\.[^.]+)?|[^.]+\.[^.]+\.svc(?:\.cluster\.local)?")
_SAYS = {"retry": ("retr",), "breaker": ("outlier", "circuit")}
"""What an entry of a policy is called that gives one."""

Given = Setting[str] | None | Unknown


def mesh_retry(draft: Draft, host: str) -> Given:
    """What retries requests to a host."""
    return _of(draft, "retry", host)


def mesh_breaker(draft: Draft, host: str) -> Given:
    """What breaks the circuit to a host."""
    return _of(draft, "breaker", host)


def _of(draft: Draft, what: str, host: str) -> Given:
    found = draft.memo.get("mesh resilience")
    if not isinstance(found, dict):
        found = draft.memo["mesh resilience"] = _read(draft)
    settings: dict[str, Given] = found[what]
    names = [host]
    if _IN_CLUSTER.fullmatch(host):
        names += [host.split(".", maxsplit=1)[0], "*"]
    return next((settings[name] for name in names if name in settings), None)


def _read(draft: Draft) -> dict[str, dict[str, Given]]:
    found: dict[str, dict[str, Given]] = {"retry": {}, "breaker": {}}
    for one in draft.index.of(KubernetesObject):
        if one.kind == "VirtualService":
            for host, at in _retried_routes(one.tree):
                _put(found["retry"], host, Setting("the mesh", "mesh", at))
        elif one.kind == "DestinationRule":
            node = _outlier_detection(one.tree)
            named = tree.text(one.tree, "spec", "host")
            if node is not None and named:
                _put(found["breaker"], named, Setting("outlier detection", "mesh", node))
        elif one.kind in ("HTTPRoute", "GRPCRoute"):
            for host, at in _route_retries(one.tree):
                _put(found["retry"], host, Setting("the mesh", "mesh", at))
        elif one.kind == "ServiceProfile":
            routes = tree.items(one.tree, "spec", "routes")
            retried = [tree.get(route, "isRetryable") for route in routes if tree.value(route, "isRetryable") is True]
            given = next((node.at for node in retried if node is not None), None)
            if given is not None:
                _put(found["retry"], one.name, Setting("Linkerd", "mesh", given))
        elif one.kind == "Service":
            _annotated(one, found)
        elif one.kind in _POLICIES:
            kinds = ("retry", "breaker") if _POLICIES[one.kind] == "both" else (_POLICIES[one.kind],)
            for kind in kinds:
                if _speaks_of(one, kind):
                    found[kind].setdefault("*", Unknown(f"a {one.kind} may give it"))
    _read_envoy(draft, found)
    return found


def _speaks_of(policy: KubernetesObject, what: str) -> bool:
    if _POLICIES[policy.kind] != "both":
        return True
    words = _SAYS[what]
    return any(
        isinstance(path[-1], str) and any(word in path[-1].lower() for word in words)
        for path, _ in tree.walk(policy.tree)
        if path
    )


def _read_envoy(draft: Draft, found: dict[str, dict[str, Given]]) -> None:
    """The clusters and routes of Envoy's own configuration, by the hosts of their endpoints."""
    values: dict[str, list[ConfigValue]] = {}
    marked: set[str] = set()
    for one in draft.index.of(ConfigValue):
        if ".clusters." in one.key or ".route." in one.key:
            values.setdefault(one.at.path, []).append(one)
            if ".outlier_detection." in one.key or ".retry_policy." in one.key:
                marked.add(one.at.path)
    for path in sorted(marked):
        hosts: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for one in values[path]:
            prefix, _, rest = one.key.partition(".load_assignment.")
            if rest.endswith("socket_address.address"):
                hosts.setdefault(prefix, []).append(str(one.value))
            elif one.key.endswith((".name", ".route.cluster")):
                names[one.key.rpartition(".")[0]] = str(one.value)
        clusters = {names[prefix]: found_hosts for prefix, found_hosts in hosts.items() if prefix in names}
        for one in values[path]:
            prefix, _, rest = one.key.partition(".outlier_detection.")
            if rest:
                for host in hosts.get(prefix, ()):
                    _put(found["breaker"], host, Setting("Envoy's outlier detection", "mesh", one.at))
            prefix, _, rest = one.key.partition(".retry_policy.")
            if rest and prefix in names:
                for host in clusters.get(names[prefix], ()):
                    _put(found["retry"], host, Setting("Envoy", "mesh", one.at))


def _put(settings: dict[str, Given], host: str, setting: Setting[str]) -> None:
    if host.startswith("*"):
        settings["*"] = setting
        return
    settings[host] = setting
    settings[host.split(".", maxsplit=1)[0]] = setting


def _retried_routes(root: tree.Node) -> Iterator[tuple[str, Span]]:
    gateways = [tree.text(one) for one in tree.items(root, "spec", "gateways")]
    if gateways and "mesh" not in gateways:
        return  # it holds for what comes in through the gateway alone
    for route in tree.items(root, "spec", "http"):
        node = tree.get(route, "retries")
        if node is None or tree.text(route, "retries", "attempts") == "0":
            continue
        for host in tree.items(root, "spec", "hosts"):
            name = tree.text(host)
            if name:
                yield name, node.at
        for destination in tree.items(route, "route"):
            name = tree.text(destination, "destination", "host")
            if name:
                yield name, node.at


def _outlier_detection(root: tree.Node) -> Span | None:
    node = tree.get(root, "spec", "trafficPolicy", "outlierDetection")
    if node is not None:
        return node.at
    for part in (*tree.items(root, "spec", "trafficPolicy", "portLevelSettings"), *tree.items(root, "spec", "subsets")):
        node = tree.get(part, "outlierDetection") or tree.get(part, "trafficPolicy", "outlierDetection")
        if node is not None:
            return node.at
    return None


def _route_retries(root: tree.Node) -> Iterator[tuple[str, Span]]:
    for rule in tree.items(root, "spec", "rules"):
        node = tree.get(rule, "retry")
        if node is None:
            continue
        for backend in tree.items(rule, "backendRefs"):
            name = tree.text(backend, "name")
            if name:
                yield name, node.at


def _annotated(one: KubernetesObject, found: dict[str, dict[str, Given]]) -> None:
    """Linkerd's annotations of a Service: ``retry.linkerd.io/http`` and ``balancer.linkerd.io/failure-accrual``."""
    for entry in tree.entries(one.tree, "metadata", "annotations"):
        if entry.key.startswith("retry.linkerd.io/"):
            _put(found["retry"], one.name, Setting("Linkerd", "mesh", entry.at))
        elif entry.key == "balancer.linkerd.io/failure-accrual":
            _put(found["breaker"], one.name, Setting("Linkerd", "mesh", entry.at))
