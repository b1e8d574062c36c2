"""gRPC stub calls, their targets and deadlines.

In: the production Python of each service and the protos of the workspace. Out: one ``GrpcCall`` a place and service. A
deadline may be given by the call, a client interceptor, the channel's service config, or the mesh; an interceptor or
options that are not read make it UNKNOWN.
"""

from __future__ import annotations

from archlint.core.facts.documents import ProtoFile
from archlint.core.facts.python import Argument, Reference
from archlint.core.system.calls import GrpcCall, Route
from archlint.core.values import Place, Setting, Truth, Unknown
from archlint.model.code.calls.bounds import bound_around, waited_for
from archlint.model.code.calls.channels import Channel, channel_deadline, channel_of
from archlint.model.code.calls.grpc_uses import STUB, StubUse, uses_in
from archlint.model.code.calls.keywords import passed_on
from archlint.model.code.calls.targets import NOWHERE, Target, targets_of
from archlint.model.code.calls.timeouts import Timeout, combined, timeout_of
from archlint.model.code.calls.ways import Way, ways_of
from archlint.model.code.objects import member_of
from archlint.model.code.scope import CodeScope, code_scope
from archlint.model.deployment.mesh_timeouts import mesh_timeout
from archlint.model.draft import Draft


def add_grpc_calls(draft: Draft) -> None:
    """Add the gRPC calls of all services."""
    scope = code_scope(draft)
    streams = _streams(draft)
    for module in scope.modules():
        waited = waited_for(module)
        for use in uses_in(draft, module):
            for service in scope.services_running(use.call, use.module):
                bound = waited.get(use.index) if use.index is not None else None
                draft.add(*_calls(draft, scope, service, use, streams, bound))


def _calls(
    draft: Draft,
    scope: CodeScope,
    service: str,
    use: StubUse,
    streams: dict[tuple[str, str], bool],
    waited: Argument | None,
) -> list[GrpcCall]:
    """The calls that a place makes in one service, each once: a client class may be made for several addresses."""
    channel = None
    if use.stub is not None:
        argument = use.stub[0].argument("channel", 0)
        channel = channel_of(draft, argument.value, use.stub[1]) if argument is not None else None
    mattering = [use.call.callee, *(one.value for one in use.call.arguments if one.name is not None)]
    function = use.module.function(use.call.function)
    found: dict[object, GrpcCall] = {}
    ways = [use.way] if use.way is not None else []
    for way in ways or ways_of(draft, function, use.module, mattering, lambda home: service in scope.owners(home)):
        timeout = _deadline(draft, use, way)
        if timeout is None:
            timeout = bound_around(draft, use.call, use.module, waited, way)
        if timeout is None:
            timeout = channel_deadline(draft, channel, use.service, use.rpc)
        address = channel.address if channel is not None else None
        targets = (
            targets_of(draft, service, address.value, channel.module, way.given) if address and channel else [NOWHERE]
        )
        for target in targets:
            held = timeout
            if held is None and isinstance(target.host, str):
                held = mesh_timeout(draft, target.host)
            one = _subject(draft, service, use, streams, channel, target, held, way.chain)
            seconds = held.value if isinstance(held, Setting) else "open" if held is None else "unknown"
            found.setdefault((one.target, seconds), one)
    return list(found.values())


