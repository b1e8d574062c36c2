"""gRPC servicers: which rpcs a service registers on its server."""

from __future__ import annotations

from archlint.core.facts.documents import ProtoFile
from archlint.core.record import pattern
from archlint.core.values import Unknown
from archlint.model.code.objects import class_named, class_of, member_of, methods_of
from archlint.model.code.serving.found import Found, Served
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_ADD = pattern(r"add_(\w+?)Servicer_to_server$")


def read_servicers(draft: Draft, served: Served, module: Module) -> None:
    """Take in the servicers that one module registers."""
    for call in module.calls_named({name for name in module.called if name.startswith("add_")}):
        match = _ADD.match(member_of(call.callee))
        if match is None or not call.arguments:
            continue
        served.frameworks.setdefault("grpc", call.at)
        name = match[1]
        if name in ("Health", "ServerReflection"):
            kind, full = ("health", "grpc.health.v1.Health/Check") if name == "Health" else ("docs", name)
            served.routes.append(Found(call.at, f"/{full}", (), name, "grpc", None, kind, "grpc"))
            continue
        implementation = class_of(draft, call.arguments[0].value, module)
        package, rpcs = proto_service(draft, name)
        if class_named(draft, implementation) is None:
            path = Unknown(f"the servicer of {name} is not read")
            served.routes.append(Found(call.at, path, (), name, "grpc", None, None, "grpc"))
            continue
        prefix = f"/{package}.{name}/" if package else f"/{name}/"
        for method, (function, home) in sorted(methods_of(draft, implementation).items()):
            if function.name.startswith("?") or method.startswith("_") or (rpcs and method not in rpcs):
                continue
            if rpcs or (len(function.parameters) == 3 and method[0].isupper()):
                found = Found(
                    function.at, prefix + method, (), function.name, "grpc", None, None, "grpc", call, home, function
                )
                served.routes.append(found)


def proto_service(draft: Draft, name: str) -> tuple[str | None, frozenset[str]]:
    """The package and rpcs of the proto service of that simple name; None and nothing where several differ or none is
    in the scan."""
    known = draft.memo.get("proto services")
    index: dict[str, set[tuple[str, frozenset[str]]]] = known if isinstance(known, dict) else {}
    if known is None:
        for file in draft.index.of(ProtoFile):
            for service in file.services:
                rpcs = frozenset(one.name for one in service.methods)
                index.setdefault(service.name, set()).add((file.package, rpcs))
        draft.memo["proto services"] = index
    found = index.get(name, set())
    packages = {package for package, _ in found}
    if len(packages) != 1:
        return None, frozenset()
    return packages.pop(), frozenset(rpc for _, rpcs in found for rpc in rpcs)
