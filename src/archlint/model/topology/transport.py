"""How the calls from one service to another travel: in the clear, over TLS, or inside a mesh that encrypts them.

In: dependencies, the channels and URLs of their calls, manifests, gRPC listeners. Out: one ``Transport`` for each
caller and callee: at the client's channel or URL where its code is read, else at the configured URL or the callee's
open listener. A mesh counts with evidence over both ends: sidecars, or the mesh's own resources.
"""

from __future__ import annotations

from collections.abc import Sequence

from archlint.core import tree
from archlint.core.facts.documents import KubernetesObject
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.system.calls import AddressReference, Dependency, GrpcCall, HttpCall, RemoteCall, Transport
from archlint.core.system.services import Service
from archlint.core.values import Place, Truth, Unknown
from archlint.model.code.scope import code_scope
from archlint.model.deployment.environments import deployed
from archlint.model.draft import Draft
from archlint.model.paths import names
from archlint.model.target_lines import target_line

_MESH_GROUPS = names(
    "networking.istio.io security.istio.io linkerd.io policy.linkerd.io consul.hashicorp.com kuma.io appmesh.k8s.aws "
    "specs.smi-spec.io split.smi-spec.io access.smi-spec.io"
)
_ENCRYPTS = names("PeerAuthentication ServiceProfile MeshTLSAuthentication")
_INGRESS_ONLY = names("VirtualService Gateway ServiceEntry WasmPlugin EnvoyFilter Telemetry")
_OF_BROWSER = pattern(r"(?:VITE|REACT_APP|NEXT_PUBLIC|NUXT_PUBLIC|VUE_APP|GATSBY|EXPO_PUBLIC|PUBLIC)_")
"""Variables that a bundler writes into what a browser runs: no service calls those addresses."""
_MOST_RELATED = 12


def add_transports(draft: Draft) -> None:
    """Add the transports between the services of the system."""
    meshes = _Meshes(draft)
    read: set[tuple[str, str]] = set()
    for dependency in draft.select(Dependency):
        if dependency.target_kind == "service":
            read.add((dependency.service, dependency.target))
            found = _of_calls(draft, dependency, meshes)
            if found is not None:
                draft.add(found)
    for one in _of_configuration(draft, meshes, read):
        draft.add(one)


def _of_calls(draft: Draft, dependency: Dependency, meshes: _Meshes) -> Transport | None:
    calls = [one for one in dependency.calls if isinstance(one, HttpCall | GrpcCall)]
    if not calls:
        return None
    states = [(_is_plaintext(draft, one), one) for one in calls]
    plaintext: Truth = False
    first: RemoteCall = calls[0]
    for state, call in states:
        if state is True:
            plaintext, first = True, call
            break
        if isinstance(state, Unknown) and plaintext is False:
            plaintext, first = state, call
    same = [one for state, one in states if state is plaintext or state == plaintext]
    places = [Place(one.at, f"calls {one.name}" if " " not in one.name else one.name) for one in same[:_MOST_RELATED]]
    return Transport(
        at=_client_at(draft, first),
        name=f"{dependency.service} -> {dependency.target}",
        key=f"{dependency.service} -> {dependency.target}",
        service=dependency.service,
        target=dependency.target,
        protocol="gRPC" if isinstance(first, GrpcCall) else "HTTP",
        is_plaintext=plaintext,
        is_meshed=meshes.over(dependency.service, dependency.target),
        related=tuple(dict.fromkeys([*places, *first.related])),
    )


def _client_at(draft: Draft, call: RemoteCall) -> Span:
    if isinstance(call, GrpcCall) and call.channel_at is not None:
        return call.channel_at
    return target_line(draft, call)


def _is_plaintext(draft: Draft, call: HttpCall | GrpcCall) -> Truth:
    if isinstance(call, GrpcCall):
        return call.is_secure if isinstance(call.is_secure, Unknown) else not call.is_secure
    if isinstance(call.url, Unknown):
        return Unknown("its URL is not resolved")
    scheme, separator, _ = call.url.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return Unknown("its URL says no scheme")
    if scheme.lower() == "https":
        return False
    if call.address and _is_development(draft, call.address[-1].at.path):
        return Unknown("its address is known for development only")
    return True


