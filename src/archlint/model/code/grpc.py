"""gRPC stub calls, their targets and deadlines.

In: the production Python of each service and the protos of the workspace. Out: one ``GrpcCall`` a place and service. A
deadline may be given by the call, a client interceptor, the channel's service config, or the mesh; an interceptor or
options that are not read make it UNKNOWN.
"""

from __future__ import annotations

from archlint.core.facts.documents import ProtoFile
from archlint.core.facts.python import Argument, Dictionary, Expression, Literal, PythonCall, Reference
from archlint.core.record import dataclass, pattern
from archlint.core.system.calls import GrpcCall
from archlint.core.values import Truth, Unknown
from archlint.model.code.channels import channel_deadline, channel_of
from archlint.model.code.objects import base_of, member_of
from archlint.model.code.scope import assigned_value, code_scope
from archlint.model.code.targets import NOWHERE, target_of
from archlint.model.code.timeouts import Timeout, timeout_of
from archlint.model.deployment.mesh_timeouts import mesh_timeout
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_STUB = pattern(r"(?:^|\.)(\w+?)(?:Async)?Stub$")
_INVOCATIONS = frozenset({"future", "with_call"})


@dataclass(frozen=True)
class StubUse:
    """A call of a stub's method. ``stub`` made it, None where that is not known."""

    call: PythonCall
    module: Module
    service: str
    rpc: str
    stub: tuple[PythonCall, Module] | None


def add_grpc_calls(draft: Draft) -> None:
    """Add the gRPC calls of all services."""
    scope = code_scope(draft)
    streams = _streams(draft)
    for module in scope.modules():
        rpcs = {name for name in module.called if name in _INVOCATIONS or _may_be_rpc(draft, name)}
        for call in module.calls_named(rpcs):
            use = _use(draft, call, module)
            if use is None:
                continue
            for service in scope.services_running(call, module):
                draft.add(_subject(draft, service, use, streams))


def _subject(draft: Draft, service: str, use: StubUse, streams: dict[tuple[str, str], bool]) -> GrpcCall:
    channel = None
    if use.stub is not None:
        argument = use.stub[0].argument("channel", 0)
        channel = channel_of(draft, argument.value, use.stub[1]) if argument is not None else None
    address = channel.address if channel is not None else None
    target = target_of(draft, service, address.value, channel.module) if address and channel else NOWHERE
    if target.name == NOWHERE.name and isinstance(target.url, Unknown):
        target = NOWHERE
    timeout = _deadline(draft, use)
    if timeout is None:
        timeout = channel_deadline(draft, channel, use.service, use.rpc)
    if timeout is None and isinstance(target.host, str):
        timeout = mesh_timeout(draft, target.host)
    callee = target.name if target.name != NOWHERE.name else use.service
    function = use.module.facts.functions[use.call.function].name if use.call.function is not None else ""
    return GrpcCall(
        at=use.call.at,
        name=f"{use.service}/{use.rpc}",
        key=f"{service} {function.rpartition('.')[2]} {use.service}/{use.rpc}",
        service=service,
        library="grpc",
        target=callee,
        target_kind=target.kind,
        timeout=timeout,
        is_loopback=target.is_loopback,
        is_internal=target.is_internal,
        is_long=_is_stream(use, streams),
        function=function,
        related=target.chain,
        rpc=use.rpc,
        rpc_service=use.service,
        streaming=_is_stream(use, streams),
        is_secure=channel.is_secure if channel is not None else Unknown("its channel is not known"),
        channel_at=channel.made.at if channel is not None else None,
    )


def _use(draft: Draft, call: PythonCall, module: Module) -> StubUse | None:
    callee: Expression | None = call.callee
    member = member_of(call.callee)
    if member in _INVOCATIONS:
        callee = base_of(call.callee)
        member = member_of(callee) if callee is not None else ""
    if not _may_be_rpc(draft, member):
        return None
    base = base_of(callee) if callee is not None else None
    if base is None:
        return None
    origin = draft.program.origin(base, module)
    name = draft.program.callee(*origin) if origin is not None else draft.program.qualify(base, module)
    match = _STUB.search(name)
    if match is None:
        return None
    return StubUse(call, module, match[1], member, origin)


def _may_be_rpc(draft: Draft, member: str) -> bool:
    return (member[:1].isupper() or member in _rpc_names(draft)) and not _STUB.search(member)


def _rpc_names(draft: Draft) -> frozenset[str]:
    found = draft.memo.get("rpc names")
    if not isinstance(found, frozenset):
        found = draft.memo["rpc names"] = frozenset(
            method.name
            for file in draft.index.of(ProtoFile)
            for service in file.services
            for method in service.methods
            if not method.name[:1].isupper()
        )
    return found


def _deadline(draft: Draft, use: StubUse) -> Timeout:
    """The deadline among the call's own arguments."""
    argument: Argument | None = use.call.argument("timeout", 1)
    if argument is not None:
        return timeout_of(draft, argument.value, use.module, argument.at)
    for one in use.call.arguments:
        if one.name == "*":
            return Unknown("arguments that are not all seen")
        if one.name == "**":
            value, module = one.value, use.module
            if isinstance(value, Reference):
                value, module = assigned_value(draft, value, module)
            if not isinstance(value, Dictionary):
                return Unknown("keyword arguments that are not all seen")
            for key, entry in value.entries:
                if not isinstance(key, Literal):
                    return Unknown("keyword arguments that are not all seen")
                if key.value == "timeout":
                    return timeout_of(draft, entry, module, one.at)
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
            match = _STUB.search(owner)
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
