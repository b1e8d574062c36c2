"""Which calls are gRPC stub calls: of grpcio's stubs, synchronous or not, of grpclib's and betterproto's.

In: the calls of one module, and the protos of the workspace. Out: a StubUse for each, also where the method is handed
to a thread or to a wrapper that calls it.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.documents import ProtoFile
from archlint.core.facts.python import Expression, Member, Parameter, PythonCall, Reference
from archlint.core.record import dataclass, pattern
from archlint.model.code.calls.handed import HANDED_ON, handed_arguments
from archlint.model.code.calls.ways import Way, way_through
from archlint.model.code.objects import base_of, member_of, methods_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

STUB = pattern(r"(?:^|\.)(\w+?)(?:Async)?Stub$")
_HUMP = pattern(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_INVOCATIONS = frozenset({"future", "with_call"})
_BETTERPROTO = ("betterproto.ServiceStub", "betterproto.grpc.grpclib_client.ServiceStub")
"""Stubs that take ``timeout`` and ``deadline`` when they are made and when they are called; none by default,
betterproto 1.2 and 2.0: ``betterproto/grpc/grpclib_client.py``. grpclib has none either: ``grpclib/client.py``."""


@dataclass(frozen=True)
class StubUse:
    """A call of a stub's method. ``stub`` made it, None where that is not known; ``index`` is the call's
    own, ``way`` the one way in which a wrapper makes it that is handed the method."""

    call: PythonCall
    module: Module
    service: str
    rpc: str
    stub: tuple[PythonCall, Module] | None
    index: int | None = None
    way: Way | None = None


def uses_in(draft: Draft, module: Module) -> Iterator[StubUse]:
    """The stub calls of a module: those that it makes, and those that it hands to others to make."""
    rpcs = {name for name in module.called if name in _INVOCATIONS or _may_be_rpc(draft, name)}
    for index in module.places_named(rpcs):
        use = _use(draft, module.facts.calls[index], module, index)
        if use is not None:
            yield use
    if any("grpc" in line.module or "grpc" in (line.name or "") for line in module.facts.imports):
        for call in module.facts.calls:
            for position, argument in enumerate(call.arguments):
                if isinstance(argument.value, Reference | Member) and _may_be_rpc(draft, member_of(argument.value)):
                    yield from _handed(draft, call, position, argument.value, module)


def _handed(draft: Draft, call: PythonCall, position: int, rpc: Expression, module: Module) -> Iterator[StubUse]:
    """A method of a stub that is handed on: to a thread, or to a wrapper of the workspace that calls it."""
    whose = _owner(draft, rpc, module)
    if whose is None:
        return
    service, member, stub = whose
    if member_of(call.callee) in HANDED_ON:
        direct = PythonCall(call.at, rpc, handed_arguments(call, position), call.function, call.loop)
        yield StubUse(direct, module, service, member, stub)
        return
    for function, home in draft.program.called_functions(call, module):
        way = way_through(draft, function, home, call, module)
        for name, given in way.given.items():
            if given[0] is not rpc:
                continue
            for inner in draft.program.calls_in(function, home):
                callee = inner.callee
                if isinstance(callee, Member) and callee.name in _INVOCATIONS:
                    callee = callee.base
                if isinstance(callee, Parameter) and (function.name, callee.name) == name:
                    yield StubUse(inner, home, service, member, stub, None, way)


def _use(draft: Draft, call: PythonCall, module: Module, index: int) -> StubUse | None:
    callee: Expression | None = call.callee
    member = member_of(call.callee)
    if member in _INVOCATIONS:
        callee = base_of(call.callee)
        member = member_of(callee) if callee is not None else ""
    whose = _owner(draft, callee, module) if _may_be_rpc(draft, member) and callee is not None else None
    return StubUse(call, module, whose[0], whose[1], whose[2], index) if whose is not None else None


def _owner(draft: Draft, rpc: Expression, module: Module) -> tuple[str, str, tuple[PythonCall, Module] | None] | None:
    """The service, the rpc and the call that made the stub, of a method of a stub."""
    base = base_of(rpc)
    if base is None:
        return None
    origin = draft.program.origin(base, module)
    name = draft.program.callee(*origin) if origin is not None else draft.program.qualify(base, module)
    match = STUB.search(name)
    member = member_of(rpc)
    return (match[1], _rpc_names(draft).get(member, member), origin) if match is not None else None


def _may_be_rpc(draft: Draft, member: str) -> bool:
    return (member[:1].isupper() or member in _rpc_names(draft)) and not STUB.search(member)


def _rpc_names(draft: Draft) -> dict[str, str]:
    """The rpcs whose methods in Python begin in lower case, by those: of protos, and of betterproto's stubs."""
    found = draft.memo.get("rpc names")
    if isinstance(found, dict):
        return found
    names: dict[str, str] = {}
    is_better = draft.program.uses("betterproto")
    for file in draft.index.of(ProtoFile):
        for service in file.services:
            for method in service.methods:
                if not method.name[:1].isupper():
                    names[method.name] = method.name
                elif is_better:
                    names[_HUMP.sub("_", method.name).lower()] = method.name
    if is_better:
        for base in _BETTERPROTO:
            for stub in draft.program.subclasses(base):
                for name in methods_of(draft, stub):
                    names.setdefault(name, "".join(word.capitalize() for word in name.split("_")))
    draft.memo["rpc names"] = names
    return names