def _is_development(draft: Draft, path: str) -> bool:
    known = draft.memo.get("development files")
    if not isinstance(known, frozenset):
        states: dict[str, bool] = {}
        for container in draft.containers:
            for variable in container.variables:
                if container.service is not None:
                    place = variable.at.path
                    states[place] = states.get(place, False) or container.is_production
        known = draft.memo["development files"] = frozenset(one for one, productive in states.items() if not productive)
    return path in known and not path.endswith(".py")


class _Meshes:
    """Whether a mesh encrypts what goes between two services."""

    def __init__(self, draft: Draft) -> None:
        self._states: dict[str, dict[str, bool]] = {}
        for workload in draft.workloads:
            if workload.service is not None:
                state = self._states.setdefault(workload.environment, {})
                state[workload.service] = state.get(workload.service, True) and workload.is_meshed is True
        self._resources = {one.environment.name: _evidence(one.objects) for one in deployed(draft)}

    def over(self, service: str, target: str) -> Truth:
        """Whether any environment that deploys both has a mesh over both."""
        known: list[Truth] = [
            True if state[service] and state[target] else self._resources.get(name, False)
            for name, state in self._states.items()
            if service in state and target in state
        ]
        if any(one is True for one in known):
            return True
        return next((one for one in known if isinstance(one, Unknown)), False)


def _evidence(objects: Sequence[KubernetesObject]) -> Truth:
    """What the mesh's own resources say. Routes of an ingress gateway alone tell of no sidecars."""
    found: Truth = False
    for one in objects:
        if one.api_version.partition("/")[0] not in _MESH_GROUPS:
            continue
        if one.kind in _ENCRYPTS:
            if tree.text(one.tree, "spec", "mtls", "mode") != "DISABLE":
                return True
        elif one.kind == "DestinationRule" and _mutual(one):
            return True
        elif one.kind not in _INGRESS_ONLY or (one.kind == "VirtualService" and not _of_gateway(one)):
            found = Unknown("a mesh whose sidecars are not seen")
    return found


def _mutual(rule: KubernetesObject) -> bool:
    return tree.text(rule.tree, "spec", "trafficPolicy", "tls", "mode") in ("ISTIO_MUTUAL", "MUTUAL")


def _of_gateway(one: KubernetesObject) -> bool:
    gateways = [tree.text(item) for item in tree.items(one.tree, "spec", "gateways")]
    return bool(gateways) and "mesh" not in gateways


def _of_configuration(draft: Draft, meshes: _Meshes, read: set[tuple[str, str]]) -> list[Transport]:
    """Transports of callers whose code is not read, to callees whose code is."""
    services = {one.name: one for one in draft.services}
    listeners = _open_listeners(draft)
    found: dict[tuple[str, str], Transport] = {}
    for one in draft.select(AddressReference):
        if one.service is None or one.target is None or one.is_call_target is not True or one.source == "route":
            continue
        if not one.is_production or _OF_BROWSER.match(one.name):
            continue
        caller, callee = services.get(one.service), services.get(one.target)
        pair = (one.service, one.target)
        if caller is None or callee is None or pair in read or pair in found or not _tells(caller, callee):
            continue
        listener = listeners.get(one.target)
        if one.scheme == "http":
            at, protocol = one.at, "HTTP"
        elif one.scheme is None and listener is not None:
            at, protocol = listener, "gRPC"
        else:
            continue
        places = [
            Place(one.at, f"{one.service} is told the address"),
            *([Place(listener, "listens")] if listener else []),
        ]
        found[pair] = Transport(
            at=at,
            name=f"{one.service} -> {one.target}",
            key=f"{one.service} -> {one.target}",
            service=one.service,
            target=one.target,
            protocol=protocol,
            is_plaintext=True,
            is_meshed=meshes.over(one.service, one.target),
            related=tuple(place for place in places if place.at != at),
        )
    return [found[pair] for pair in sorted(found)]


def _tells(caller: Service, callee: Service) -> bool:
    """Whether an address in the caller's configuration says enough: its source is here, but in a language that is not
    read, and it is a service that calls the other one for others."""
    return (
        not caller.is_read
        and caller.directory is not None
        and bool(caller.languages)
        and caller.role not in ("test-tool", "job", "library")
        and callee.is_read
        and caller.name != callee.name
    )


def _open_listeners(draft: Draft) -> dict[str, Span]:
    """Where each service opens a gRPC port without TLS."""
    scope = code_scope(draft)
    found: dict[str, Span] = {}
    for module in scope.modules():
        for call in module.calls_named({"add_insecure_port"}):
            for service in scope.services_running(call, module):
                found.setdefault(service, call.at)
    return found