def _subject(
    draft: Draft,
    service: str,
    use: StubUse,
    streams: dict[tuple[str, str], bool],
    channel: Channel | None,
    target: Target,
    timeout: Timeout,
    chain: tuple[Place, ...],
) -> GrpcCall:
    if target.name == NOWHERE.name and isinstance(target.url, Unknown):
        target = NOWHERE
    callee, kind = target.name if target.name != NOWHERE.name else use.service, target.kind
    if kind == "unknown" and isinstance(target.host, Unknown):
        server = _only_server(draft, service, use.service)
        callee, kind = (server, "service") if server is not None else (callee, kind)
    function = use.module.facts.functions[use.call.function].name if use.call.function is not None else ""
    return GrpcCall(
        at=use.call.at,
        name=f"{use.service}/{use.rpc}",
        key=f"{service} {function.rpartition('.')[2]} {use.service}/{use.rpc}",
        service=service,
        library="grpc",
        target=callee,
        target_kind=kind,
        timeout=timeout,
        is_loopback=target.is_loopback,
        is_internal=target.is_internal,
        is_long=_is_stream(use, streams),
        function=function,
        related=(*chain, *(one for one in target.chain if one not in chain)),
        address=target.chain,
        rpc=use.rpc,
        rpc_service=use.service,
        streaming=_is_stream(use, streams),
        is_secure=channel.is_secure if channel is not None else Unknown("its channel is not known"),
        channel_at=channel.made.at if channel is not None else None,
    )


def _only_server(draft: Draft, caller: str, rpc_service: str) -> str | None:
    """The one service of the system that serves an rpc service: it is meant where the channel's address is not
    resolved."""
    known = draft.memo.get("rpc servers")
    index: dict[str, set[str]] = known if isinstance(known, dict) else {}
    if known is None:
        for route in draft.select(Route):
            if route.protocol == "grpc" and route.kind == "business" and isinstance(route.path, str):
                served = route.path.strip("/").partition("/")[0].rpartition(".")[2]
                index.setdefault(served, set()).add(route.service)
        draft.memo["rpc servers"] = index
    found = index.get(rpc_service, set())
    return next(iter(found)) if len(found) == 1 and caller not in found else None


def _deadline(draft: Draft, use: StubUse, way: Way) -> Timeout:
    """The deadline among the call's own arguments, or those of the stub where betterproto's takes one."""
    for call, module in ((use.call, use.module), use.stub or (use.call, use.module)):
        for name, position in (("timeout", 1 if call is use.call else None), ("deadline", None)):
            argument = call.argument(name, position)
            if argument is not None:
                found = timeout_of(draft, argument.value, module, argument.at, way=way)
                if found is not None or name == "timeout":
                    return found if name == "timeout" else Unknown("a point in time")
        if any(one.name == "*" for one in call.arguments):
            return Unknown("arguments that are not all seen")
        given, is_open, _ = passed_on(draft, "timeout", call, module, way)
        if given or is_open:
            return combined(
                [timeout_of(draft, one.value, one.module, one.at or call.at, way=way) for one in given], is_open
            )
    return None


def _is_stream(use: StubUse, streams: dict[tuple[str, str], bool]) -> Truth:
    known = streams.get((use.service, use.rpc))
    if known is not None:
        return known
    if use.call.loop is not None and use.call.loop.at == use.call.at:
        return True
    for other in use.module.facts.calls:
        loop = other.loop
        if loop is not None and loop.at.covers(use.call.at.line) and loop.at.line == use.call.at.line:
            return Unknown("its proto is not in the scan, and its answers are iterated over")
    return False


def _streams(draft: Draft) -> dict[tuple[str, str], bool]:
    """Whether each rpc answers with a stream, from protos, else from generated stubs."""
    found: dict[tuple[str, str], bool] = {}
    for module in draft.program.modules.values():
        if not module.path.endswith(("_grpc.py", "_pb2_grpc.py")):
            continue
        for assignment in module.facts.assignments:
            target = assignment.target
            if not isinstance(target, Reference):
                continue
            owner, _, rpc = target.name.rpartition(".")
            match = STUB.search(owner)
            origin = draft.program.origin(assignment.value, module) if match is not None else None
            if match is not None and origin is not None:
                kind = member_of(origin[0].callee)
                if kind in ("unary_stream", "stream_stream", "unary_unary", "stream_unary"):
                    found[(match[1], rpc)] = kind.endswith("_stream")
    for file in draft.index.of(ProtoFile):
        for service in file.services:
            for method in service.methods:
                found[(service.name, method.name)] = method.server_streaming
    return found
